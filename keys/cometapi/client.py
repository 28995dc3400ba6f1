"""The only way to CometAPI: one pool for the process, every call inside a deadline, every outcome one class of errors.

The pool comes first, then the one place where something is sent, then the client (its verbs are in `verbs`). httpx is
used without its `Client`: that one keeps cookies, for all teams alike, and logs whole URLs. Its transport does neither,
and follows no redirect.
"""

import logging
import os
import ssl
import time
from collections.abc import Callable
from functools import cache
from typing import Any, Protocol, TypeVar

import httpx
import structlog
from django.conf import settings

from keys.cometapi import limiter, record, wire
from keys.cometapi.body import BadBody, Body
from keys.cometapi.transport import DeadlineBackend, NotConnected
from keys.cometapi.verbs import PutAnswer, Verbs
from keys.errors import NotSent, Unclear, UpstreamError
from keys.types import Deadline, Fingerprinter, Lane

T = TypeVar("T")

__all__ = ["CometClient", "PutAnswer", "close_pool", "quiet_library_loggers"]

log = structlog.get_logger(__name__)

LIBRARY_LOGGERS = ("httpx", "httpcore", "hpack")
CONNECTIONS = httpx.Limits(max_connections=20, max_keepalive_connections=20, keepalive_expiry=10.0)


def quiet_library_loggers() -> None:
    """The library's INFO lines hold URLs with their query, its DEBUG lines headers: neither is ever to be seen."""
    for name in LIBRARY_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)


_pools: dict[int, httpx.HTTPTransport] = {}


def _pool() -> httpx.HTTPTransport:
    """This process's connections. Keyed by process: a socket inherited by fork belongs to the parent."""
    pool = _pools.get(os.getpid())
    return pool or _pools.setdefault(os.getpid(), _new_pool())


@cache
def _tls() -> ssl.SSLContext:
    """Read once: the authorities' certificates take longer than a call."""
    context = httpx.create_ssl_context(verify=True, trust_env=False)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Python takes it from the environment (SSLKEYLOGFILE), which is to have no say here; None switches it off.
    context.keylog_filename = None  # type: ignore[assignment]
    return context


def _new_pool() -> httpx.HTTPTransport:
    quiet_library_loggers()
    pool = httpx.HTTPTransport(verify=_tls(), trust_env=False, http2=False, retries=0, limits=CONNECTIONS)
    # The documented parameter `network_backend` is httpcore's; httpx has no way to hand it through.
    inner: Any = pool._pool
    inner._network_backend = DeadlineBackend(inner._network_backend, lambda: settings.WAITS.connect_s)
    return pool


def close_pool() -> None:
    """Closes this process's connections; the next call opens new ones."""
    pool = _pools.pop(os.getpid(), None)
    if pool:
        pool.close()


def _exchange(request: httpx.Request, deadline: Deadline) -> wire.Answer:
    """Sends once and takes the answer in. Raises NotSent or Unclear, without a trace of the library's exception.

    Sent once at most: with `retries=0` httpcore repeats a request only when the connection it was given turns out to be
    taken (ConnectionNotAvailable), which is found out before the first byte; a kept connection that dies while a
    request is written or awaited is an error, and here Unclear.
    """
    try:
        response = _pool().handle_request(request)
        try:
            return _taken_in(response, deadline)
        finally:
            response.close()
    except Exception as fault:
        failure = _classified(fault)
    # Outside the handler, so that no __context__ leads to the request with its headers.
    raise failure


def _taken_in(response: httpx.Response, deadline: Deadline) -> wire.Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    status = response.status_code
    if status < 200 or 300 <= status < 400 or status >= 500:
        return wire.Answer(status, headers, b"")  # the status says it all, and what follows may be of any size
    body = Body(headers.get("content-encoding", ""))
    try:
        for raw in response.iter_raw():
            body.feed(raw)
            if deadline.passed:
                raise TimeoutError("the deadline has passed")
    except httpx.RemoteProtocolError:
        raise BadBody("cut_body") from None
    return wire.Answer(status, headers, body.whole())


UNSENT: tuple[tuple[type[Exception], str], ...] = (
    (httpx.PoolTimeout, "pool"),
    (httpx.ConnectTimeout, "connect_timeout"),
    (httpx.ConnectError, "connect"),
    (httpx.UnsupportedProtocol, "bad_url"),
    (httpx.InvalidURL, "bad_url"),
)
UNCLEAR: tuple[tuple[type[Exception], str], ...] = (
    (httpx.TimeoutException, "timeout"),
    (TimeoutError, "timeout"),
    (httpx.NetworkError, "reset"),
    (OSError, "reset"),
)


