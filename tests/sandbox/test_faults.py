"""Every kind of fault, seen over a real socket: what the wire shows, and whether the write was carried out."""

import gzip
import json
import time
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from cometadmin.sandbox.fault_kinds import KINDS
from tests.sandbox.conftest import Desk
from tests.sandbox.raw import Heard, ask

pytestmark = pytest.mark.dbfree
Seen = Callable[[Heard], bool]


def status(code: int, kind: str) -> Seen:
    return lambda heard: heard.status == code and kind in heard.header("content-type")


def moved(code: int) -> Seen:
    return lambda heard: heard.status == code and heard.header("location") == "/api/token/?moved=1" and not heard.body


def body(content: bytes) -> Seen:
    return lambda heard: heard.status == 200 and heard.body == content and heard.ended == "eof"


def data(field: str, value: Any) -> Seen:
    return lambda heard: heard.json["success"] is True and heard.json["data"].get(field) == value


def cut(with_length: bool) -> Seen:
    def seen(heard: Heard) -> bool:
        announced = heard.header("content-length")
        return (
            heard.ended == "eof"
            and b'"success"' in heard.body
            and heard.body[-1:] != b"}"
            and (int(announced) > len(heard.body) if with_length else announced == "")
        )

    return seen


def unpacked(heard: Heard) -> bytes:
    return zlib.decompressobj(31).decompress(heard.body)


# kind: (what it is given, what the wire shows, whether the write was carried out)
TABLE: dict[str, tuple[dict[str, Any], Seen, bool]] = {
    "stall_before_headers": ({"seconds": 0.3}, lambda h: h.data == b"" and h.ended == "eof" and h.seconds >= 0.3, True),
    "stall_after_headers": ({"seconds": 0.3}, lambda h: cut(True)(h) and h.seconds >= 0.3, True),
    "drip": ({"interval": 0.001}, lambda h: h.json["success"] is True and h.seconds >= 0.2, True),
    "slow": ({"seconds": 0.3}, lambda h: h.json["success"] is True and h.seconds >= 0.3, True),
    "reset_before": ({}, lambda h: h.data == b"" and h.ended == "reset", False),
    "reset_after": ({}, lambda h: h.data == b"" and h.ended == "reset", True),
    "close": ({}, lambda h: h.data == b"" and h.ended == "eof", False),
    "cut_with_length": ({}, cut(True), True),
    "cut_without_length": ({}, cut(False), True),
    "cut_chunked": ({}, lambda h: h.ended == "eof" and "chunked" in h.head and not h.body.endswith(b"0\r\n\r\n"), True),
    "garbage": ({}, lambda h: h.data.startswith(b"\x00\x01\x02"), True),
    "garbage_body": ({}, lambda h: h.status == 200 and h.body.startswith(b"\x00\xff"), True),
    "huge_body": ({"megabytes": 3}, lambda h: h.header("content-length") == "3000000" == str(len(h.body)), True),
    "big_header": ({"megabytes": 2}, lambda h: len(h.head) > 2_000_000 and h.json["success"] is True, True),
    "applied_late": ({"delay": 5}, status(504, "html"), False),
    "status_ignored": ({}, data("status", 1), True),
    "field_altered": ({"field": "group", "value": "vip"}, data("group", ""), True),
    "shifting_pages": ({}, data("name", "two"), True),
    "refused": ({"seconds": 0.2}, data("name", "two"), True),
    "empty_200": ({}, body(b""), True),
    "204": ({}, lambda h: h.status == 204 and h.body == b"" and "Content-Length" not in h.head, True),
    "html_200": ({}, status(200, "text/html"), True),
    "json_list": ({}, body(b"[1,2]"), True),
    "json_null": ({}, body(b"null"), True),
    "json_string": ({}, body(b'"ok"'), True),
    "success_missing": ({}, lambda h: "success" not in h.json and h.json["data"]["name"] == "two", True),
    "success_string": ({}, lambda h: h.json["success"] == "true", True),
    "success_one": ({}, lambda h: h.json["success"] == 1 and h.json["success"] is not True, True),
    "another_id": ({}, data("id", 1001), True),
    "another_user": ({}, data("user_id", 999_999), True),
    "field_missing": ({"field": "group"}, lambda h: "group" not in h.json["data"] and "name" in h.json["data"], True),
    "extra_fields": ({}, data("tags", ["a"]), True),
    "wrong_total": ({}, data("name", "two"), True),
    "stale_read": ({}, data("name", "one"), True),
    "duplicate_keys": ({}, lambda h: h.body.startswith(b'{"success":false') and h.json["success"] is True, True),
    "nan": ({}, lambda h: b'"remain_quota": NaN' in h.body, True),
    "gzip_bomb": ({"megabytes": 20}, lambda h: len(h.body) < 200_000 and len(unpacked(h)) > 20_000_000, True),
    "bad_gzip": ({}, lambda h: h.header("content-encoding") == "gzip" and b'"success"' in h.body, True),
    "bad_charset": ({"charset": "klingon"}, lambda h: "klingon" in h.head and b"\xff\xfe" in h.body, True),
    "refusal": ({"message": "no"}, lambda h: h.status == 200 and h.json == {"success": False, "message": "no"}, False),
    "429": ({}, lambda h: h.status == 429 and h.header("retry-after") == "" and h.body == b"", False),
    "401_json": ({}, status(401, "json"), False),
    "401_html": ({}, status(401, "html"), False),
    "500_before": ({}, status(500, "json"), False),
    "500_after": ({}, status(500, "json"), True),
    **{str(code): ({}, moved(code), False) for code in (301, 302, 307, 308)},
    **{str(code): ({}, status(code, "json"), False) for code in (400, 403, 404, 409, 413)},
    **{str(code): ({}, status(code, "html"), False) for code in (502, 503, 504, 524)},
}


