"""The usage log: what is asked, what is taken from an answer, and that an odd row spoils the whole of it."""

from typing import Any

import httpx
import pytest
import respx

from keys.errors import NotSent, Refused, Unclear, UpstreamError
from keys.types import Spent
from tests.cometapi.support import BASE, client, ours, said, soon
from tests.support.sandbox import Account, Sandbox

pytestmark = pytest.mark.dbfree

LOG = f"{BASE}/api/log/self"
ROW: dict[str, Any] = {
    "created_at": 1_795_000_000,
    "type": 2,
    "token_id": 7,
    "token_name": "staging",
    "model_name": "gpt-4o",
    "quota": 120,
}


def answered(*rows: Any, **more: Any) -> httpx.Response:
    return httpx.Response(
        200, content=said({"page": 1, "page_size": 100, "total": len(rows), "items": [*rows], **more})
    )


@respx.mock
def test_it_asks_for_charged_calls_by_name_since_then() -> None:
    route = respx.get(LOG).mock(return_value=answered(ROW))

    page = client().spent(2, "a&b = ü", 1_794_000_000, soon())

    assert dict(route.calls[0].request.url.params) == {
        "p": "2",
        "page_size": "100",
        "type": "2",
        "start_timestamp": "1794000000",
        "token_name": "a&b = ü",
    }
    assert page.items == (Spent(1_795_000_000, 7, "staging", "gpt-4o", 120),) and (page.total, page.rows) == (1, 1)


@respx.mock
def test_it_asks_up_to_an_end() -> None:
    route = respx.get(LOG).mock(return_value=answered(ROW))

    client().spent(1, "staging", 1_794_000_000, soon(), 1_795_000_001)

    assert route.calls[0].request.url.params["end_timestamp"] == "1795000001"


@respx.mock
@pytest.mark.parametrize(
    ("more", "address"),
    [
        ({}, ""),
        ({"ip": None}, ""),
        ({"ip": "2001:db8::7"}, "2001:db8::7"),
        ({"ip": "1\u202e\x00" + "9" * 500}, "1\\u202e\\u0000"),
    ],
)
def test_where_a_call_came_from(more: dict[str, Any], address: str) -> None:
    respx.get(LOG).mock(return_value=answered({**ROW, **more, "request_id": "r7"}))

    (row,) = client().spent(1, "staging", 0, soon()).items

    assert row.address.startswith(address) and len(row.address) <= 100 and bool(row.address) == bool(address)
    assert row.request_id == "r7"


@respx.mock
@pytest.mark.parametrize(
    ("row", "taken"),
    [
        ({"token_id": None}, (None,)),
        ({"token_id": 0}, (None,)),
        ({"type": 5}, ()),
        ({"extra": [1]}, (7,)),
    ],
)
def test_rows_that_are_taken(row: dict[str, Any], taken: tuple[int | None, ...]) -> None:
    respx.get(LOG).mock(return_value=answered({**ROW, **row}))

    page = client().spent(1, "staging", 0, soon())

    assert tuple(one.key_id for one in page.items) == taken and page.rows == 1


@respx.mock
@pytest.mark.parametrize(
    "row",
    [
        {"quota": "120"},
        {"quota": 1.5},
        {"quota": True},
        {"quota": 2**63},
        {"token_id": "7"},
        {"ip": 7},
        {"token_name": None},
        {"model_name": 4},
        {"created_at": None},
        {"type": "2"},
    ],
)
def test_one_odd_row_spoils_the_sum(row: dict[str, Any]) -> None:
    respx.get(LOG).mock(return_value=answered(ROW, {**ROW, **row}))

    with pytest.raises(Unclear):
        client().spent(1, "staging", 0, soon())


@respx.mock
@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (httpx.Response(404, content="<html>"), Refused),
        (httpx.Response(200, json={"success": False, "message": "no"}), Refused),
        (httpx.Response(200, content="<html>"), Unclear),
        (httpx.Response(200, content=said([])), Unclear),
        (httpx.Response(200, content=said({"items": {}, "total": 0})), Unclear),
        (httpx.Response(200, content=said({"items": [], "total": "many"})), Unclear),
        (httpx.Response(503), Unclear),
    ],
)
def test_it_is_asked_once_and_says_what_went_wrong(answer: httpx.Response, fault: type[UpstreamError]) -> None:
    route = respx.get(LOG).mock(return_value=answer)

    with pytest.raises(fault):
        client().spent(1, "staging", 0, soon())

    assert route.call_count == 1


def test_a_name_that_no_address_holds_is_not_asked_for() -> None:
    with pytest.raises(NotSent):
        client().spent(1, "a\ud800", 0, soon())


@respx.mock
def test_a_secret_in_a_models_name_is_masked() -> None:
    respx.get(LOG).mock(return_value=answered({**ROW, "model_name": "sk-" + "aB3dE5gH7jK9" * 4}))

    (row,) = client().spent(1, "staging", 0, soon()).items

    assert "aB3dE5gH7jK9" not in row.model


def test_the_sandbox_speaks_it(stand_in: Sandbox, account: Account) -> None:
    key_id = stand_in.add_key(account, name="first")
    stand_in.spend(key_id, 500)

    page = ours(stand_in, account).spent(1, "first", 0, soon())

    assert [(row.key_id, row.key_name, row.units) for row in page.items] == [(key_id, "first", 500)]
