"""Reads: the list, one key, the account and its groups; what a refusal means, and what is asked again."""

import json
import time
from typing import Any

import httpx
import pytest
import respx

from keys.cometapi import retry
from keys.errors import AccessTokenRefused, KeyNotFound, NotSent, RateLimited, Refused, Unclear, UpstreamError
from keys.types import Account, Deadline, Group, KeyPage
from tests.cometapi.support import BASE, client, listed, record, said, soon

pytestmark = pytest.mark.dbfree

LIST, ONE, SELF = f"{BASE}/api/token/", f"{BASE}/api/token/1234", f"{BASE}/api/user/self"
DENIED = httpx.Response(200, json={"success": False, "message": "no", "data": None})
GOOD = httpx.Response(200, content=said(record()))
PAGE = httpx.Response(200, content=listed(record()))
WITHOUT = httpx.Response(200, content=listed(record(id=1235), record(id=1233)))
HTML = httpx.Response(200, content="<html>")
DENIED_404 = httpx.Response(404, json={"success": False, "message": "gone"})


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "PAUSE_SHARE", 0.0)


def fault_of(call: Any) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        call()
    return caught.value


@respx.mock
@pytest.mark.parametrize(
    ("one", "page", "expected"),
    [
        (DENIED, WITHOUT, (KeyNotFound, "not_found")),
        (DENIED, httpx.Response(200, content=listed()), (KeyNotFound, "not_found")),
        (DENIED_404, WITHOUT, (KeyNotFound, "not_found")),
        (DENIED, PAGE, (Unclear, "refused_but_listed")),
        (DENIED_404, PAGE, (Unclear, "refused_but_listed")),
        (DENIED, httpx.Response(200, content=listed(total=26)), (Unclear, "not_listed")),
        (DENIED, httpx.Response(200, content=listed(record(id=9), total=2)), (Unclear, "not_listed")),
        (DENIED, httpx.Response(200, content=listed(record(id=9), {"id": 1234})), (Unclear, "not_listed")),
        (DENIED, DENIED, (AccessTokenRefused, "refused")),
        (DENIED, httpx.Response(401), (AccessTokenRefused, "http_401")),
        (DENIED, httpx.Response(429), (RateLimited, "http_429")),
        (DENIED, httpx.Response(503), (Unclear, "http_503")),
        (DENIED, HTML, (Unclear, "html")),
        (DENIED, httpx.ConnectError("x"), (NotSent, "connect")),
        (httpx.Response(404, content="<html>"), PAGE, (Refused, "http_404")),
        (httpx.Response(400), PAGE, (Refused, "http_400")),
        (httpx.Response(401), PAGE, (AccessTokenRefused, "http_401")),
    ],
)
def test_no_such_key_and_no_such_access_token_are_told_apart(one: Any, page: Any, expected: Any) -> None:
    respx.get(ONE).mock(return_value=one)
    route = respx.get(LIST, params={"p": "1", "page_size": "100"})
    route.mock(side_effect=page) if isinstance(page, Exception) else route.mock(return_value=page)

    fault = fault_of(lambda: client().get_key(1234, soon(20)))

    assert (type(fault), fault.kind) == expected


@respx.mock
@pytest.mark.parametrize("key_id", [0, -1, 2**63])
def test_an_id_that_no_key_can_have_is_not_asked_for(key_id: int) -> None:
    respx.get(LIST).mock(return_value=PAGE)

    assert type(fault_of(lambda: client().get_key(key_id, soon(20)))) is KeyNotFound


@respx.mock
@pytest.mark.parametrize(
    "bad",
    [
        httpx.Response(503),
        HTML,
        httpx.ConnectError("x"),
        httpx.ReadError("x"),
        httpx.Response(429, headers={"Retry-After": "0"}),
        httpx.Response(429),
    ],
)
def test_a_read_is_asked_again(bad: Any) -> None:
    route = respx.get(ONE).mock(side_effect=[bad, bad, GOOD])

    assert client().get_key(1234, soon(20)).id == 1234
    assert route.call_count == 3


@respx.mock
@pytest.mark.parametrize("bad", [DENIED, httpx.Response(429, headers={"Retry-After": "60"}), httpx.Response(400)])
def test_a_read_is_not_asked_again_where_that_cannot_help(bad: Any) -> None:
    route = respx.get(ONE).mock(side_effect=[bad, GOOD])
    respx.get(LIST).mock(return_value=WITHOUT)

    assert isinstance(fault_of(lambda: client().get_key(1234, soon(20))), Refused)
    assert route.call_count == 1


