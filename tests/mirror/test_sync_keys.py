"""`manage.py sync_keys`: lines of real progress, every team though one is in trouble, an exit status that says so."""

from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.mirror.support import drifts, row, unlike
from tests.road.stage import Stage, set_up


def run(*slugs: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("sync_keys", *slugs, stdout=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


def test_it_lists_every_team_and_looks_for_drift(stage: Stage) -> None:
    other = set_up(stage.sandbox)
    assert run() == (0, f"{stage.team.slug}: 1 key listed\n{other.team.slug}: 1 key listed\n")
    stage.sandbox.console_edit(stage.key_id, name="theirs")

    assert run(stage.team.slug)[0] == 0

    assert unlike(stage) == unlike(other) == []
    assert len(drifts(stage)) == 1


def test_progress_is_told_while_it_goes_on(stage: Stage, settings: Any) -> None:
    for number in range(105):
        stage.sandbox.add_key(stage.account, name=f"key {number}")
    settings.WAITS = replace(settings.WAITS, slice_s=0.0)

    _, told = run()

    assert f"{stage.team.slug}: 100 of 106 keys\n" in told
    assert told.endswith(f"{stage.team.slug}: all 106 keys listed\n")


def test_trouble_of_one_team_holds_up_no_other(stage: Stage) -> None:
    other = set_up(stage.sandbox)
    stage.sandbox.fault("401_json", operation="list", times=1)

    code, told = run()

    assert code == 1
    assert f"{stage.team.slug}: token_refused: " in told
    assert f"{other.team.slug}: 1 key listed" in told
    assert row(other).name == "staging"


def test_an_unknown_team_is_said(stage: Stage) -> None:
    with pytest.raises(CommandError, match=r"There is no team absent\."):
        run("absent")


def test_a_ledger_that_cannot_be_written_is_said(stage: Stage, settings: Any) -> None:
    run()
    stage.sandbox.console_edit(stage.key_id, name="theirs")
    settings.LEDGER_KEYS = {}

    code, told = run()

    assert (code, drifts(stage), row(stage).suspect) == (1, [], True)
    assert "No ledger key is set" in told
