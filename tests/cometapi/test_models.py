"""The public list of models: asked for without the access token, taken in whatever it holds."""

import json
from typing import Any

import httpx
import pytest
import respx

from keys.errors import Refused, Unclear
from tests.cometapi.support import BASE, TOKEN, client, ours, outcome_of, soon
from tests.support.sandbox import Account, Sandbox

pytestmark = pytest.mark.dbfree
URL = f"{BASE}/api/models"


def listed(*items: Any, **more: Any) -> bytes:
    return json.dumps({"success": True, "data": list(items), **more}).encode()


def test_they_are_asked_for_without_the_access_token(stand_in: Sandbox, account: Account) -> None:
    found = ours(stand_in, account, send_account_header=True).models(soon())
    assert "gpt-5" in {model.id for model in found.models} and found.total == len(found.models) > 50
    assert {model.provider for model in found.models} >= {"openai", "anthropic"}


@respx.mock
def test_no_header_names_anybody() -> None:
    route = respx.get(URL).respond(200, content=listed({"id": "a"}))

    client(send_account_header=True).models(soon())
    client(access_token="").models(soon())

    for call in route.calls:
        names = {name.lower() for name in call.request.headers}
        assert "authorization" not in names and "new-api-user" not in names
        assert TOKEN not in str(call.request.headers)


@respx.mock
def test_what_cannot_be_picked_is_left_out() -> None:
    odd: list[Any] = [None, "x", [], {}, {"id": 7}, {"id": ""}, {"id": "a b"}, {"id": "a,b"}, {"id": "x" * 201}]
    odd += [{"id": "a\u202eb"}, {"id": "a\x00b"}, {"id": "\ud800"}, {"id": "sk-" + "A1b2C3d4" * 6}]
    good = [
        {"id": "<b>m</b>", "provider": "<i>p</i>\u202e"},
        {"id": "m", "provider": 7},
        {"id": "m", "provider": "again"},
    ]
    respx.get(URL).respond(200, content=listed(*odd, *good))

    found = client().models(soon())

    assert [(model.id, model.provider) for model in found.models] == [("<b>m</b>", "<i>p</i>\\u202e"), ("m", "")]
    assert found.total == len(odd) + len(good)


@respx.mock
def test_ten_thousand_are_too_many_to_be_shown() -> None:
    respx.get(URL).respond(200, content=listed(*({"id": f"m{n}", "provider": "p" * 99} for n in range(10_000))))

    found = client().models(soon())

    assert len(found.models) == 2_000 and found.total == 10_000
    assert {len(model.provider) for model in found.models} == {60}


@respx.mock
@pytest.mark.parametrize(("total", "shown"), [(9, 9), (0, 1), (-1, 1), ("9", 1), (True, 1), (2**40, 1), (None, 1)])
def test_a_total_is_believed_when_it_is_one(total: Any, shown: int) -> None:
    respx.get(URL).respond(200, content=listed({"id": "a"}, total=total))

    assert client().models(soon()).total == shown


@respx.mock
@pytest.mark.parametrize(
    "body",
    [
        b'{"success":true}',
        b'{"success":true,"data":{"items":[]}}',
        listed({"id": 7}),
        b'{"success":true,"data":[{"id":"a","id":"b"}]}',
        b" " * (2 * 1024 * 1024) + listed({"id": "a"}),
    ],
)
def test_what_is_no_list_is_unclear(body: bytes) -> None:
    respx.get(URL).respond(200, content=body)

    assert isinstance(outcome_of(lambda: client().models(soon()))[1], Unclear)


@respx.mock
def test_an_empty_list_is_one_and_a_refusal_is_a_refusal() -> None:
    respx.get(URL).mock(side_effect=[httpx.Response(200, content=listed()), httpx.Response(404)])

    assert client().models(soon()).models == ()
    assert isinstance(outcome_of(lambda: client().models(soon()))[1], Refused)
