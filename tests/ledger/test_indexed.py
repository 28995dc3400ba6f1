"""The history's index is verified with the whole ledger: what was taken out of it is said, apart from the records."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from keys.ledger import indexed
from keys.models import ChangedField, CompanyRole, Person, Record, RecordHour
from keys.services.verification import verify_new, verify_whole
from tests.ledger.bulk import fill
from tests.ledger.making import append, ledger_of
from tests.ledger.test_verify import verdict


def fields() -> Any:
    return ChangedField.objects.order_by("seq", "field")


def an_hour() -> RecordHour:
    return RecordHour.objects.earliest("hour")


def other_hour() -> None:
    hour = an_hour()
    RecordHour.objects.create(hour=hour.hour.replace(year=2020), first_seq=1, last_seq=hour.last_seq)


DAMAGE: dict[str, tuple[Callable[[], object], Callable[[int], int]]] = {
    "all fields gone": (lambda: fields().delete(), lambda seq: seq),
    "one field gone": (lambda: fields().filter(seq=fields()[0].seq).delete(), lambda seq: seq),
    "another value": (lambda: fields().filter(seq=fields()[0].seq).update(after="something else"), lambda seq: seq),
    "another team": (lambda: fields().filter(seq=fields()[0].seq).update(team_id=None), lambda seq: seq),
    "another time": (lambda: fields().update(time=an_hour().hour), lambda seq: seq),
    "a field too many": (lambda: ChangedField.objects.create(seq=2, time=an_hour().hour, field="x"), lambda _: 2),
    "a later beginning": (lambda: RecordHour.objects.update(first_seq=10), lambda _: 1),
    "an earlier end": (lambda: RecordHour.objects.update(last_seq=2), lambda _: 1),
    "no hours": (lambda: RecordHour.objects.all().delete(), lambda _: 1),
    "an hour too many": (other_hour, lambda _: 1),
    "an end that is not there yet": (lambda: RecordHour.objects.update(last_seq=10**6), lambda _: 1),
}


@pytest.mark.parametrize("lot", [3, indexed.LOT])
@pytest.mark.parametrize("kind", DAMAGE)
def test_what_is_done_to_it_is_found(real_db: Any, monkeypatch: pytest.MonkeyPatch, kind: str, lot: int) -> None:
    monkeypatch.setattr(indexed, "LOT", lot)
    ledger_of(24)
    append()
    assert verify_whole().outcome == "sound"
    damage, expected = DAMAGE[kind]
    first = fields()[0].seq
    damage()

    report = verify_whole()

    assert (report.outcome, report.unindexed, report.broken) == ("damaged", expected(first), None)
    call_command("reindex_history", verbosity=0)
    assert verify_new().outcome == "sound"  # over all again: the last whole one was not


def test_it_is_told_apart_from_the_records(real_db: Any) -> None:
    ledger_of(12)
    first = fields()[0].seq
    fields().delete()
    person = Person.objects.create_user("aud", password="x", company_role=CompanyRole.AUDITOR)
    client = Client()
    client.force_login(person)

    code, said = verdict()

    assert (code, said.startswith(f"sound: {Record.objects.count()} records")) == (1, True)
    assert f"damaged: the history's index: from record {first} on" in said and "`manage.py reindex_history`" in said
    page_text = client.get("/history/").content.decode()
    assert "The history&#x27;s index is damaged" in page_text or "The history's index is damaged" in page_text
    assert "The ledger is damaged" not in page_text and "Ledger sound" not in page_text


def test_it_is_compared_in_flat_lots_whatever_was_appended_meanwhile(
    real_db: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(400)
    monkeypatch.setattr(indexed, "LOT", 50)
    monkeypatch.setattr("keys.ledger.raw.BATCH", 64)
    take, lots = indexed.IndexCheck.take, []

    def taken(self: indexed.IndexCheck, row: Any) -> None:
        if row[0] == 7:
            append()
        take(self, row)
        lots.append(len(self._rows))

    monkeypatch.setattr(indexed.IndexCheck, "take", taken)

    assert verify_whole().outcome == "sound"
    assert (len(lots), max(lots)) == (400, 25)


def test_halves_of_a_character_beside_each_other_are_indexed_as_the_text_tells_them(real_db: Any) -> None:
    """Read back from JSON, two lone surrogates that stand so are one character."""
    append(body={"changed": {"name": ["a", "\ud800\udfff"]}})

    assert (verify_whole().unindexed, fields()[0].after) == (0, "\U000103ff")
