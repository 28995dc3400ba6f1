"""Sockets that know when time is up, under httpx's own transport.

httpx's timeouts are per socket operation: an answer whose header or body drips in byte by byte renews them for ever,
and a name server that does not answer is not timed at all. Here the "timeout" of every operation is a moment on the
monotonic clock, and each connect, handshake, write and read gets only what is left until then. So whoever sends a
request through `DeadlineBackend` puts moments, not durations, under `connect`, `read` and `write`.

The classes have the shape of httpcore's NetworkBackend and NetworkStream. Imports nothing of ours and no Django.
"""

import queue
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

SLICE = 4096
"""Bytes handed to the socket at once: few enough to go out in one or two sends, so that a reader that takes a byte at
a time cannot renew the time for ever."""

MOST_ADDRESSES = 4


class NotConnected(Exception):
    """No connection was made, so nothing of the request left us. kind: dns, connect, connect_timeout or tls."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(kind)


class Stream(Protocol):
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes: ...
    def write(self, buffer: bytes, timeout: float | None = None) -> None: ...
    def close(self) -> None: ...
    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> Any: ...
    def get_extra_info(self, info: str) -> Any: ...


class Backend(Protocol):
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> Any: ...


def left_s(moment: float | None) -> float:
    """Seconds until `moment`. Raises TimeoutError when it has passed, or when nobody set one."""
    left = (moment or 0.0) - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline has passed")
    return left


class DeadlineStream:
    def __init__(self, inner: Stream, connect_until: float) -> None:
        """connect_until: the moment by which a handshake must be done too."""
        self._inner, self._connect_until = inner, connect_until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, left_s(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), SLICE):
            self._inner.write(buffer[start : start + SLICE], left_s(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> "DeadlineStream":
        try:
            # Python's handshake takes its timeout as one for all its reads and writes together.
            left = left_s(min(timeout or 0.0, self._connect_until))
            return DeadlineStream(self._inner.start_tls(ssl_context, server_hostname, left), self._connect_until)
        except Exception:
            self._inner.close()
            raise NotConnected("tls") from None

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class DeadlineBackend:
    def __init__(self, inner: Backend, connect_s: Callable[[], float]) -> None:
        """connect_s: seconds for name, connection and handshake together, from when a connection is begun."""
        self._inner, self._connect_s = inner, connect_s

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> DeadlineStream:
        """Tries the addresses of `host` until one answers or time is up. timeout: a moment. Raises NotConnected."""
        until = min(timeout or 0.0, time.monotonic() + self._connect_s())
        addresses = resolve(host, port, until)[:MOST_ADDRESSES]
        for tried, address in enumerate(addresses):
            try:
                # A share each: an address that swallows everything must not keep the next one from its turn.
                share_s = left_s(until) / (len(addresses) - tried)
                inner = self._inner.connect_tcp(address, port, share_s, local_address, socket_options)
                return DeadlineStream(inner, until)
            except Exception:  # noqa: S112 - refused, unreachable or out of time: the kind is told below
                continue
        raise NotConnected("connect" if time.monotonic() < until else "connect_timeout")


def resolve(host: str, port: int, moment: float) -> list[str]:
    """Addresses of `host`, in the system's order. Raises NotConnected when there are none by `moment`.

    The system's resolver cannot be told how long it may take, hence the thread, which is left behind if it hangs.
    """
    answers: queue.SimpleQueue[list[str]] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put(list(dict.fromkeys(str(entry[4][0]) for entry in found)))
        except Exception:
            answers.put([])  # no such host, or no host name at all

    try:
        threading.Thread(target=ask, name="resolve", daemon=True).start()
        addresses = answers.get(timeout=left_s(moment))
    except (queue.Empty, TimeoutError, RuntimeError):
        raise NotConnected("dns") from None
    if not addresses:
        raise NotConnected("dns")
    return addresses
