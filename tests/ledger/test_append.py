"""Appending: what a record then says, what is refused, and that nothing is kept of what failed."""

import contextlib
import json
import uuid
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from keys.errors import LedgerUnavailable
from keys.ledger import book, chain
from keys.ledger.actions import Action
from keys.ledger.columns import COLUMNS, columns_of
from keys.models import LedgerHead, Record, Team
from tests.ledger.making import HOSTILE, LEA, append, change, entry, key_fields

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Team:
    return Team.objects.create(slug="blue", name="Blue")


def test_it_writes_one_record_after_the_other() -> None:
    first, second = append(), append(reason="again")

    assert (first.seq, first.previous) == (1, chain.GENESIS)
    assert (second.seq, second.previous) == (2, first.link)
    head = LedgerHead.objects.get()
    assert (head.seq, head.link) == (2, second.link)


def test_it_says_who_what_where_and_why(team: Team) -> None:
    record = append(action=Action.KEY_EDIT, team=team, key_id=4, key_name="ops", body={"message": "ok"}, reason="why")

    record.refresh_from_db()
    said = json.loads(record.text)
    nonce, time = said.pop("nonce"), said.pop("time")
    assert len(bytes.fromhex(nonce)) == 16
    assert time.endswith("000Z")  # milliseconds, all that survives `dumpdata`
    assert time == f"{record.time:%Y-%m-%dT%H:%M:%S.%f}Z"
    assert said == {
        "v": 1,
        "action": "key.edit",
        "outcome": "",
        "actor_kind": "person",
        "actor_id": "900007",
        "actor": "Léa Müller",
        "actor_role": "lead",
        "address": "192.0.2.7",
        "request_id": "0123456789abcdef0123456789abcdef",
        "team_id": team.pk,
        "team": "Blue",
        "key_id": 4,
        "key_name": "ops",
        "change": "",
        "reason": "why",
        "team_n": 1,
        "key_n": 1,
        "body": {"message": "ok"},
    }
    assert {name: getattr(record, name) for name in COLUMNS[1:]} == {name: said[name] for name in COLUMNS[1:]}


def test_two_equal_entries_have_different_nonces() -> None:
    assert json.loads(append().text)["nonce"] != json.loads(append().text)["nonce"]


def test_ordinals_count_within_a_team_and_within_a_key(team: Team) -> None:
    other = Team.objects.create(slug="red", name="Red")
    records = [
        append(team=team, key_id=1),
        append(team=team, key_id=2),
        append(team=other, key_id=1),
        append(team=team, key_id=1),
        append(team=team),
        append(),
    ]

    assert [(r.team_n, r.key_n) for r in records] == [(1, 1), (2, 1), (1, 1), (3, 2), (4, None), (None, None)]


def test_hostile_text_is_escaped_in_columns_and_kept_in_the_text(team: Team) -> None:
    record = append(team=team, key_id=1, key_name=HOSTILE, body={"before": key_fields(name=HOSTILE)})

    record.refresh_from_db()
    assert json.loads(record.text)["key_name"] == HOSTILE
    assert json.loads(record.text)["body"]["before"]["name"] == HOSTILE
    assert record.text.isascii()
    for bad in "\u202e\x00\ud800\x1b":
        assert bad not in record.key_name
    assert "<b>" in record.key_name


def test_a_column_is_cut_to_its_width_and_the_text_is_not(team: Team) -> None:
    record = append(team=team, key_id=1, key_name="\u202e" * 900)

    record.refresh_from_db()
    said = json.loads(record.text)
    assert len(record.key_name) == 800
    assert len(said["key_name"]) == 900
    assert columns_of(said)["key_name"] == record.key_name


def test_a_text_of_a_body_is_cut_with_its_length_and_digest() -> None:
    kept = json.loads(append(body={"message": "x" * 30_000}).text)["body"]["message"]

    assert kept.startswith("x" * 20_000 + "… [30000 characters, SHA-256 ")
    assert len(kept) < 20_200