@respx.mock
@pytest.mark.parametrize("bad", [DENIED, DENIED_404])
def test_one_refusal_of_a_key_that_is_listed_is_asked_again(bad: Any) -> None:
    """Who believed it would call a living key deleted, and leave it enabled."""
    route = respx.get(ONE).mock(side_effect=[bad, bad, GOOD])
    respx.get(LIST).mock(return_value=PAGE)

    assert client().get_key(1234, soon(20)).id == 1234
    assert route.call_count == 3


def test_attempts_share_the_time_and_the_last_gets_what_is_left() -> None:
    given: list[float] = []

    def attempt(until: Deadline) -> None:
        given.append(until.left_s())
        raise Unclear("x", kind="timeout")

    with pytest.raises(Unclear):
        retry.repeated(attempt, soon(10), sleep=lambda _: None)

    assert given == pytest.approx([5.5, 5.5, 10.0], abs=0.3)  # none of them takes any time here


def test_a_pause_beyond_the_deadline_is_not_begun() -> None:
    def attempt(_: Deadline) -> None:
        raise RateLimited("x", retry_after_s=3)

    started = time.monotonic()
    with pytest.raises(RateLimited):
        retry.repeated(attempt, soon(2))

    assert time.monotonic() - started < 1


@respx.mock
def test_a_page_drops_repeats_and_hides_no_key_behind_an_odd_one() -> None:
    odd = record(id=2)
    del odd["allow_ips"]
    items = [record(id=1), odd, record(id=3, user_id=99), "junk", record(id=1, name="again"), record(id=4)]
    body = said({"page": 1, "page_size": 100, "total": 777, "items": items, "more": 1})
    respx.get(LIST).respond(200, content=body)

    page = client().list_keys(1, 50, soon(20))

    assert [key.id for key in page.items] == [1, 4]
    assert (page.page, page.page_size, page.total, page.skipped) == (1, 50, 777, 3)
    assert page.items[0].settings.name == "production"


@respx.mock
@pytest.mark.parametrize("total", [-1, None, "9", 1.5, True, 2**70])
def test_a_wrong_total_is_the_number_of_items(total: Any) -> None:
    respx.get(LIST).respond(200, content=listed(record(id=1), record(id=2), total=total))

    assert client().list_keys(1, 50, soon(20)).total == 2


@respx.mock
@pytest.mark.parametrize(
    ("data", "items"),
    [
        ({"items": [], "total": 0}, 0),
        ({"items": None, "total": 0}, 0),
        ({"items": None, "total": 4}, None),
        ({"total": 0}, None),
        ({"items": {}}, None),
        ([], None),
        (None, None),
        ({"items": ["odd"], "total": 1}, None),
    ],
)
def test_what_is_no_list_is_not_taken_for_an_empty_one(data: Any, items: int | None) -> None:
    respx.get(LIST).respond(200, content=said(data))

    try:
        found: KeyPage | None = client().list_keys(1, 50, soon(20))
    except Unclear as fault:
        found = None
        assert fault.kind == "odd_answer"

    assert (found and len(found.items)) == items


@respx.mock
def test_a_list_that_is_refused_tells_of_the_access_token() -> None:
    respx.get(LIST).mock(return_value=DENIED)

    fault = fault_of(lambda: client().list_keys(1, 50, soon(20)))

    assert (type(fault), fault.kind, fault.message) == (AccessTokenRefused, "refused", "no")


@respx.mock
@pytest.mark.parametrize(
    ("whole", "masked"),
    [
        ("q7Jd0aVbN3xKfW8sTzR2mYcE5uHgL1pOiQ9rBnMt6wXvZkAe", "q7Jd**********ZkAe"),
        ("sk-q7Jd0aVbN3xKfW8sTzR2mYcE5uHgL1pOiQ9rBnMt6wXvZkAe", "q7Jd**********ZkAe"),
        ("abcd**********wxyz", "abcd**********wxyz"),
        ("q7Jd0aVbN3xK***sTzR2mYcE5u", "q7Jd**********cE5u"),
        ("short", "**********"),
        ("", ""),
        ("\u202e" * 30, r"\u202e\u202e\u202e\u202e**********\u202e\u202e\u202e\u202e"),
    ],
)
def test_the_secret_becomes_a_mask_at_once(whole: str, masked: str) -> None:
    respx.get(ONE).respond(200, content=said(record(key=whole)))

    found = client().get_key(1234, soon(20))

    assert found.masked == masked
    assert len(whole) < 20 or whole not in repr(found)


