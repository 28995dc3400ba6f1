"""The index that the history is searched by: written with each record, and made anew from the records alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command

from keys.ledger.actions import Action
from keys.ledger.finding import behind, fill, reindex, seqs_between
from keys.models import ChangedField, Record, RecordHour, Team
from tests.ledger.making import HOSTILE, append, change, ledger_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def blue() -> Team:
    return Team.objects.create(slug="blue", name="Blue")


def rows() -> list[tuple[Any, ...]]:
    return list(ChangedField.objects.order_by("seq", "field").values_list("seq", "field", "before", "after"))


def everything() -> list[Any]:
    fields = ChangedField.objects.order_by("seq", "field").values_list(
        "seq", "time", "team_id", "key_id", "field", "before", "after"
    )
    return [*fields, *RecordHour.objects.order_by("hour").values_list()]


def test_one_row_a_changed_field(blue: Team) -> None:
    pairs = {"name": ["Staging", "STRASSE ß"], "remain_quota": [5, 1_500_000], "unlimited_quota": [False, True]}
    append(team=blue, key_id=4, action=Action.KEY_EDIT, body={"changed": {**pairs, "allow_ips": [None, "10.0.0.1"]}})
    append(team=blue, key_id=4, action=Action.KEY_DISABLE, body={"altered": {"group": ["vip", ""]}, "differs": {}})

    assert rows() == [
        (1, "allow_ips", "", "10.0.0.1"),
        (1, "name", "staging", "strasse ss"),
        (1, "remain_quota", "5", "1500000"),
        (1, "unlimited_quota", "no", "yes"),
        (2, "group", "vip", ""),
    ]
    row = ChangedField.objects.get(seq=2)
    assert (row.team_id, row.key_id, row.time) == (blue.pk, 4, Record.objects.get(seq=2).time)


def test_hostile_text_can_be_stored(blue: Team) -> None:
    change(blue, 4, name=HOSTILE)

    assert rows() == [(1, "name", "staging", "\\u202egnp.\\u0000\\ud800<b>\\ =cmd()\\u001b[31m")]


def test_what_failed_to_be_recorded_is_not_indexed(blue: Team) -> None:
    with pytest.raises(ValueError, match="not among the fields"):
        append(team=blue, body={"changed": {"secret": ["a", "b"]}})

    assert (rows(), RecordHour.objects.count()) == ([], 0)


def test_made_anew_it_is_the_same() -> None:
    ledger_of(80)
    was = everything()
    assert len(was) > 20
    ChangedField.objects.filter(field="name").delete()
    RecordHour.objects.all().delete()
    assert behind()

    call_command("reindex_history", verbosity=0)

    assert (everything(), behind()) == (was, False)


def test_a_damaged_record_is_passed_over(blue: Team) -> None:
    at = datetime(2026, 3, 1, 14, 3, tzinfo=UTC)
    texts = ["{", "[]", '{"body": []}', '{"body": {"changed": 7}}', '{"body": {"changed": {"name": ["a"]}}}']
    texts.append("[" * 9**6)
    damaged = [Record(seq=n, time=at, text=text) for n, text in enumerate(texts, 1)]

    assert fill(iter(damaged), ChangedField, RecordHour) == len(texts)

    assert (rows(), seqs_between(at, None)) == ([], (1, 6))


def test_a_span_of_time_is_a_span_of_seqs_whatever_the_clock_did() -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    times = [0, 1, 3, 2, 1, 4]  # hours after noon, by seq: the clock was set back twice
    records = [Record(seq=n, time=noon + timedelta(hours=hour), text="{}") for n, hour in enumerate(times, 1)]
    fill(iter(records), ChangedField, RecordHour)

    def hours(since: int | None, until: int | None) -> tuple[int, int] | None:
        ends = (None if end is None else noon + timedelta(hours=end) for end in (since, until))
        return seqs_between(*ends)

    assert hours(None, None) == (1, 6)
    assert hours(1, 2) == (2, 5)
    assert hours(2, 3) == (4, 4)
    assert hours(3, None) == (3, 6)
    assert hours(None, 1) == (1, 1)
    assert (hours(5, None), hours(None, 0)) == (None, None)


def test_the_hour_is_the_one_in_utc() -> None:
    fill(iter([Record(seq=1, time=datetime(2026, 3, 1, 8, 45, tzinfo=UTC), text="{}")]), ChangedField, RecordHour)

    india = datetime.fromisoformat("2026-03-01T14:10:00+05:30")
    assert seqs_between(india, india + timedelta(minutes=1)) == (1, 1)


def test_the_migration_indexes_what_is_there(blue: Team) -> None:
    from importlib import import_module

    from django.apps import apps

    change(blue, 4, name="ops")
    was = everything()
    ChangedField.objects.all().delete()
    RecordHour.objects.all().delete()

    import_module("keys.migrations.0007_changed_fields").index(apps, None)

    assert everything() == was != []
    assert reindex() == 2
