"""Exactly the filtered view: what is exported is what the history shows, whatever was asked for and by whom."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict

from keys.forms.history import HistoryForm
from keys.ledger import book
from keys.models import CompanyRole, Person, Record
from keys.selectors import chosen
from keys.selectors.chosen import choose
from keys.selectors.history import entries_of
from keys.selectors.search import find
from keys.services.exporting import Format
from tests.export.support import bundle, checked, entries, exported, rewritten, rows
from tests.ledger.making import append, change, key_fields, ledger_of
from tests.ledger.test_history_filters import CASES, as_, shown, story  # noqa: F401  (a fixture)
from tests.people import making
from tests.support.mutants import mutated

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def told_by(entry_seqs: list[int]) -> list[int]:
    """All records of the entries that begin with these."""
    changes = set(Record.objects.filter(seq__in=entry_seqs).values_list("change", flat=True)) - {""}
    found = set(Record.objects.filter(change__in=changes).values_list("seq", flat=True))
    return sorted(found | set(entry_seqs))


@pytest.mark.django_db
def test_for_each_filter_and_each_reader(story: dict[str, Person]) -> None:  # noqa: F811
    for query in CASES:
        for name, person in story.items():
            form = HistoryForm(QueryDict(query), reader=person, zone=ZoneInfo("UTC"))
            if "before=" in query or not form.is_valid():
                continue
            found = find(person, form.to_filter(), limit=1_000).records

            seen = choose(person, form.to_filter())

            assert list(seen.seqs) == told_by([record.seq for record in found]), (query, name)
            assert (seen.entries, seen.whole) == (len(entries_of(found)), True), (query, name)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query", ["field=name&value=staging", "value=1,500,000", "key=4", "outcome=applied", "person=bob&field=status"]
)
def test_from_the_page_to_the_file(story: dict[str, Person], query: str) -> None:  # noqa: F811
    client = as_(story, "boss")
    page = client.get(f"/history/?{query}")
    assert f"/history/export/?{query}" in page.content.decode().replace("&amp;", "&").replace("%2C", ",")
    asked = client.get(f"/history/export/?{query}").content.decode()

    answer = client.post("/history/export/", {**QueryDict(query).dict(), "format": "jsonl"})

    found = [row["seq"] for row in rows(b"".join(answer.streaming_content).decode())]  # type: ignore[attr-defined]
    assert found == told_by(shown(page))
    assert f"<b>{len(found)} record" in asked and f"told as {len(shown(page))} entr" in asked
    record = Record.objects.get(action="ledger.export")
    body = json.loads(record.text)["body"]
    assert body["count"] == len(found)
    assert QueryDict(query).get("value", "") == body["filter"].get("value", "")


def test_a_bundle_of_changed_fields_says_what_it_cannot_show(real_db: Any, tmp_path: Path) -> None:
    teams = ledger_of(40)
    change(teams[0], 4, name="Zürich")
    for wanted in ({"field": "name"}, {"value": "zürich"}, {"team": teams[0].pk, "field": "name", "value": "ZÜRICH"}):
        path = bundle(tmp_path / "b.zip", **wanted)
        verdict = checked(path)

        assert verdict.code == 0 and "CANNOT be shown" in verdict.said, verdict.said
        inside = entries(path)
        assert "NOT that none was left out" in inside["README.txt"]
        assert ("is for you to read" in inside["README.txt"]) == ("value" in wanted)
        told = [json.loads(row["text"]) for row in rows(inside["records.jsonl"])]
        assert {record["outcome"] == "" for record in told} == {True, False}
        asked = json.loads(json.loads(inside["export.json"])["text"])["body"]["filter"]
        assert asked == wanted


def test_a_change_that_lies_across_the_edge_of_a_span_comes_whole_and_is_proven(real_db: Any, tmp_path: Path) -> None:
    team = making.team("blue")
    append(team=team)
    intent, outcome = change(team, 4)
    append(team=team)
    for wanted, among in (({}, "seq"), ({"team": team.pk}, "team_n"), ({"team": team.pk, "key_id": 4}, "key_n")):
        for span in ({"since": outcome.time}, {"until": outcome.time}, {"since": outcome.time, "until": outcome.time}):
            if len(span) == 2:
                span["until"] += timedelta(milliseconds=1)
            path = bundle(tmp_path / "b.zip", **wanted, **span)

            told = [row["seq"] for row in rows(entries(path)["records.jsonl"])]
            assert {intent.seq, outcome.seq} <= set(told), (wanted, span)
            verdict = checked(path)
            assert (verdict.code, f"counted by {among}" in verdict.said) == (0, True), (wanted, span, verdict.said)


def test_what_is_appended_while_it_is_counted_changes_nothing(
    real_db: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outcome of a change whose intent was passed over comes just before the export's own record."""
    teams = ledger_of(12)
    about = {"team": teams[0], "key_id": 4, "change": "00000000-0000-4000-8000-000000000001", "action": "key.edit"}
    append(**about, body={"changed": {"name": ["a", "b"]}})
    opened = book.opened

    def late() -> Any:
        monkeypatch.setattr(book, "opened", opened)
        append(**about, outcome="applied", body={"found": key_fields()})
        return opened()

    for wanted in ({"outcome": "applied"}, {"field": "name"}, {"team": teams[0].pk}, {"since": LONG_AGO}, {}):
        monkeypatch.setattr(book, "opened", late)
        verdict = checked(bundle(tmp_path / "b.zip", **wanted))
        assert verdict.code == 0, (wanted, verdict.said)
        about["change"] = f"{about['change'][:-1]}{int(about['change'][-1]) + 1}"  # type: ignore[index]
        append(**about, body={"changed": {"name": ["a", "b"]}})


