"""What the history says of exports, refusals and readings: filters, counts and times in words."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from keys.ledger.actions import Action
from keys.models import CompanyRole, Person, TeamRole
from keys.permissions import Verb
from keys.selectors.ledger_filter import LedgerFilter
from keys.selectors.told_values import ASKED, VERBS
from keys.services.exporting import Format, begin_export
from tests.export.support import asked_for
from tests.ledger.damage import put, without_guards
from tests.ledger.making import append, change
from tests.ledger.test_history_told import words
from tests.people import making

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    person = making.person("audrey", CompanyRole.AUDITOR)
    Person.objects.filter(pk=person.pk).update(time_zone="Europe/Berlin")
    client = Client()
    client.force_login(person)
    return client


def said(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return words(answer.content.decode())


def test_an_export_tells_what_was_asked_for_and_how_many_records_it_holds(client: Client) -> None:
    team = making.team("blue", "Blue")
    lea = making.belongs(making.person("lea"), team, TeamRole.LEAD)
    change(team, 4)
    since = datetime(2026, 3, 1, tzinfo=UTC)
    wanted = asked_for(
        team=team.pk,
        key_id=4,
        actor=f"#{lea.pk}",
        action="key.edit",
        outcome="confirmed",
        since=since,
        field="status",
        value="2",
        text="a\u202eb",
    )
    record = begin_export(person=None, actor=making.SYSTEM, wanted=wanted, form=Format.CSV).record

    filters = (
        f"Filters Team Blue, Key number 4, Person {lea.shown_name}, What Edit key, Changed field Status, "
        r"Outcome Confirmed, From 2026-03-01 01:00:00 CET, Value before or after 2, Reason or key name a\u202eb"
    )
    for path in ("/history/", f"/history/{record.seq}/"):
        told = said(client, path)
        assert filters in told and "Records 0" in told and "How often" not in told, path
    assert set(ASKED) == set(LedgerFilter.__dataclass_fields__) | {"field", "value"}


def test_an_export_of_all_says_that_there_was_no_filter(client: Client) -> None:
    append()
    record = begin_export(person=None, actor=making.SYSTEM, wanted=asked_for(), form=Format.CSV).record

    assert "Filters none" in said(client, f"/history/{record.seq}/") and "Records 1" in said(client, "/history/")


def test_a_damaged_filter_still_opens(client: Client) -> None:
    record = begin_export(person=None, actor=making.SYSTEM, wanted=asked_for(text="x"), form=Format.CSV).record
    for filters in ('{"since":"soon","actor":"#x","text":[1]}', '{"since":5,"until":"2026-13-01"}', "[1]"):
        with without_guards() as cursor:
            put(cursor, record.seq, "text", f'{{"body":{{"filter":{filters},"count":"x"}}}}')

        assert "Records x" in said(client, f"/history/{record.seq}/")


def test_a_refusal_is_told_in_words(client: Client) -> None:
    append(action=Action.DENIED, body={"verb": "disable_key", "count": 1})

    for path in ("/history/", "/history/1/"):
        told = said(client, path)
        assert "disable a key" in told and "How often once" in told and "disable_key" not in told.partition("Proof")[0]
    assert set(VERBS) == set(Verb)


def test_when_a_key_was_read_is_told_in_the_readers_zone(client: Client) -> None:
    append(action=Action.KEY_SETTLE, body={"checked_at": "2026-11-27T21:11:32.968607+00:00"})

    assert "Read at 2026-11-27 22:11:32 CET" in said(client, "/history/1/")