@respx.mock
@pytest.mark.parametrize(
    ("answer", "pages", "expected"),
    [
        (said({"id": 5678, "username": "atlas", "display_name": "At\x00las", "group": None}), None, 5678),
        (HTML, PAGE, 5678),
        (httpx.Response(404, content="<html>"), PAGE, 5678),
        (httpx.Response(301), PAGE, 5678),
        (httpx.Response(401), PAGE, 5678),
        (DENIED, PAGE, 5678),
        (said({"id": 0}), PAGE, 5678),
        (said({"id": "5678"}), PAGE, 5678),
        (said(None), PAGE, 5678),
        (DENIED, DENIED, (AccessTokenRefused, "refused")),
        (HTML, DENIED, (AccessTokenRefused, "refused")),
        (httpx.Response(401), httpx.Response(401), (AccessTokenRefused, "http_401")),
        (HTML, httpx.Response(503), (Unclear, "http_503")),
        (HTML, httpx.Response(200, content=listed()), (Unclear, "account_unknown")),
        (HTML, httpx.Response(200, content=listed(record(), record(id=2, user_id=2))), (Unclear, "account_unknown")),
        (httpx.Response(503), PAGE, (Unclear, "http_503")),
        (httpx.Response(429), PAGE, (RateLimited, "http_429")),
        (httpx.ConnectError("x"), PAGE, (NotSent, "connect")),
    ],
)
def test_whose_access_token_it_is(answer: Any, pages: Any, expected: Any) -> None:
    route = respx.get(SELF)
    if isinstance(answer, Exception):
        route.mock(side_effect=answer)
    else:
        route.mock(return_value=httpx.Response(200, content=answer) if isinstance(answer, bytes) else answer)
    respx.get(LIST).mock(return_value=pages)

    try:
        found: Any = client(account_id=1).account(soon(20)).id
    except UpstreamError as fault:
        found = (type(fault), fault.kind)

    assert found == expected


@respx.mock
def test_an_accounts_words_come_escaped() -> None:
    respx.get(SELF).respond(200, content=said({"id": 7, "username": "a\x00\u202eb\ud800", "display_name": 9}))

    assert client().account(soon(20)) == Account(7, r"a\u0000\u202eb\ud800")


@respx.mock
def test_groups_that_can_be_picked_are_listed() -> None:
    table = {"vip": {"desc": "fast\x1b[1m", "ratio": 1.5}, "auto": {}, "": {}, "a\x00": {}, "\ud800": {}, "odd": 7}
    respx.get(f"{SELF}/groups").respond(200, content=said(table))

    assert client().groups(soon(20)) == (Group("vip", r"fast\u001b[1m"), Group("auto"), Group("odd"))


@respx.mock
@pytest.mark.parametrize(
    "answer",
    [
        HTML,
        DENIED,
        DENIED_404,
        httpx.Response(503),
        httpx.ConnectError("x"),
        httpx.Response(200, content=said(["vip"])),
    ],
)
def test_without_groups_things_go_on(answer: Any) -> None:
    route = respx.get(f"{SELF}/groups")
    route.mock(side_effect=answer) if isinstance(answer, Exception) else route.mock(return_value=answer)

    assert client().groups(soon(20)) is None
    assert route.call_count == 1


@respx.mock
def test_upstreams_words_are_escaped_cut_and_rid_of_secrets() -> None:
    from tests.cometapi.support import SETTINGS, TOKEN

    secret = "sk-" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6kL9nO2qR5tU8"
    message = f"<b>\x1b[31m\u202eno \ud800 {TOKEN} part {TOKEN[5:21]} {secret} " + "x" * 500
    respx.put(LIST).respond(200, content=json.dumps({"success": False, "message": message}))

    fault = fault_of(lambda: client().put_key(1234, SETTINGS, soon(20)))

    assert fault.message.startswith(r"<b>\u001b[31m\u202eno \ud800 ********** part ********** ")
    assert len(fault.message) == 300 and secret[6:18] not in fault.message


@respx.mock
@pytest.mark.parametrize("message", [None, 7, ["x"], {}, True])
def test_words_that_are_no_text_are_none(message: Any) -> None:
    from tests.cometapi.support import SETTINGS

    respx.put(LIST).respond(200, json={"success": False, "message": message})

    assert fault_of(lambda: client().put_key(1234, SETTINGS, soon(20))).message == ""


@respx.mock
@pytest.mark.parametrize("name", ["a b", "x" * 65, "<b>", "a\r", "\u00e9"])
def test_a_request_id_that_looks_odd_is_dropped(name: str) -> None:
    headers = [(b"X-Cometapi-Request-Id", name.encode())]
    respx.get(ONE).mock(return_value=httpx.Response(400, headers=headers))

    assert fault_of(lambda: client().get_key(1234, soon(20))).request_id == ""
