"""Shipping: each record as one JSON line in the words of ECS, in order, at least once, and only where it is wanted."""

import io
import json
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from keys.ledger.actions import Action
from keys.models import Delivery, Record, Team
from keys.services import shipping
from keys.services.shipping import ship, ship_new
from keys.types import Deadline
from tests.ledger.damage import put, without_guards
from tests.ledger.making import HOSTILE, NOBODY, append, change


def shipped(count: int) -> list[dict[str, Any]]:
    out = io.StringIO()
    assert ship(out) == count
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_each_once_and_in_order(real_db: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(shipping, "BATCH", 2)
    for _ in range(5):
        append()

    assert [said["event"]["sequence"] for said in shipped(5)] == [1, 2, 3, 4, 5]
    assert shipped(0) == []
    append()
    assert [said["event"]["sequence"] for said in shipped(1)] == [6]


def test_a_backlog_is_shipped_in_slices(real_db: Any, settings: Any, monkeypatch: Any) -> None:
    settings.SHIP_RECORDS = True
    monkeypatch.setattr(shipping, "BATCH", 2)
    for _ in range(5):
        append()
    out = io.StringIO()

    assert [ship_new(Deadline.after(0), out) for _ in range(4)] == [2, 2, 1, 0]

    assert [json.loads(line)["event"]["sequence"] for line in out.getvalue().splitlines()] == [1, 2, 3, 4, 5]


def test_what_it_says(real_db: Any) -> None:
    team = Team.objects.create(slug="blue", name="Blue")
    change(team, 4, outcome="refused", name=HOSTILE)
    append(action=Action.DENIED, actor=NOBODY, body={"verb": "edit_key", "count": 2})

    intent, outcome, denied = shipped(3)

    record = Record.objects.get(seq=2)
    assert outcome["@timestamp"] == f"{record.time:%Y-%m-%dT%H:%M:%S.%fZ}"
    assert (intent["event"]["outcome"], outcome["event"]["outcome"]) == ("unknown", "failure")
    assert outcome["event"]["action"] == "key.edit" and outcome["event"]["category"] == ["configuration"]
    assert outcome["user"] == {"id": "900007", "name": "Léa Müller", "roles": ["lead"]}
    assert outcome["source"] == {"address": "192.0.2.7", "ip": "192.0.2.7"}
    assert outcome["organization"] == {"id": str(team.pk), "name": "Blue"}
    assert outcome["cometadmin"]["text"] == record.text and outcome["cometadmin"]["link"] == record.link
    assert (denied["event"]["outcome"], denied["event"]["type"]) == ("failure", ["denied"])


def test_a_line_is_one_line_of_ascii(real_db: Any) -> None:
    append(reason=f"two\nlines {HOSTILE}")
    out = io.StringIO()
    ship(out)

    assert out.getvalue().isascii() and out.getvalue().count("\n") == 1


class Broken(io.StringIO):
    def flush(self) -> None:
        raise BrokenPipeError(32, "Broken pipe")


def test_what_could_not_be_written_is_shipped_again(real_db: Any) -> None:
    append()

    assert ship(Broken()) == 0
    assert Delivery.objects.get(name="shipping").failing_since

    assert len(shipped(1)) == 1
    assert Delivery.objects.get(name="shipping").failing_since is None


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL keeps a time from being none")
def test_a_record_whose_time_was_damaged_is_shipped_without_one(real_db: Any) -> None:
    append()
    append()
    with without_guards() as cursor:
        put(cursor, 1, "time", "garbage")

    first, second = shipped(2)

    assert ("@timestamp" in first, "@timestamp" in second) == (False, True)
    assert first["event"]["sequence"] == 1 and "garbage" not in str(first)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL keeps a text from being no text")
def test_a_record_with_a_text_that_was_damaged_is_shipped_with_what_is_left(real_db: Any) -> None:
    for _ in range(3):
        append()
    with without_guards() as cursor:
        cursor.execute("UPDATE keys_record SET actor = CAST(x'41ff' AS TEXT) WHERE seq = 2")

    assert [said["user"]["name"][:2] for said in shipped(3)][1] == "A\ufffd"


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL keeps a text from being no text")
def test_a_record_that_cannot_be_told_is_an_alarm(real_db: Any) -> None:
    for _ in range(3):
        append()
    with without_guards() as cursor:
        put(cursor, 2, "actor", b"\xff")

    assert [said["event"]["sequence"] for said in shipped(1)] == [1]

    row = Delivery.objects.get(name="shipping")
    assert row.failing_since and row.fault.startswith("record 2 cannot be told (")
    assert shipped(0) == []
    assert Delivery.objects.get(name="shipping").failing_since == row.failing_since


def test_of_two_that_ship_at_once_the_slower_one_moves_nothing_back(real_db: Any) -> None:
    for _ in range(3):
        append()

    class Slow(io.StringIO):
        """Another worker ships all that there is, and a new record, before this one's first lines are out."""

        def flush(self) -> None:
            if Record.objects.count() == 4:
                raise BrokenPipeError(32, "Broken pipe")
            append()
            shipped(4)

    assert ship(Slow()) == 3

    assert shipped(0) == []
    shipping.ship_from(2)
    assert [said["event"]["sequence"] for said in shipped(2)] == [3, 4]


@pytest.mark.parametrize("wanted", [True, False])
def test_only_where_it_is_wanted(real_db: Any, settings: Any, wanted: bool) -> None:
    settings.SHIP_RECORDS = wanted
    append()

    assert ship_new(Deadline.after(30), io.StringIO()) == int(wanted)


def test_the_command_says_how_many(real_db: Any) -> None:
    append()
    for told in ("1 record shipped\n", "0 records shipped\n"):
        err = io.StringIO()
        call_command("ship_records", stderr=err)
        assert err.getvalue() == told