def test_the_table_has_every_kind() -> None:
    assert set(TABLE) == set(KINDS)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_write_meets_the_fault(desk: Desk, kind: str) -> None:
    params, seen, carried_out = TABLE[kind]
    wanted = desk.body(name="two", status=2)
    desk.sandbox.fault(kind, operation="update", key_id=desk.key_id, **params)

    heard = ask(desk, "PUT", "/api/token/", wanted)

    assert seen(heard), (heard.head[:500], heard.body[:500], heard.ended, heard.seconds)
    assert desk.stored()["name"] == ("two" if carried_out else "one")
    assert desk.stored()["status"] == (2 if carried_out and kind != "status_ignored" else 1)
    logged = desk.sandbox.writes()[-1]
    assert logged["fault"] == kind
    assert (logged["applied"] is not None) is carried_out
    assert desk.sandbox.faults()[0]["hits"] == 1


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"refused", "huge_body", "applied_late"}))
def test_the_next_request_is_served_as_it_should_be(desk: Desk, kind: str) -> None:
    desk.sandbox.fault(kind, operation="get", **TABLE[kind][0])

    ask(desk, "GET", f"/api/token/{desk.key_id}", patience=1.0)

    assert ask(desk, "GET", f"/api/token/{desk.key_id}").json["data"]["name"] == "one"


@pytest.mark.parametrize(
    ("given", "said"),
    [(None, ""), ("7", "7"), ("-5", "-5"), ("99999999999999999999", "99999999999999999999"), ("date:60", "GMT")],
)
def test_retry_after(desk: Desk, given: str | None, said: str) -> None:
    desk.sandbox.fault("429", operation="get", retry_after=given)
    header = ask(desk, "GET", f"/api/token/{desk.key_id}").header("retry-after")
    assert header.endswith(said)
    assert bool(header) is bool(said)


def test_refused_answers_and_then_nobody_listens(desk: Desk) -> None:
    desk.sandbox.fault("refused", operation="get", seconds=2.0)
    assert ask(desk, "GET", f"/api/token/{desk.key_id}").status == 200
    with pytest.raises(ConnectionRefusedError):
        ask(desk, "GET", f"/api/token/{desk.key_id}")
    time.sleep(2.5)
    assert ask(desk, "GET", f"/api/token/{desk.key_id}").status == 200


def test_going_down_ends_idle_connections_too(desk: Desk) -> None:
    desk.get()
    desk.sandbox.down(2.0)
    with pytest.raises(Exception, match="refused"):
        desk.get()
    time.sleep(2.5)
    assert desk.get()["name"] == "one"


def landed(desk: Desk) -> None:
    end = time.monotonic() + 30
    while desk.stored()["name"] != "late":
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize(("answer", "code"), [("504", 504), ("524", 524), ("500", 500)])
def test_a_write_that_lands_late(desk: Desk, answer: str, code: int) -> None:
    wanted = desk.body(name="late")
    desk.sandbox.fault("applied_late", operation="update", delay=2.0, answer=answer)

    assert ask(desk, "PUT", "/api/token/", wanted).status == code
    assert desk.get()["name"] == "one"
    time.sleep(2.0)
    landed(desk)
    assert desk.get()["name"] == "late"
    write = desk.sandbox.writes()[-1]
    assert write["applied"] - write["began"] >= 2.0
    assert write["order"] > min(one["order"] for one in desk.sandbox.requests("GET") if one["n"] > write["n"])