@pytest.mark.parametrize("where", ["message", "key_name", "reason", "before"])
def test_a_secret_is_masked_as_the_last_line(team: Team, where: str) -> None:
    secret = "sk-" + "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1bC3dE5fG7hI9jK1"
    given: dict[str, Any] = {"team": team, "key_id": 1}
    if where == "message":
        given["body"] = {"message": f"no such token {secret}!"}
    elif where == "before":
        given["body"] = {"before": key_fields(name=secret)}
    else:
        given[where] = secret

    text = append(**given).text

    assert not any(secret[i : i + 12] in text for i in range(3, len(secret) - 11))


def test_a_masked_secret_survives() -> None:
    body = {"before": key_fields(masked="abcd**********wxyz", model_limits="gpt-4o,claude-3-5-sonnet-20241022")}

    assert json.loads(append(body=body).text)["body"] == body


@pytest.mark.parametrize(
    "body",
    [
        {"secret": "x"},
        {"before": {"key": "x"}},
        {"before": {"name": {"deep": 1}}},
        {"before": {"password": "x"}},
        {"before": "text"},
        {"changed": {"name": "x"}},
        {"changed": {"name": ["a", "b", "c"]}},
        {"changed": {"key": ["a", "b"]}},
        {"changed": {"password": ["", "hunter2"]}},
        {"steps": [{"headers": "x"}]},
        {"steps": {"step": "x"}},
        {"touched": ["key"]},
        {"touched": "name"},
        {"message": 1.5},
        {"message": b"x"},
        {"message": ["x"]},
        {"window_ms": 2**70},
    ],
)
def test_what_is_not_in_the_table_is_refused_and_nothing_is_kept(body: dict[str, Any]) -> None:
    with pytest.raises(chain.NotRecordable):
        append(body=body)

    assert not Record.objects.exists()
    assert LedgerHead.objects.get().seq == 0


@pytest.mark.parametrize(
    "about", [{"key_id": 1}, {"key_id": 2**63, "team": True}, {"outcome": "x" * 17}, {"change": "x" * 37}]
)
def test_what_its_columns_cannot_hold_is_refused(team: Team, about: dict[str, Any]) -> None:
    with pytest.raises(chain.NotRecordable):
        append(**{**about, **({"team": team} if "team" in about else {})})


def test_an_outcome_needs_its_intent_and_an_intent_comes_once(team: Team) -> None:
    change_id = str(uuid.uuid4())
    with pytest.raises(chain.NotRecordable):
        append(change=change_id, outcome="confirmed")

    append(change=change_id)
    append(change=change_id, outcome="unknown")
    append(change=change_id, outcome="applied")

    with pytest.raises(chain.NotRecordable):
        append(change=change_id)


def test_own_data_goes_back_with_the_record() -> None:
    with pytest.raises(ZeroDivisionError), book.opened() as ledger:
        Team.objects.create(slug="gone", name="Gone")
        ledger.append(entry())
        _ = 1 / 0

    assert not Team.objects.exists()
    assert not Record.objects.exists()


def test_what_the_block_raises_passes_through(team: Team) -> None:
    with pytest.raises(IntegrityError), book.opened():
        Team.objects.create(slug=team.slug, name="Twin")


def test_a_rolled_back_savepoint_leaves_no_gap() -> None:
    with book.opened() as ledger:
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            ledger.append(entry())
            _ = 1 / 0
        record = ledger.append(entry())

    assert record.seq == 1


def test_a_swallowed_error_is_no_commit(team: Team) -> None:
    with pytest.raises(LedgerUnavailable), book.opened() as ledger:
        ledger.append(entry())
        with contextlib.suppress(IntegrityError):
            Team.objects.create(slug=team.slug, name="Twin")

    assert not Record.objects.exists()


def test_a_change_is_an_intent_and_its_outcome(team: Team) -> None:
    intent, outcome = change(team, 3)

    assert (intent.outcome, outcome.outcome) == ("", "confirmed")
    assert intent.change == outcome.change
    assert intent.actor == LEA.name
