"""Every kind of answer, and what it says about the one question: may upstream have changed?"""

import gzip
import json
import zlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import respx

from keys.errors import AccessTokenRefused, NotSent, RateLimited, Refused, Unclear, UpstreamError
from tests.cometapi.support import BASE, SETTINGS, client, record, said, soon

pytestmark = pytest.mark.dbfree

URL = f"{BASE}/api/token/"
HTML = {"content-type": "text/html; charset=utf-8"}
NO = json.dumps({"success": False, "message": "token name is too long"})


def without(name: str) -> bytes:
    fields = record()
    del fields[name]
    return said(fields)


def answer(status: int = 200, content: bytes | str = b"", **headers: str) -> httpx.Response:
    return httpx.Response(status, headers={k.replace("_", "-"): v for k, v in headers.items()}, content=content)


ODD = (Unclear, "odd_answer", True)
ANSWERS: list[tuple[str, Any, tuple[type[UpstreamError], str, bool]]] = [
    ("empty", answer(), (Unclear, "empty", True)),
    ("blank", answer(200, " \n"), (Unclear, "empty", True)),
    ("204", answer(204), (Unclear, "empty", True)),
    ("202", answer(202, said(record())), (Unclear, "http_202", True)),
    ("html", answer(200, "<!doctype html><p>x", **HTML), (Unclear, "html", True)),
    ("html without its type", answer(200, "\n <html>"), (Unclear, "html", True)),
    ("not JSON", answer(200, "ok"), ODD),
    ("a list", answer(200, "[]"), ODD),
    ("null", answer(200, "null"), ODD),
    ("a string", answer(200, '"success"'), ODD),
    ("no success", answer(200, json.dumps({"message": "", "data": record()})), ODD),
    ("success 'true'", answer(200, said(record(), success="true")), ODD),
    ("success 1", answer(200, said(record(), success=1)), ODD),
    ("success null", answer(200, said(record(), success=None)), ODD),
    ("success 0", answer(200, said(record(), success=0)), ODD),
    ("success twice", answer(200, b'{"success":false,"success":true,"data":null}'), ODD),
    ("a name twice deep down", answer(200, b'{"success":true,"data":{"id":1,"id":1234}}'), ODD),
    ("NaN", answer(200, said(record(used_quota=float("nan")))), ODD),
    ("Infinity", answer(200, said(record(extra=float("-inf")))), ODD),
    ("1e999", answer(200, b'{"success":true,"x":1e999,"data":null}'), ODD),
    ("5,000 digits", answer(200, said(record()).replace(b"1234", b"9" * 5000)), ODD),
    ("65 bits", answer(200, said(record(used_quota=2**63))), ODD),
    ("a float", answer(200, said(record(remain_quota=100000.0))), ODD),
    ("a bool as an int", answer(200, said(record(status=True))), ODD),
    ("an int as a bool", answer(200, said(record(unlimited_quota=0))), ODD),
    ("a quoted number", answer(200, said(record(remain_quota="100000"))), ODD),
    ("a null text", answer(200, said(record(group=None))), ODD),
    ("a number as the secret", answer(200, said(record(key=7))), ODD),
    ("data a list", answer(200, said([record()])), ODD),
    ("data a text", answer(200, said("1234")), ODD),
    ("data empty", answer(200, said({})), ODD),
    ("nested too deeply", answer(200, b'{"success":true,"data":' + b"[" * 200_000), ODD),
    ("invalid UTF-8", answer(200, said(record(name="x")).replace(b'"x"', b'"\xff"')), ODD),
    ("a surrogate in UTF-8", answer(200, said(record(name="x")).replace(b'"x"', b'"\xed\xa0\x80"')), ODD),
    ("UTF-16", answer(200, said(record()).decode().encode("utf-16")), ODD),
    ("another charset", answer(200, said(record()), content_type="application/json; charset=latin-1"), ODD),
    ("another key", answer(200, said(record(id=1235))), (Unclear, "other_record", True)),
    ("another account's", answer(200, said(record(user_id=1))), (Unclear, "foreign_record", True)),
    ("too large", answer(200, said(record(extra="x" * 3_000_000))), (Unclear, "too_large", True)),
    ("301", answer(301, location="/api/token"), (Unclear, "redirect", True)),
    ("302", answer(302, location="http://elsewhere.invalid/"), (Unclear, "redirect", True)),
    ("304", answer(304), (Unclear, "redirect", True)),
    ("307", answer(307, location="http://[bad"), (Unclear, "redirect", True)),
    ("308", answer(308), (Unclear, "redirect", True)),
    ("400", answer(400, NO), (Refused, "http_400", False)),
    ("400 as a page", answer(400, "<p>", **HTML), (Refused, "http_400", False)),
    ("401", answer(401, NO), (AccessTokenRefused, "http_401", False)),
    ("401 as a page", answer(401, "<html>", **HTML), (AccessTokenRefused, "http_401", False)),
    ("403", answer(403), (AccessTokenRefused, "http_403", False)),
    ("404 as a page", answer(404, "<html>", **HTML), (Refused, "http_404", False)),
    ("404 in JSON that is no envelope", answer(404, '{"error":"x"}'), (Refused, "http_404", False)),
    ("408", answer(408), (Unclear, "http_408", True)),
    ("409", answer(409), (Refused, "http_409", False)),
    ("413", answer(413), (Refused, "http_413", False)),
    ("418 with a bad body", answer(418, "[" * 200_000), (Refused, "http_418", False)),
    ("429", answer(429), (RateLimited, "http_429", False)),
    ("500", answer(500, NO), (Unclear, "http_500", True)),
    ("502", answer(502, "<html>"), (Unclear, "http_502", True)),
    ("503", answer(503), (Unclear, "http_503", True)),
    ("504", answer(504), (Unclear, "http_504", True)),
    ("524", answer(524), (Unclear, "http_524", True)),
    ("999", answer(999), (Unclear, "http_999", True)),
    ("refused connection", httpx.ConnectError("x"), (NotSent, "connect", False)),
    ("connect timeout", httpx.ConnectTimeout("x"), (NotSent, "connect_timeout", False)),
    ("pool timeout", httpx.PoolTimeout("x"), (NotSent, "pool", False)),
    ("unsupported", httpx.UnsupportedProtocol("x"), (NotSent, "bad_url", False)),
    ("invalid URL", httpx.InvalidURL("x"), (NotSent, "bad_url", False)),
    ("read timeout", httpx.ReadTimeout("x"), (Unclear, "timeout", True)),
    ("write timeout", httpx.WriteTimeout("x"), (Unclear, "timeout", True)),
    ("read error", httpx.ReadError("x"), (Unclear, "reset", True)),
    ("write error", httpx.WriteError("x"), (Unclear, "reset", True)),
    ("close error", httpx.CloseError("x"), (Unclear, "reset", True)),
    ("closed", httpx.RemoteProtocolError("Server disconnected without …"), (Unclear, "no_answer", True)),
    ("protocol", httpx.RemoteProtocolError("illegal status line"), (Unclear, "protocol", True)),
    ("local protocol", httpx.LocalProtocolError("x"), (Unclear, "protocol", True)),
    ("decoding", httpx.DecodingError("x"), (Unclear, "protocol", True)),
    ("stream", httpx.StreamClosed(), (Unclear, "protocol", True)),
    ("an OSError", ConnectionResetError("x"), (Unclear, "reset", True)),
    ("a timeout of the system", TimeoutError("x"), (Unclear, "timeout", True)),
    ("zlib", zlib.error("x"), (Unclear, "protocol", True)),
    ("Unicode", UnicodeDecodeError("utf-8", b"x", 0, 1, "x"), (Unclear, "protocol", True)),
    ("a RuntimeError", RuntimeError("x"), (Unclear, "protocol", True)),
    ("an assertion in the library", AssertionError(), (Unclear, "protocol", True)),
] + [(f"{name} missing", answer(200, without(name)), ODD) for name in record()]


