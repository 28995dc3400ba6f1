"""Faults of the connection and of the moment: cut, stalled, dripped, reset, late; and what is stored wrongly."""

from typing import Any

from .faults import Strike, altered, records_in
from .http11 import Response, encode

UNSET = object()


def refused(hit: Strike) -> None:
    """This request is answered as it should be; then nobody listens for `seconds` (1)."""
    response = hit.apply()
    hit.go_down(hit.seconds(1.0))
    hit.wire.respond(response, keep_alive=False)


def stall_before_headers(hit: Strike) -> None:
    """Nothing is sent for `seconds` (30), then the connection ends."""
    hit.answer(True)
    hit.wire.wait(hit.seconds(30))
    hit.wire.close()


def stall_after_headers(hit: Strike) -> None:
    """The headers and half the body, then nothing for `seconds` (30), then the end."""
    response = hit.answer(True)
    hit.wire.send(response.head(False, len(response.body)) + response.body[: len(response.body) // 2])
    hit.wire.wait(hit.seconds(30))
    hit.wire.close()


def drip(hit: Strike) -> None:
    """The answer a byte every `interval` (0.2) seconds, headers too where `what` is "all"."""
    response = hit.answer(True)
    head = response.head(False, len(response.body))
    slow = head + response.body if hit.params.get("what") == "all" else response.body
    hit.wire.send(b"" if hit.params.get("what") == "all" else head)
    hit.wire.drip(slow, float(hit.params.get("interval", 0.2)))
    hit.wire.close()


def slow(hit: Strike) -> None:
    """Waits `seconds` (1) before carrying out, then answers as it should."""
    hit.wire.wait(hit.seconds(1))
    hit.respond(hit.apply())


def reset_before(hit: Strike) -> None:
    hit.wire.reset()


def reset_after(hit: Strike) -> None:
    hit.apply()
    hit.wire.reset()


def close_without_answer(hit: Strike) -> None:
    """Not carried out, unless `applied`."""
    if hit.params.get("applied"):
        hit.apply()
    hit.wire.close()


def cut_with_length(hit: Strike) -> None:
    response = hit.answer(True)
    hit.wire.send(response.head(False, len(response.body)) + response.body[: len(response.body) // 2])
    hit.wire.close()


def cut_without_length(hit: Strike) -> None:
    """Half a body whose end only the closing of the connection tells."""
    response = hit.answer(True)
    hit.wire.send(response.head(False, None) + response.body[: len(response.body) // 2])
    hit.wire.close()


def cut_chunked(hit: Strike) -> None:
    """One chunk and no last one."""
    response = hit.answer(True)
    response.headers.append(("Transfer-Encoding", "chunked"))
    half = response.body[: len(response.body) // 2]
    hit.wire.send(response.head(False, None) + f"{len(half):x}\r\n".encode() + half + b"\r\n")
    hit.wire.close()


def garbage(hit: Strike) -> None:
    """Bytes that are no HTTP."""
    hit.answer(True)
    hit.wire.send(bytes(range(256)) * 4)
    hit.wire.close()


def huge_body(hit: Strike) -> None:
    """A body of `megabytes` (1000) announced, and sent for as long as the client reads."""
    hit.answer(True)
    megabytes = int(hit.params.get("megabytes", 1000))
    head = Response(200, b"", [("Content-Type", "application/json")]).head(False, megabytes * 1_000_000)
    hit.wire.send(head)
    for _ in range(megabytes * 10):
        hit.wire.send(b" " * 100_000)
    hit.wire.close()


def big_header(hit: Strike) -> None:
    """One header of `megabytes` (10)."""
    response = hit.answer(True)
    response.headers.append(("X-Padding", "x" * (int(hit.params.get("megabytes", 10)) * 1_000_000)))
    hit.respond(response)


def applied_late(hit: Strike) -> None:
    """Carried out only after `delay` (30) seconds; `answer` now: 504 (the default), 524, 500, close, reset or stall."""
    hit.later(float(hit.params.get("delay", 30)))
    answer = str(hit.params.get("answer", "504"))
    if answer == "reset":
        hit.wire.reset()
    elif answer in ("close", "stall"):
        hit.wire.wait(hit.seconds(60) if answer == "stall" else 0)
        hit.wire.close()
    else:
        hit.respond(Response(int(answer), b"<html>timed out</html>", [("Content-Type", "text/html")]))


def status_ignored(hit: Strike) -> None:
    """Carried out but for the status. The answer shows what is stored, or what was asked where `answer` is "asked"."""
    key = hit.key()
    status = key.record["status"] if key else None
    response = hit.apply()
    if key is not None:
        _store(hit, key.id, {"status": status})
    if hit.params.get("answer") != "asked":
        _show(response, {"status": status})
    hit.respond(response)


def field_altered(hit: Strike) -> None:
    """`field` (name) is stored as `value`, in silence: the answer to a write shows what was asked, a read the lie.

    Only the answer is altered where the request is a read or `stored` is false.
    """
    response = hit.apply()
    field = str(hit.params.get("field", "name"))
    key, write = hit.key(), hit.request.method in ("PUT", "POST")
    value = hit.params.get("value", UNSET)
    if key is not None and value is UNSET:
        value = _other(key.record[field])
    stored = write and hit.params.get("stored", True)
    if key is not None and stored:
        _store(hit, key.id, {field: value})
    if not stored or hit.params.get("answer") == "stored":
        _show(response, {field: None if value is UNSET else value})
    hit.respond(response)


def shifting_pages(hit: Strike) -> None:
    """Before the page is made, `keys` (1) new keys appear at the top."""
    with hit.state.lock:
        for account in hit.state.accounts.values():
            if account.token == hit.request.headers.get("authorization", ""):
                for _ in range(int(hit.params.get("keys", 1))):
                    hit.state.add_key(account, name="made meanwhile")
    hit.respond(hit.apply())


def _store(hit: Strike, key_id: int, fields: dict[str, Any]) -> None:
    """Stored as part of the same write: the log's record after shows it."""
    with hit.state.lock:
        key = hit.state.keys[key_id]
        key.record = key.record | fields
        if hit.entry["after"] is not None:
            hit.entry["after"] = hit.state.logged(key.record)
        hit.state.save()


def _show(response: Response, fields: dict[str, Any]) -> None:
    payload = altered(response)
    for record in records_in(payload):
        record |= {name: value for name, value in fields.items() if name in record}
    response.body = encode(payload)


def _other(value: Any) -> Any:
    """Another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return f"{value or ''}x"
