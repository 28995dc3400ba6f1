"""Whatever comes back, the outcome is a type of ours or one class of the error tree, and nothing else."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.cometapi import record, strict_json, wire
from keys.errors import UpstreamError
from keys.types import Account, Group, KeyPage, KeySnapshot
from tests.cometapi.support import SETTINGS
from tests.cometapi.support import record as good_record

pytestmark = pytest.mark.dbfree

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)
HEADERS = st.dictionaries(
    st.sampled_from(["content-type", "retry-after", "x-oneapi-request-id", "x-cometapi-request-id"]),
    st.text(max_size=40) | st.sampled_from(["text/html", "application/json; charset=", "charset=utf-8", "1" * 400]),
)


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    """A good record, of which some fields are something else, or gone."""
    fields = good_record()
    for name in draw(st.sets(st.sampled_from(sorted(fields)), max_size=2)):
        fields[name] = draw(JSON)
    for name in draw(st.sets(st.sampled_from(sorted(fields)), max_size=1)):
        del fields[name]
    return fields


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    data = draw(JSON | records() | st.lists(records(), max_size=3).map(lambda found: {"items": found, "total": 3}))
    envelope = {"success": draw(st.just(True) | JSON), "message": draw(JSON), "data": data}
    whole = json.dumps(envelope, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    return draw(st.just(whole) | st.binary(max_size=60) | st.just(whole[: draw(st.integers(0, len(whole)))]))


@settings(max_examples=500, deadline=None)
@given(body=bodies(), headers=HEADERS, status=st.sampled_from([200, 200, 200, 200, 400, 401, 404, 429, 500, 301, 777]))
def test_any_answer_is_read_or_classified(body: bytes, headers: dict[str, str], status: int) -> None:
    answer = wire.Answer(status, headers, body)
    try:
        success = wire.opened(answer, now=time.time(), secret="an access token")
        assert status == 200 and json.loads(body)["success"] is True
    except UpstreamError as fault:
        assert fault.kind and len(fault.message) <= 300
        fault.message.encode()
        return
    for read, due in (
        (lambda: record.key(success.data, key_id=1234, account_id=5678), KeySnapshot),
        (lambda: record.page(success.data, page=1, page_size=50, account_id=5678), KeyPage),
        (lambda: record.account(success.data), Account),
        (lambda: record.groups(success.data), tuple),
    ):
        try:
            found = read()
        except record.OddRecord as odd:
            assert odd.kind
            continue
        assert isinstance(found, due)
        sound(found)


def sound(found: Any) -> None:
    """Every field has its type, and every text but those of the settings can be stored and shown."""
    if isinstance(found, KeyPage):
        for one in found.items:
            sound(one)
    elif isinstance(found, KeySnapshot):
        values = found.settings.as_dict()
        assert {name: type(value) for name, value in values.items() if name != "allow_ips"} == {
            name: type(value) for name, value in SETTINGS.as_dict().items() if name != "allow_ips"
        }
        assert all(-(2**63) <= value < 2**63 for value in values.values() if type(value) is int)
        found.masked.encode()
        assert json.loads(wire.put_call(found.id, found.settings, status_only=False).body or b"")["id"] == 1234
    elif isinstance(found, Account):
        f"{found.username}{found.display_name}{found.group}".encode()
    else:
        assert all(isinstance(group, Group) and group.name.encode() is not None for group in found)


@settings(max_examples=300, deadline=None)
@given(value=JSON.filter(lambda value: value == value))
def test_strict_json_reads_what_json_reads_where_there_is_one_reading(value: Any) -> None:
    text = json.dumps(value)
    try:
        found = strict_json.parse(text.encode())
    except strict_json.NotStrict:
        assert "NaN" in text or "Infinity" in text
        return
    assert found == json.loads(text)


@settings(max_examples=200, deadline=None)
@given(secret=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=40), data=st.data())
def test_no_piece_of_the_access_token_is_repeated(secret: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(secret) - 8))
    piece = secret[start : data.draw(st.integers(start + 8, len(secret)))]

    assert piece not in wire.words(f"the token {piece}{piece[:3]} is bad", secret) or set(piece) <= {"*"}
