"""CSV and JSON Lines: everything that matches, as it was recorded, and nothing that a spreadsheet would run."""

import csv
import io
import json
import time
from typing import Any

import pytest

from keys.csvsafe import FORMULA, harmless
from keys.ledger import chain
from keys.models import Record, Team
from keys.services.exporting import Format
from tests.export.support import exported, rows
from tests.ledger.making import HOSTILE, append, change, ledger_of


def read_csv(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline=""), strict=True))


def test_json_lines_hold_the_text_that_was_hashed(real_db: Any) -> None:
    ledger_of(20)
    written = list(Record.objects.order_by("seq"))

    lines = exported(Format.JSON_LINES).decode().splitlines()

    assert [json.loads(line)["seq"] for line in lines] == [record.seq for record in written]
    for line, record in zip(lines, written, strict=True):
        assert json.loads(line)["record"] == json.loads(record.text)
        text = line.partition(',"record":')[2][:-1]
        assert chain.digest_of(text) == json.loads(line)["digest"]


def test_csv_is_read_back_as_it_was(real_db: Any) -> None:
    team = Team.objects.create(slug="blue", name='Blue, "quoted"\r\nand more')
    change(team, 4, name=HOSTILE)
    append(reason='=HYPERLINK("http://evil.example")\nsecond line, with comma')
    written = list(Record.objects.order_by("seq"))

    data = exported(Format.CSV)

    assert data.count(b"\r\n") >= 4 and data.endswith(b"\r\n")
    found = read_csv(data)
    assert [row["seq"] for row in found] == ["1", "2", "3"]
    assert [row["text"] for row in found] == [record.text for record in written]
    assert [row["team"] for row in found] == [record.team for record in written]
    assert found[2]["reason"] == "'" + written[2].reason


@pytest.mark.parametrize("begin", FORMULA)
def test_no_cell_is_a_formula(begin: str) -> None:
    for blank in ("", " ", "\u3000", "'", '"', " \u00a0'"):
        text = f"{blank}{begin}cmd()"
        assert harmless(text) == f"'{text}"
        # Where lists are separated by `;`, a cell with commas is cut there and at its line ends.
        assert harmless(f"x;{text}; {text}\n{text}") == f"x;'{text};' {text}\n'{text}"
        assert harmless(f"\n{text}") == f"'\n'{text}"


@pytest.mark.parametrize("text", ["a=b", "x; y", "x;y=1", "a;;b;", "one\ntwo", ";", "'quoted'", "", "C++; C--"])
def test_what_begins_no_formula_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


def test_blanks_and_separators_without_end_are_read_once() -> None:
    started = time.perf_counter()

    harmless("; \n'" * 250_000)

    assert time.perf_counter() - started < 5


def test_no_cell_of_an_export_is_a_formula_and_numbers_stay_numbers(real_db: Any) -> None:
    change(Team.objects.create(slug="blue", name="|calc"), 4, name="x;=cmd|'/c calc'!A0")

    (row, *_) = read_csv(exported(Format.CSV))

    assert (row["team"], row["key_name"]) == ("'|calc", "x;'=cmd|'/c calc'!A0")
    assert row["key_id"] == "4" and ";=" not in row["text"]


def test_the_filters_are_exactly_those_asked_for(real_db: Any) -> None:
    """A change is told by all its records, whichever of them matches."""
    teams = ledger_of(60)
    times = list(Record.objects.order_by("seq").values_list("time", flat=True))
    asked: list[tuple[dict[str, Any], Any]] = [
        ({"team": teams[0].pk}, lambda r: r.team_id == teams[0].pk),
        ({"team": teams[0].pk, "key_id": 2}, lambda r: r.team_id == teams[0].pk and r.key_id == 2),
        ({"actor": "Léa Müller"}, lambda r: r.actor == "Léa Müller"),
        ({"actor": "#900007"}, lambda r: r.actor_id == "900007"),
        ({"action": "key.edit", "outcome": "unknown"}, lambda r: (r.action, r.outcome) == ("key.edit", "unknown")),
        ({"since": times[10], "until": times[40]}, lambda r: times[10] <= r.time < times[40]),
        ({"text": "OFFICE"}, lambda r: "office" in r.reason),
    ]
    before = list(Record.objects.order_by("seq"))
    for wanted, fits in asked:
        found = [
            row["seq"] for row in rows(exported(Format.JSON_LINES, **wanted).decode()) if row["seq"] <= len(before)
        ]
        changes = {record.change for record in before if fits(record)} - {""}
        assert found == [record.seq for record in before if fits(record) or record.change in changes], wanted
        assert found, wanted


def test_each_export_is_a_record(real_db: Any) -> None:
    team = Team.objects.create(slug="blue", name="Blue")
    append(team=team, key_id=4)

    exported(Format.CSV, team=team.pk, key_id=4)

    record = Record.objects.get(action="ledger.export")
    body = json.loads(record.text)["body"]
    assert (record.team_id, record.key_id, record.team_n, record.key_n) == (team.pk, 4, 2, 2)
    assert (body["count"], body["format"], body["filter"]) == (1, "csv", {"team": team.pk, "key_id": 4})
