"""Spans of time in a house whose clock was set back: an honest bundle is proven, with what stands beside the span."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from keys.models import Record, Team
from tests.export.support import bundle, checked, entries, rewritten, rows
from tests.ledger.making import append, ledger_of


def test_a_clock_that_was_set_back_inside_a_span_is_no_gap(
    real_db: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    teams = ledger_of(20)
    since = Record.objects.order_by("-seq").values_list("time", flat=True)[0]
    append(team=teams[0])
    with monkeypatch.context() as patched:
        patched.setattr("keys.ledger.book._now", lambda: "2020-01-01T00:00:00.000000Z")
        append(team=teams[0])
    append(team=teams[0])

    path = bundle(tmp_path / "b.zip", team=teams[0].pk, since=since + timedelta(microseconds=1))

    assert len(rows(entries(path)["records.jsonl"])) == 2
    assert (checked(path).code, "counted by team_n" in checked(path).said) == (0, True), checked(path).said


SET_BACK = [
    ("behind it, no end", ["in", "in", "before", "before", "before"], False),
    ("behind it, with an end", ["in", "before", "before", "after", "after"], True),
    ("behind it, and no later one", ["in", "in", "before", "before"], True),
    ("before it", ["after", "after", "in", "in"], True),
    ("before it, with earlier ones", ["before", "after", "after", "in", "after"], True),
    ("before it, from the first on", ["after", "in"], True),
]


@pytest.mark.parametrize(("times", "ends"), [row[1:] for row in SET_BACK], ids=[row[0] for row in SET_BACK])
@pytest.mark.parametrize("of_team", [True, False], ids=["team", "all"])
def test_a_clock_that_was_set_back_beside_a_span_is_no_gap(
    real_db: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: list[str], ends: bool, of_team: bool
) -> None:
    hours = {"before": 9, "in": 10, "after": 11}
    team = Team.objects.create(slug="blue", name="Blue")
    for n, when in enumerate(times):
        told = f"2026-03-01T{hours[when]:02}:0{n}:00.000000Z"
        monkeypatch.setattr("keys.ledger.book._now", lambda told=told: told)
        append(team=team)
    monkeypatch.undo()
    day = datetime(2026, 3, 1, tzinfo=UTC)
    span = {"since": day.replace(hour=10), **({"until": day.replace(hour=11)} if ends else {})}
    path = bundle(tmp_path / "b.zip", **span, **({"team": team.pk} if of_team else {}))

    verdict = checked(path)

    assert (verdict.code, "None was left out" in verdict.said) == (0, True), verdict.said
    inside = entries(path)
    assert len(rows(inside["records.jsonl"])) == times.count("in")
    first = inside["neighbours.jsonl"].splitlines(keepends=True)[0]
    cut = rewritten(
        path, lambda altered: altered.update({"neighbours.jsonl": inside["neighbours.jsonl"][len(first) :]})
    )
    assert checked(cut).code == 1