def _classified(fault: Exception) -> UpstreamError:
    """Any exception of the library -> may upstream have changed? Maybe, unless nothing surely left us."""
    if isinstance(fault, NotConnected):
        return _unsent(fault.kind)
    for kind_of_fault, kind in UNSENT:
        if isinstance(fault, kind_of_fault):
            return _unsent(kind)
    if isinstance(fault, BadBody):
        return Unclear("CometAPI's answer could not be taken in.", kind=fault.kind)
    for kind_of_fault, kind in UNCLEAR:
        if isinstance(fault, kind_of_fault):
            return Unclear("CometAPI did not answer in time, or the connection broke.", kind=kind)
    closed = isinstance(fault, httpx.RemoteProtocolError) and "disconnected" in str(fault)
    return Unclear("CometAPI gave no answer that can be read.", kind="no_answer" if closed else "protocol")


def _unsent(kind: str) -> NotSent:
    return NotSent("CometAPI could not be reached. Nothing was sent.", kind=kind)


class Budget(Protocol):
    def take(self, lane: Lane, deadline: Deadline) -> None: ...
    def pause(self, seconds: float | None) -> None: ...


class CometClient(Verbs):
    """The management API as one access token sees it: the verbs, and what sends them."""

    def __init__(
        self,
        *,
        base_url: str,
        access_token: str,
        account_id: int | None = None,
        send_account_header: bool = False,
        lane: Lane = Lane.ORDINARY,
        limiter: Budget | None = None,
        fingerprint: Fingerprinter | None = None,
    ) -> None:
        """account_id: records of any other account are refused; None while it is not known yet. limiter: for tests.

        fingerprint: tells the secrets of the keys that are read again (`keys.fingerprints`), None to do without.
        access_token: "" for a client that makes public calls alone.
        """
        self._base_url, self._access_token = base_url.rstrip("/"), access_token
        self.account_id, self._send_account_header = account_id, send_account_header
        self._lane, self._limiter, self.fingerprint = lane, limiter, fingerprint

    def __repr__(self) -> str:
        return f"<CometClient {self._base_url} account={self.account_id} {self._lane}>"

    def _call(self, call: wire.Call, deadline: Deadline, read: Callable[[wire.Success], T]) -> T:
        def opened(answer: wire.Answer) -> T:
            return read(wire.opened(answer, now=time.time(), secret=self._access_token))

        return self.ask(call, deadline, opened)

    def ask(self, call: wire.Call, deadline: Deadline, read: Callable[[wire.Answer], T]) -> T:
        """One request and one line in the log, which holds nothing of headers, bodies, ids or query."""
        started, status, request_id, kind = time.monotonic(), None, "", "ok"
        try:
            answer = self._sent(call, deadline)
            status, request_id = answer.status, answer.request_id
            try:
                return read(answer)
            except record.OddRecord as odd:
                raise wire.odd(answer, str(odd), kind=odd.kind) from None
        except UpstreamError as fault:
            kind = fault.kind
            raise
        finally:
            ms = round((time.monotonic() - started) * 1000)
            names = {"method": call.method, "path": call.template, "http_status": status}
            log.info("upstream_call", **names, ms=ms, kind=kind, upstream_request_id=request_id)

    def _sent(self, call: wire.Call, deadline: Deadline) -> wire.Answer:
        request = self._request(call)
        budget = self._limiter or limiter.shared(request.url.netloc.decode("ascii"), *settings.COMETAPI_RATE)
        if call.budgeted:
            budget.take(self._lane, deadline)
        if deadline.passed:
            raise NotSent("There was no time left to ask CometAPI. Nothing was sent.", kind="deadline")
        # Moments, not durations: see keys.cometapi.transport. The pool alone is httpcore's own and waits for seconds.
        request.extensions["timeout"] = {
            "connect": deadline.at,
            "read": deadline.at,
            "write": deadline.at,
            "pool": deadline.left_s(),
        }
        answer = _exchange(request, deadline)
        if answer.status == 429 and call.budgeted:
            budget.pause(wire.retry_after_s(answer.headers.get("retry-after"), time.time()))
        return answer

    def _request(self, call: wire.Call) -> httpx.Request:
        """Raises NotSent for an address or an access token that cannot be sent."""
        token = self._access_token
        if call.public:
            token = ""
        elif not token or token.strip() != token or not (token.isascii() and token.isprintable()):
            raise NotSent("The access token holds characters that cannot be sent.", kind="bad_access_token")
        headers = wire.headers(call, token, self.account_id if self._send_account_header else None)
        try:
            url = httpx.URL(self._base_url + call.path + (f"?{call.query}" if call.query else ""))
            if url.scheme in ("http", "https") and url.host:
                return httpx.Request(call.method, url, headers=headers, content=call.body)
        except (httpx.InvalidURL, ValueError):
            pass  # said below, without the address
        raise NotSent("The address of CometAPI is not a valid one. Nothing was sent.", kind="bad_url")
