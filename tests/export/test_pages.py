"""The pages for evidence: who gets what, what is refused with all that was typed, what is said when all is not well."""

import json
import re
from typing import Any

import pytest
from django.test import Client

from keys.models import CompanyRole, Person, Record, Team, TeamRole
from keys.services.checkpoints import make_checkpoint
from keys.services.verification import verify_whole
from tests.export.support import checked, rows
from tests.ledger.damage import cut, put, without_guards
from tests.ledger.making import append
from tests.people import making


@pytest.fixture
def teams(real_db: Any) -> tuple[Team, Team]:
    blue, red = making.team("blue"), making.team("red", "Red")
    for _ in range(3):
        append(team=blue, key_id=4, reason="the new office")
        append(team=red, key_id=4)
    return blue, red


def browser(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def auditor() -> Client:
    return browser(making.person("audrey", CompanyRole.AUDITOR))


def lead(team: Team) -> Client:
    return browser(making.belongs(making.person("lea"), team, TeamRole.LEAD))


def content(response: Any) -> bytes:
    assert response.status_code == 200
    return b"".join(response.streaming_content)


def teams_in(data: bytes) -> set[str]:
    return {row["record"]["team"] for row in rows(data.decode())}


def test_an_auditor_gets_all(teams: Any) -> None:
    response = auditor().post("/history/export/", {"format": "jsonl"})

    assert response["Content-Disposition"].startswith('attachment; filename="ledger-')
    assert teams_in(content(response)) == {"Blue", "Red"}


def test_a_lead_gets_their_own_teams(teams: Any) -> None:
    blue, red = teams
    client = lead(blue)

    assert teams_in(content(client.post("/history/export/", {"format": "jsonl"}))) == {"Blue"}
    body = json.loads(Record.objects.order_by("seq").last().text)["body"]  # type: ignore[union-attr]
    assert (body["scope"], body["count"]) == ([blue.pk], 3)
    for team in ("red", f"#{red.pk}", str(red.pk), "nobody"):
        refused = client.post("/history/export/", {"format": "jsonl", "team": team})
        assert refused.status_code == 422 and not re.search(r"\bRed\b", refused.content.decode())


def test_a_leads_bundle_of_a_team_is_proven(teams: Any, tmp_path: Any) -> None:
    path = tmp_path / "b.zip"
    path.write_bytes(content(lead(teams[0]).post("/history/export/", {"format": "bundle", "team": "blue"})))

    verdict = checked(path)

    assert (verdict.code, "counted by team_n" in verdict.said) == (0, True), verdict.said


def test_a_leads_bundle_of_all_they_may_see_says_what_it_cannot_show(teams: Any, tmp_path: Any) -> None:
    path = tmp_path / "b.zip"
    path.write_bytes(content(lead(teams[0]).post("/history/export/", {"format": "bundle"})))

    assert (checked(path).code, "CANNOT be shown" in checked(path).said) == (0, True)


def test_filters_of_the_address_stand_in_the_form(teams: Any) -> None:
    text = auditor().get("/history/export/?team=red&text=office&since=2026-01-01").content.decode()

    assert '<option value="red" selected>' in text
    assert 'value="office"' in text and 'value="2026-01-01"' in text


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"since": "2026-13-01"}, "There is no such date or time"),
        ({"since": "9999999999-01-01"}, "Write date and time"),
        ({"until": "9999-12-31"}, "There is no such date"),
        ({"since": "2026-03-02", "until": "2026-03-01"}, "before the time from which on is asked"),
        ({"key": "four", "team": "red"}, "by its number"),
        ({"key": "9" * 30, "team": "red"}, "by its number"),
        ({"action": "nothing"}, "no such thing in the history"),
        ({"field": "nothing"}, "no such thing in the history"),
        ({"colour": "red"}, "no filter called colour"),
        ({"text": "sk-abcdefghijklmnop1234567890"}, "looks like a secret"),
        ({"value": "sk-abcdefghijklmnop1234567890"}, "looks like a secret"),
        ({"action": "sk-abcdefghijklmnop1234567890"}, "looks like a secret"),
        ({"person": "x" * 201}, "at most 200"),
        ({"text": "\x00"}, "Null characters"),
        ({"format": "pdf"}, "Choose one of these"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_recorded(teams: Any, typed: dict[str, str], words: str) -> None:
    count = Record.objects.count()

    response = auditor().post("/history/export/", {"format": "csv", **typed})

    text = response.content.decode()
    assert (response.status_code, words in text) == (422, True), text
    assert "abcdefghijklmnop" not in text
    assert Record.objects.count() == count


def test_a_whole_day_is_a_day_in_the_readers_zone(teams: Any) -> None:
    person = making.person("audrey", CompanyRole.AUDITOR, time_zone="Pacific/Auckland")

    browser(person).post("/history/export/", {"format": "csv", "since": "2026-07-01", "until": "2026-07-01"})

    body = json.loads(Record.objects.get(action="ledger.export").text)["body"]
    span = {"since": "2026-06-30T12:00:00.000000Z", "until": "2026-07-01T12:00:00.000000Z"}
    assert body["filter"] == span


def test_no_bundle_over_a_ledger_that_contradicts_its_checkpoints(teams: Any) -> None:
    make_checkpoint()
    with without_guards() as cursor:
        cut(cursor, 3, 6, None)  # type: ignore[arg-type]
        cursor.execute("UPDATE keys_ledgerhead SET seq = 2, link = (SELECT link FROM keys_record WHERE seq = 2)")

    response = auditor().post("/history/export/", {"format": "bundle"})

    assert response.status_code == 422
    assert "No bundle can be signed" in response.content.decode()
    assert teams_in(content(auditor_again().post("/history/export/", {"format": "jsonl"})))


def auditor_again() -> Client:
    return browser(Person.objects.get(username="audrey"))


def test_a_damaged_ledger_says_so_on_top_and_can_be_exported(teams: Any) -> None:
    client = auditor()
    assert "Not verified yet" in client.get("/history/proof/").content.decode()
    verify_whole()
    assert "Ledger sound" in client.get("/history/proof/").content.decode()
    with without_guards() as cursor:
        put(cursor, 2, "digest", "zz")
    verify_whole()

    text = client.get("/history/proof/").content.decode()

    assert "The ledger is damaged" in text
    assert re.search(r"record 2: its text is not the one that was hashed \(expected [0-9a-f]{12}…, found zz\)", text)
    assert len(rows(content(client.post("/history/export/", {"format": "jsonl"})).decode())) == 6


def test_a_cut_is_said_to_be_found_only_where_checkpoints_have_a_file(teams: Any, settings: Any, tmp_path: Any) -> None:
    """Without one, who cuts the ledger empties the table of checkpoints as well, and verifying sees nothing."""
    client = auditor()

    def proven_and_not() -> tuple[bool, bool]:
        text = client.get("/history/proof/").content.decode()
        assert text.count("ut off at the end, wiped, or put back to an older state") == 1
        proven, rest = text[text.index('id="proven"') :].split('id="not-proven"')
        return "Nothing was cut off at the end" in proven, "That nothing was cut off at the end" in rest

    make_checkpoint()
    assert proven_and_not() == (False, True)

    settings.CHECKPOINT_FILE = tmp_path / "checkpoints.jsonl"
    assert proven_and_not() == (False, True)

    make_checkpoint()
    assert proven_and_not() == (True, False)


def test_alarms_are_for_admins_and_auditors(teams: Any, settings: Any, tmp_path: Any) -> None:
    settings.CHECKPOINT_FILE = tmp_path
    make_checkpoint()

    said = "Checkpoints cannot be written to their file"
    assert said in auditor().get("/history/proof/").content.decode()
    assert said not in lead(teams[0]).get("/history/proof/").content.decode()


def test_people_and_teams_go_and_their_records_stay(teams: Any) -> None:
    blue, red = teams
    before = list(Record.objects.order_by("seq").values())
    making.belongs(making.person("lea"), blue)
    Person.objects.filter(username="lea").delete()
    blue.delete()
    Team.objects.filter(pk=red.pk).update(name="Crimson")

    assert list(Record.objects.order_by("seq").values()) == before
    assert verify_whole().outcome == "sound"
    response = auditor().post("/history/export/", {"format": "jsonl", "team": f"#{before[0]['team_id']}"})
    assert teams_in(content(response)) == {"Blue"}