def test_a_change_of_which_one_record_is_kept_back_is_seen(real_db: Any, tmp_path: Path) -> None:
    """By an honest digest over the others: it is then a change that nobody asked for."""
    teams = ledger_of(30)
    with mutated(choose, "chosen.add(of_changes(person, changes, high))", "pass"):
        path = bundle(tmp_path / "b.zip", outcome="confirmed")
        assert checked(path).code == 0  # alone they fit, and nothing can show what is not there
    with mutated(chosen.Chosen.add, "in records:", "in [r for r in records if r[2] != 'confirmed']:"):
        path = bundle(tmp_path / "b.zip", outcome="confirmed")
    verdict = checked(path)

    assert (verdict.code, "not what was asked for" in verdict.said) == (1, True), verdict.said
    assert teams


def test_an_auditors_own_key_number_without_a_team(real_db: Any, tmp_path: Path) -> None:
    ledger_of(30)

    path = bundle(tmp_path / "b.zip", key_id=2)

    record = Record.objects.get(action="ledger.export")
    assert (record.team_id, record.key_id) == (None, None)
    assert {json.loads(row["text"])["key_id"] for row in rows(entries(path)["records.jsonl"])} == {2}
    assert checked(path).code == 0 and "CANNOT be shown" in checked(path).said


def test_the_same_in_each_form(real_db: Any, tmp_path: Path) -> None:
    ledger_of(30)
    making.person("audrey", CompanyRole.AUDITOR)
    seqs = [
        [row["seq"] for row in rows(exported(Format.JSON_LINES, field="name").decode())],
        [int(line.split(b",")[0]) for line in exported(Format.CSV, field="name").split(b"\r\n")[1:] if line],
        [row["seq"] for row in rows(entries(bundle(tmp_path / "b.zip", field="name"))["records.jsonl"])],
    ]

    assert seqs[0] == seqs[1] == seqs[2] and len(seqs[0]) > 5
    assert checked(rewritten(tmp_path / "b.zip", lambda inside: None)).code == 0