def chain(fault: BaseException | None) -> Iterator[BaseException]:
    """Every exception that hangs on this one, and with it a request and its headers."""
    while fault:
        yield fault
        fault = fault.__cause__ or fault.__context__


def arm(route: respx.Route, given: Any) -> respx.Route:
    return route.mock(side_effect=given) if isinstance(given, Exception) else route.mock(return_value=given)


@respx.mock
@pytest.mark.parametrize(("given", "expected"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS])
def test_a_write_so_answered_is_classified_and_sent_once(given: Any, expected: Any) -> None:
    route = arm(respx.put(URL), given)

    with pytest.raises(UpstreamError) as caught:
        client().put_key(1234, SETTINGS, soon(20))

    found = caught.value
    assert (type(found), found.kind, found.may_have_changed) == expected
    assert route.call_count == 1
    assert not [fault for fault in chain(found) if "httpx" in type(fault).__module__]


@respx.mock
@pytest.mark.parametrize(("given", "expected"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS])
def test_a_read_so_answered_is_classified_alike(given: Any, expected: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keys.cometapi.retry.PAUSE_SHARE", 0.0)
    arm(respx.get(f"{URL}1234"), given)

    with pytest.raises(UpstreamError) as caught:
        client().get_key(1234, soon(20))

    assert (type(caught.value), caught.value.kind, caught.value.may_have_changed) == expected


@respx.mock
def test_success_false_is_a_refusal_in_upstreams_words() -> None:
    respx.put(URL).respond(200, content=NO, headers={"X-Oneapi-Request-Id": "2026-abc"})

    with pytest.raises(Refused) as caught:
        client().put_key(1234, SETTINGS, soon(20))

    found = caught.value
    assert (type(found), found.kind, found.http_status) == (Refused, "refused", 200)
    assert (found.message, found.request_id) == ("token name is too long", "2026-abc")


@respx.mock
@pytest.mark.parametrize("body", [b'{"success":true}', b'{"success":true,"message":null,"data":null}'])
def test_an_accepted_write_without_a_record_is_accepted_and_shows_none(body: bytes) -> None:
    respx.put(URL).respond(200, content=body)

    found = client().put_key(1234, SETTINGS, soon(20))

    assert (found.snapshot, found.message, found.request_id) == (None, "", "")


@respx.mock
def test_extra_fields_and_gzip_and_any_account_are_fine() -> None:
    body = said(record(user_id=9, extra={"x": 1.5, "big": 2**70}), more=[None])
    headers = {"content-encoding": "gzip"}
    respx.get(f"{URL}1234").respond(200, content=gzip.compress(body), headers=headers)

    found = client(account_id=None).get_key(1234, soon(20))

    assert (found.id, found.user_id, found.settings) == (1234, 9, SETTINGS)


@respx.mock
@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("-5", None),
        ("1.5", None),
        ("9999999", 3600.0),
        ("9" * 5000, None),
        ("٧", None),
        ("soon", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None),
        ("Wed, 21 Oct 2115 07:28:00 GMT", 3600.0),
        ("Wed, 99 Oct 2115 99:28:00 GMT", None),
        ("Wed, 21 Oct 99999999999 07:28:00 GMT", None),
    ],
)
def test_how_long_to_wait_is_read_from_retry_after(header: str | None, seconds: float | None) -> None:
    headers = [] if header is None else [(b"Retry-After", header.encode())]
    respx.put(URL).mock(return_value=httpx.Response(429, headers=headers))
    calm = client()

    with pytest.raises(RateLimited) as caught:
        calm.put_key(1234, SETTINGS, soon(20))

    assert caught.value.retry_after_s == seconds
    assert calm._limiter.pauses == [seconds]  # type: ignore[union-attr]


@respx.mock
def test_a_retry_after_date_counts_from_now() -> None:
    from email.utils import formatdate
    from time import time

    respx.put(URL).respond(429, headers={"Retry-After": formatdate(time() + 40, usegmt=True)})

    with pytest.raises(RateLimited) as caught:
        client().put_key(1234, SETTINGS, soon(20))

    assert 38 <= (caught.value.retry_after_s or 0) <= 40
