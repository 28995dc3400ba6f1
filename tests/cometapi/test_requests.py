"""What is sent: the words of the reference page, and nothing else."""

import json
from dataclasses import replace

import pytest
import respx

from keys.cometapi.verbs import PutAnswer
from keys.errors import NotSent
from tests.cometapi.support import BASE, SETTINGS, TOKEN, client, listed, record, said, soon

pytestmark = pytest.mark.dbfree

EXACT = (
    b'{"id":1234,"name":"production","status":1,"expired_time":-1,"remain_quota":100000,"unlimited_quota":false,'
    b'"model_limits_enabled":false,"model_limits":"","allow_ips":null,"group":"","cross_group_retry":false}'
)


@respx.mock
def test_a_put_carries_every_editable_field_and_the_id() -> None:
    route = respx.put(f"{BASE}/api/token/").respond(200, content=said(record(), message="done"))

    found = client().put_key(1234, SETTINGS, soon())

    sent = route.calls.last.request
    assert (sent.content, str(sent.url)) == (EXACT, f"{BASE}/api/token/")
    assert found.snapshot is not None and isinstance(found, PutAnswer)
    assert (found.snapshot.settings, found.message) == (SETTINGS, "done")


@respx.mock
def test_a_status_only_put_has_the_same_body() -> None:
    route = respx.put(f"{BASE}/api/token/?status_only=true").respond(200, content=said(record()))

    client().put_key(1234, SETTINGS, soon(), status_only=True)

    assert route.calls.last.request.content == EXACT


@respx.mock
def test_the_headers_are_these_and_no_others() -> None:
    route = respx.put(f"{BASE}/api/token/").respond(200, content=said(record()), headers={"Set-Cookie": "a=b"})

    client().put_key(1234, SETTINGS, soon())
    client().put_key(1234, SETTINGS, soon())

    expected = {
        "host": "127.0.0.1:9",
        "authorization": TOKEN,
        "accept": "application/json",
        "accept-encoding": "gzip",
        "accept-language": "en",
        "user-agent": "cometadmin",
        "content-type": "application/json",
        "content-length": str(len(EXACT)),
    }
    assert [dict(call.request.headers) for call in route.calls] == [expected, expected]


@respx.mock
def test_the_account_header_goes_along_only_where_asked_for_and_known() -> None:
    route = respx.get(f"{BASE}/api/token/1234").respond(200, content=said(record()))

    client(send_account_header=True).get_key(1234, soon())
    client(send_account_header=True, account_id=None).get_key(1234, soon())
    client().get_key(1234, soon())

    assert [call.request.headers.get("new-api-user") for call in route.calls] == ["5678", None, None]


@respx.mock
def test_a_path_in_the_base_address_is_kept_and_the_page_size_capped() -> None:
    route = respx.get("https://comet.example/inner/api/token/?p=3&page_size=100").respond(200, content=listed())

    client("https://comet.example/inner/").list_keys(3, 500, soon())

    assert route.call_count == 1


@respx.mock
@pytest.mark.parametrize("name", ["\ud800", "a\udfff\x00\u202e", "مفتاح الإنتاج", "密钥 🔑", '"\\\n\t'])
def test_a_name_goes_back_exactly_as_it_was_read(name: str) -> None:
    respx.get(f"{BASE}/api/token/1234").respond(200, content=said(record(name=name)))
    route = respx.put(f"{BASE}/api/token/").respond(200, content=said(record(name=name)))

    read = client().get_key(1234, soon())
    client().put_key(1234, read.settings, soon())

    sent = route.calls.last.request.content
    assert sent.isascii()
    assert json.loads(sent)["name"] == name == read.settings.name


@pytest.mark.parametrize("token", ["", " x", "x\n", "x\r\nHost: y", "ключ", "x\x00", "x\ud800", "\u00e9"])
@respx.mock
def test_an_access_token_that_no_header_may_hold_is_not_sent(token: str) -> None:
    with pytest.raises(NotSent) as caught:
        client(access_token=token).put_key(1234, SETTINGS, soon())

    assert caught.value.kind == "bad_access_token"


@pytest.mark.parametrize("base", ["", "comet", "ftp://x", "http://", "http://[x", "http://x:99999", "http://a b\n"])
def test_an_address_that_is_none_is_not_sent_to(base: str) -> None:
    with pytest.raises(NotSent) as caught:
        client(base).put_key(1234, SETTINGS, soon())

    assert caught.value.kind in ("bad_url", "dns")


@respx.mock
def test_settings_of_a_wrong_type_are_not_sent() -> None:
    for wrong in ({"remain_quota": True}, {"name": None}, {"expired_time": 1.0}, {"status": 2**63}, {"group": b""}):
        with pytest.raises(NotSent) as caught:
            client().put_key(1234, replace(SETTINGS, **wrong), soon())

        assert caught.value.kind == "bad_body"


@respx.mock
def test_nothing_is_sent_after_the_deadline() -> None:
    with pytest.raises(NotSent) as caught:
        client().put_key(1234, SETTINGS, soon(0))

    assert caught.value.kind == "deadline"
