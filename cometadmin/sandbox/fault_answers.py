"""Faults that answer with a whole HTTP response which says something wrong."""

import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

from .faults import Strike, altered, http_date, records_in
from .http11 import Response, as_html, as_json, encode

ERROR_PAGE = "<html><head><title>{status}</title></head><body><center><h1>{status}</h1></center></body></html>"
JSON_TYPE = ("Content-Type", "application/json; charset=utf-8")
Change = Callable[[Any, Strike], Any]


def status(code: int, html: bool, applied: bool = False) -> Callable[[Strike], None]:
    """An error status, as a page or in the envelope; `message` and `applied` may be given."""

    def strike(hit: Strike) -> None:
        if hit.params.get("applied", applied):
            hit.apply()
        words = str(hit.params.get("message", f"sandbox answers {code}"))
        page = as_html(ERROR_PAGE.format(status=code), code)
        hit.respond(page if hit.params.get("html", html) else as_json({"success": False, "message": words}, code))

    return strike


def too_many(hit: Strike) -> None:
    """429, with `retry_after`: None, text as it is, or `date:<seconds from now>`. The body is empty."""
    wait = hit.params.get("retry_after")
    if hit.params.get("applied"):
        hit.apply()
    response = Response(429)
    if wait is not None:
        text = str(wait)
        moment = http_date(float(text[5:])) if text.startswith("date:") else text
        response.headers.append(("Retry-After", moment))
    hit.respond(response)


def redirect(code: int) -> Callable[[Strike], None]:
    """`where`: same (this host, the default) or other; or a `location` of one's own."""

    def strike(hit: Strike) -> None:
        if hit.params.get("applied"):
            hit.apply()
        other = "http://elsewhere.invalid" if hit.params.get("where") == "other" else ""
        location = str(hit.params.get("location", other + "/api/token/?moved=1"))
        hit.respond(Response(code, b"", [("Location", location)]))

    return strike


def fixed(body: bytes, kind: str = JSON_TYPE[1], code: int = 200) -> Callable[[Strike], None]:
    """The request is carried out, the answer's body is another."""

    def strike(hit: Strike) -> None:
        hit.answer(True)
        hit.respond(Response(code, body, [("Content-Type", kind)] if body else []))

    return strike


def changed(change: Change) -> Callable[[Strike], None]:
    """The request is carried out, the answer's JSON is altered."""

    def strike(hit: Strike) -> None:
        response = hit.answer(True)
        payload = altered(response) if response.payload is not None else {"success": True, "message": ""}
        response.body = encode(change(payload, hit))
        hit.respond(response)

    return strike


def text_changed(change: Callable[[str], str]) -> Callable[[Strike], None]:
    """The request is carried out, the answer's text is altered."""

    def strike(hit: Strike) -> None:
        response = hit.answer(True)
        response.body = change(response.body.decode()).encode()
        hit.respond(response)

    return strike


def refusal(hit: Strike) -> None:
    """HTTP 200 with success false and a `message`; not carried out, unless `applied`."""
    if hit.params.get("applied"):
        hit.apply()
    hit.respond(as_json({"success": False, "message": str(hit.params.get("message", "refused by the sandbox"))}))


def without_success(payload: Any, hit: Strike) -> Any:
    payload.pop("success", None)
    return payload


def success_as(value: Any) -> Change:
    return lambda payload, hit: payload | {"success": value}


def another_id(payload: Any, hit: Strike) -> Any:
    for record in records_in(payload):
        record["id"] = hit.params.get("id", int(record.get("id", 0)) + 1)
    return payload


def another_user(payload: Any, hit: Strike) -> Any:
    for record in records_in(payload):
        record["user_id"] = hit.params.get("user_id", 999_999)
    return payload


def field_missing(payload: Any, hit: Strike) -> Any:
    for record in records_in(payload):
        record.pop(str(hit.params.get("field", "allow_ips")), None)
    return payload


def extra_fields(payload: Any, hit: Strike) -> Any:
    for record in records_in(payload):
        record |= {"DeletedAt": None, "organisation": {"id": 7}, "tags": ["a"]}
    return payload | {"trace": "sandbox"}


def wrong_total(payload: Any, hit: Strike) -> Any:
    """`total` becomes what is given, else 7 more than it is."""
    if isinstance(payload.get("data"), dict) and "total" in payload["data"]:
        payload["data"]["total"] = hit.params.get("total", payload["data"]["total"] + 7)
    return payload


def stale_read(payload: Any, hit: Strike) -> Any:
    """Each key reads as before its last write."""
    for record in records_in(payload):
        key = hit.state.keys.get(record.get("id", 0))
        if key is not None and key.previous is not None:
            record |= hit.state.shown(key.previous)
    return payload


def duplicate_keys(text: str) -> str:
    return '{"success":false,"message":"no",' + text.strip()[1:]


def not_a_number(text: str) -> str:
    """NaN in place of the quota, or in a field of its own where there is none."""
    payload = json.loads(text)
    for record in records_in(payload):
        record["remain_quota"] = float("nan")
    return json.dumps(payload | {"load": float("nan")})


def bad_gzip(hit: Strike) -> None:
    body = b"\x1f\x8b\x08\x00" + hit.answer(True).body
    hit.respond(Response(200, body, [JSON_TYPE, ("Content-Encoding", "gzip")]))


def bad_charset(hit: Strike) -> None:
    """Bytes that are no UTF-8, under a `charset` that may be given."""
    kind = f"application/json; charset={hit.params.get('charset', 'utf-8')}"
    body = hit.answer(True).body.replace(b'"message":""', b'"message":"\xff\xfe\xe9"')
    hit.respond(Response(200, body, [("Content-Type", kind)]))


def gzip_bomb(hit: Strike) -> None:
    """`megabytes` (1000) of blanks before the answer, packed about a thousandfold."""
    body = hit.answer(True).body
    hit.respond(
        Response(200, _bomb(int(hit.params.get("megabytes", 1000)), body), [JSON_TYPE, ("Content-Encoding", "gzip")])
    )


def _bomb(megabytes: int, tail: bytes) -> bytes:
    """A sound gzip file: after a full flush one packed megabyte can be repeated as it is."""
    blanks = b" " * 1_000_000
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(blanks) + packer.flush(zlib.Z_FULL_FLUSH)
    end = packer.compress(tail) + packer.flush()
    check = 0
    for _ in range(megabytes):
        check = zlib.crc32(blanks, check)
    size = (megabytes * len(blanks) + len(tail)) % 2**32
    trailer = zlib.crc32(tail, check).to_bytes(4, "little") + size.to_bytes(4, "little")
    return gzip.compress(b"", 9)[:10] + block * megabytes + end + trailer