@pytest.mark.parametrize(("answer", "ended"), [("reset", "reset"), ("close", "eof"), ("stall", "silent")])
def test_a_late_write_without_an_answer(desk: Desk, answer: str, ended: str) -> None:
    desk.sandbox.fault("applied_late", operation="update", delay=0.2, answer=answer)
    heard = ask(desk, "PUT", "/api/token/", desk.body(name="late"), patience=0.3 if answer == "stall" else 30)
    assert (heard.data, heard.ended) == (b"", ended)
    landed(desk)


def test_a_field_is_stored_otherwise_in_silence(desk: Desk) -> None:
    desk.sandbox.fault("field_altered", operation="update", field="allow_ips", value=None)
    answer = desk.put(desk.body(allow_ips="203.0.113.5"))
    assert answer["data"]["allow_ips"] == "203.0.113.5"
    assert desk.get()["allow_ips"] is None
    assert desk.sandbox.writes()[-1]["after"]["allow_ips"] is None


def test_a_read_lies_about_a_field(desk: Desk) -> None:
    desk.sandbox.fault("field_altered", operation="get", field="name")
    assert [desk.get()["name"], desk.get()["name"]] == ["onex", "one"]


@pytest.mark.parametrize(("answer", "shown"), [("asked", 2), ("stored", 1)])
def test_the_status_is_ignored(desk: Desk, answer: str, shown: int) -> None:
    desk.sandbox.fault("status_ignored", operation="update", answer=answer)
    assert desk.put(desk.body(status=2))["data"]["status"] == shown
    assert desk.get()["status"] == 1


def test_reads_are_stale_after_a_write(desk: Desk) -> None:
    desk.put(desk.body(name="two"))
    desk.sandbox.fault("stale_read", method="GET", times=2)
    listed = desk.http.get("/api/token/").json()["data"]["items"][0]["name"]
    assert [listed, desk.get()["name"], desk.get()["name"]] == ["one", "one", "two"]


def test_pages_shift_and_totals_lie(desk: Desk) -> None:
    desk.sandbox.fault("shifting_pages", operation="list", keys=3)
    desk.sandbox.fault("wrong_total", operation="list", total=99)
    first = desk.http.get("/api/token/").json()["data"]
    second = desk.http.get("/api/token/").json()["data"]
    assert (first["total"], first["items"][-1]["id"]) == (4, desk.key_id)
    assert (second["total"], len(second["items"])) == (99, 4)


def test_a_redirect_to_another_host(desk: Desk) -> None:
    desk.sandbox.fault("302", operation="get", where="other")
    desk.sandbox.fault("307", operation="get", location="http://127.0.0.1:9/x")
    path = f"/api/token/{desk.key_id}"
    assert [ask(desk, "GET", path).header("location") for _ in range(2)] == [
        "http://elsewhere.invalid/api/token/?moved=1",
        "http://127.0.0.1:9/x",
    ]


def test_the_bomb_is_sound_gzip(desk: Desk) -> None:
    desk.sandbox.fault("gzip_bomb", operation="get", megabytes=5)
    heard = ask(desk, "GET", f"/api/token/{desk.key_id}")
    assert json.loads(gzip.decompress(heard.body))["data"]["name"] == "one"


def test_the_huge_body_ends_when_the_client_leaves(desk: Desk) -> None:
    desk.sandbox.fault("huge_body", operation="get")
    heard = ask(desk, "GET", f"/api/token/{desk.key_id}", most=3_000_000)
    assert heard.header("content-length") == "1000000000"
    assert desk.get()["name"] == "one"


@pytest.mark.parametrize(
    ("matcher", "hits"),
    [
        ({"operation": "get", "skip": 1}, [False, True, False]),
        ({"operation": "get", "nth": 3}, [False, False, True]),
        ({"operation": "get", "times": 2}, [True, True, False]),
        ({"path": r"/api/token/\d+$", "times": 9}, [True, True, True]),
        ({"method": "PUT"}, [False, False, False]),
        ({"key_id": 5}, [False, False, False]),
        ({"account": "Atlas"}, [True, False, False]),
        ({"account": "Other"}, [False, False, False]),
        ({"for_s": 60}, [True, True, True]),
        ({"for_s": -1}, [False, False, False]),
    ],
)
def test_which_requests_are_hit(desk: Desk, matcher: dict[str, Any], hits: list[bool]) -> None:
    desk.sandbox.fault("503", **matcher)
    answers = [desk.http.get(f"/api/token/{desk.key_id}").status_code == 503 for _ in range(3)]
    assert answers == hits


def test_unknown_faults_are_refused_and_faults_can_be_cleared(desk: Desk) -> None:
    with pytest.raises(ValueError, match="unknown fault"):
        desk.sandbox.fault("no such")
    desk.sandbox.fault("503", times=9)
    desk.sandbox.clear_faults()
    assert desk.get()["name"] == "one"
