"""`manage.py export_ledger`: the same filters, a file that is whole or not there."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from keys.models import Record, Team
from keys.types import Actor, ActorKind
from tests.export.support import outside, rows
from tests.ledger.making import append


def export(*arguments: str) -> str:
    err = StringIO()
    call_command("export_ledger", *arguments, stderr=err)
    return err.getvalue()


def test_a_bundle_that_an_outsider_proves(real_db: Any, tmp_path: Path) -> None:
    team = Team.objects.create(slug="blue", name="Blue")
    append()
    append(team=team)

    said = export("--output", str(tmp_path / "b.zip"), "--team", "blue")

    assert said.startswith("1 record, told as 1 entry; this export is record 3\n")
    verdict = outside(tmp_path / "b.zip")
    assert (verdict.code, "counted by team_n" in verdict.said) == (0, True), verdict.said
    assert [file.name for file in tmp_path.iterdir()] == ["b.zip"]


def test_filters_by_time(real_db: Any, tmp_path: Path) -> None:
    append()
    append()
    time = Record.objects.get(seq=2).time.isoformat()

    export("--output", str(tmp_path / "r.jsonl"), "--format", "jsonl", "--since", time)

    assert [row["seq"] for row in rows((tmp_path / "r.jsonl").read_text())] == [2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--team", "nobody"], "there is no team"),
        (["--team", "77"], "There is no such team"),
        (["--text", "sk-abcdefghijklmnop1234567890"], "looks like a secret"),
        (["--value", "sk-abcdefghijklmnop1234567890"], "looks like a secret"),
        (["--action", "sk-abcdefghijklmnop1234567890"], "looks like a secret"),
        (["--action", "key.fly"], "action: There is no such thing in the history"),
        (["--action", "KEY.EDIT"], "action: There is no such thing"),
        (["--outcome", "good"], "outcome: There is no such thing"),
        (["--field", "secret"], "field: There is no such thing"),
        (["--actor", "nobody"], "actor: Nobody of this name has done anything that is recorded"),
        (["--actor", "#77"], "actor: Nobody of this name"),
        (["--text", "\udcff"], "text: This is no text"),
        (["--action", "\udcff"], "action: This is no text"),
        (["--team", "\udcff"], "there is no team"),
        (["--since", "2026-03-02", "--until", "2026-03-01"], "not after the beginning"),
        (["--since", "yesterday"], "invalid"),
        (["--key", "99999999999999999999"], "No key has such a number"),
        (["--team", "blue", "--key", "-99999999999999999999"], "No key has such a number"),
        (["--team", "99999999999999999999"], "There is no such team"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_recorded(
    real_db: Any, tmp_path: Path, arguments: list[str], words: str
) -> None:
    Team.objects.create(slug="blue", name="Blue")

    with pytest.raises(CommandError, match=words) as refused:
        export("--output", str(tmp_path / "b.zip"), *arguments)

    assert "\n" not in str(refused.value)

    assert not list(tmp_path.iterdir()) and not Record.objects.exists()


def test_what_was_recorded_once_can_be_asked_for_whatever_it_is_called(real_db: Any, tmp_path: Path) -> None:
    append(action="key.retired", outcome="odd", actor=Actor(ActorKind.PERSON, "7", "Lea"))
    target = tmp_path / "r.jsonl"

    asked = ("--action", "key.retired", "--outcome", "odd", "--actor", "#7", "--field", "")
    export("--output", str(target), "--format", "jsonl", *asked)

    assert [row["seq"] for row in rows(target.read_text())] == [1]


def test_a_request_id_is_taken_with_dashes_as_pages_tell_it(real_db: Any, tmp_path: Path) -> None:
    append(actor=Actor(ActorKind.PERSON, "7", "Lea", request_id="0123456789abcdef" * 2))
    target = tmp_path / "r.jsonl"

    export("--output", str(target), "--format", "jsonl", "--request-id", "01234567-89ab-cdef-0123-456789abcdef")

    assert [row["seq"] for row in rows(target.read_text())] == [1]


def test_nothing_is_overwritten(real_db: Any, tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_text("mine")

    with pytest.raises(CommandError, match="nothing was overwritten"):
        export("--output", str(tmp_path / "b.zip"))
    with pytest.raises(CommandError, match="No such file"):
        export("--output", str(tmp_path / "nowhere" / "b.zip"))

    assert (tmp_path / "b.zip").read_text() == "mine"
