"""The chain's arithmetic, against vectors written out here: whoever changes the format turns these red."""

import hashlib
import hmac
import json
from collections.abc import Callable

import pytest

from keys.errors import ChainBroken
from keys.ledger import chain

TEXT = '{"actor":"L\\u00e9a \\u202e","body":{"n":1},"nonce":"00","v":1}'
DIGEST = "64ecdf9bf51d54e2b077997b3d334dfbf381d09001e913f2b6a5f8243890e0f3"
LINK = "570946d92e9241d0eb28cb97d0cfc029ef62fff846579a2dd0cfb86f44a0f1f7"
SEAL = "0c9ab5b891b1662cdeb2d0eeb744b4e92b253708cb1a4fd8e15d8afc79660431"
KEY = bytes(range(32))

Row = list[object]


def rows(count: int) -> list[Row]:
    """A sound chain, built with hashlib alone."""
    made: list[Row] = []
    previous = bytes(32)
    for seq in range(1, count + 1):
        text = json.dumps({"n": seq})
        digest = hashlib.sha256(b"cometadmin ledger v1 digest\n" + text.encode()).digest()
        link = hashlib.sha256(b"cometadmin ledger v1 link\n" + previous + seq.to_bytes(8, "big") + digest).digest()
        seal = hmac.new(KEY, b"cometadmin ledger v1 seal\n" + link, "sha256").hexdigest()
        made.append([seq, text, digest.hex(), previous.hex(), link.hex(), seal, "l1"])
        previous = link
    return made


def verify(chained: list[Row]) -> int:
    verifier = chain.Verifier({"l1": KEY})
    for row in chained:
        verifier.step(*row)  # type: ignore[arg-type]
    return verifier.seq


def test_it_gives_the_written_out_digest_link_and_seal() -> None:
    link = chain.link_of(chain.GENESIS, 1, DIGEST)

    assert chain.digest_of(TEXT) == DIGEST
    assert link == LINK
    assert chain.seal_of(KEY, link) == SEAL


def test_it_agrees_with_a_chain_built_by_hashlib_alone() -> None:
    assert verify(rows(20)) == 20


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None, "x"]}, '{"a":[true,null,"x"],"b":1}'),
        ({"a": "é\u202e\x00"}, '{"a":"\\u00e9\\u202e\\u0000"}'),
        ({"a": "\ud800"}, '{"a":"\\ud800"}'),
        ({"a": -(2**63)}, '{"a":-9223372036854775808}'),
        ({"a": 2**64 - 2}, '{"a":18446744073709551614}'),
    ],
)
def test_it_writes_one_text_for_one_value(value: dict[str, object], text: str) -> None:
    assert chain.canonical(value) == text
    assert json.loads(text) == value


@pytest.mark.parametrize(
    "value", [{"a": 1.0}, {"a": float("nan")}, {"a": 2**65}, {1: "a"}, {"a": b"x"}, {"a": {"b": [0.5]}}, {"a": {"x"}}]
)
def test_it_refuses_what_two_readers_could_read_differently(value: dict[str, object]) -> None:
    with pytest.raises(chain.NotRecordable):
        chain.canonical(value)


def _swap(made: list[Row]) -> None:
    made[4], made[5] = made[5], made[4]


def _set(column: int, value: object) -> Callable[[list[Row]], None]:
    def damage(made: list[Row]) -> None:
        made[4][column] = value

    return damage


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (_set(0, 6), "seq"),
        (_set(0, True), "seq"),
        (_set(0, 5.0), "seq"),
        (_set(1, '{"n": 50}'), "digest"),
        (_set(1, b'{"n": 5}'), "digest"),
        (_set(1, '{"n": "é"}'), "digest"),
        (_set(2, "0" * 64), "digest"),
        (_set(2, None), "digest"),
        (_set(3, "0" * 64), "previous"),
        (_set(4, "0" * 64), "link"),
        (_set(5, "0" * 64), "seal"),
        (_set(6, "l2"), "seal_key"),
        (_swap, "seq"),
        (lambda made: made.pop(4), "seq"),
        (lambda made: made.insert(4, list(made[3])), "seq"),
    ],
)
def test_it_names_the_first_bad_record(damage: Callable[[list[Row]], None], what: str) -> None:
    made = rows(9)
    damage(made)

    with pytest.raises(ChainBroken) as broken:
        verify(made)

    assert (broken.value.seq, broken.value.what) == (5, what)


def test_it_finds_a_chain_recomputed_without_the_key() -> None:
    made = rows(9)
    seal = made[4][5]
    for row in made[4:]:
        row[5] = hmac.new(
            b"another key", b"cometadmin ledger v1 seal\n" + bytes.fromhex(str(row[4])), "sha256"
        ).hexdigest()

    with pytest.raises(ChainBroken) as broken:
        verify(made)

    assert seal != made[4][5]
    assert (broken.value.seq, broken.value.what) == (5, "seal")


def test_it_goes_on_from_a_known_place() -> None:
    made = rows(9)
    verifier = chain.Verifier({"l1": KEY}, seq=6, link=str(made[5][4]))

    for row in made[6:]:
        verifier.step(*row)  # type: ignore[arg-type]

    assert verifier.seq == 9


def test_reports_are_short_and_ascii() -> None:
    assert chain.short("a\u202e" + "b" * 200) == "a\\u202e" + "b" * 70 + "..."
