"""Keys that CometAPI stalls at hold up no other: each slice goes on behind the key, and the team, of the last one."""

from dataclasses import dataclass
from typing import Any

import pytest

from keys.cometapi.client import CometClient
from keys.errors import Unclear
from keys.services import drift
from keys.types import Deadline, KeySnapshot
from tests.mirror.support import drifts, row, sync
from tests.mirror.test_sync_keys import run
from tests.road.stage import Stage, set_up


@dataclass
class Slice:
    """The time of one slice, over when a test says so."""

    passed: bool = False

    def within(self, seconds: float) -> Deadline:
        return Deadline.after(30)


@dataclass
class Stalled:
    """CometAPI, which takes the rest of a slice, and more, to say nothing of some keys."""

    keys: set[int]
    slice: Slice

    def examine_all(self, slices: int) -> None:
        for _ in range(slices):
            self.slice.passed = False
            drift.examine_all(self.slice)  # type: ignore[arg-type]


@pytest.fixture
def stalled(monkeypatch: pytest.MonkeyPatch) -> Stalled:
    told = Stalled(set(), Slice())
    whole = CometClient.get_key

    def get(client: CometClient, key_id: int, deadline: Deadline) -> KeySnapshot:
        if key_id in told.keys:
            told.slice.passed = True
            raise Unclear("nothing came", kind="timeout")
        return whole(client, key_id, deadline)

    monkeypatch.setattr(CometClient, "get_key", get)
    return told


def changed_elsewhere(*stages: Stage) -> None:
    """Their keys read otherwise in a listing; none of them was looked at yet."""
    for stage in stages:
        stage.sandbox.console_edit(stage.key_id, name="theirs")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(drift, "examine", lambda *_: True)
            sync(stage.team)
        assert row(stage).suspect


def test_of_one_team(stage: Stage, stalled: Stalled) -> None:
    others = [stage.on(stage.sandbox.add_key(stage.account, name="staging")) for _ in range(2)]
    sync(stage.team)
    changed_elsewhere(stage, *others)
    stalled.keys = {other.key_id for other in others}  # CometAPI lists the newest first

    stalled.examine_all(3)

    assert [found.key_id for found in drifts(stage)] == [stage.key_id]


def test_of_another_team(stage: Stage, stalled: Stalled) -> None:
    far = set_up(stage.sandbox)
    sync(stage.team)
    sync(far.team)
    changed_elsewhere(stage, far)
    stalled.keys = {stage.key_id}

    stalled.examine_all(2)

    assert len(drifts(far)) == 1


def test_the_command_ends_and_says_what_it_could_not_look_at(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    other = stage.on(stage.sandbox.add_key(stage.account, name="staging"))
    sync(stage.team)
    changed_elsewhere(stage, other)
    slices = iter(range(3))

    def examine(*_: Any) -> bool:
        next(slices)  # the one of the listing, and one for each key
        return False

    monkeypatch.setattr(drift, "examine", examine)

    code, told = run(stage.team.slug)

    last = f"{stage.team.slug}: 2 keys may have been changed elsewhere and are still to be looked at\n"
    assert code == 0 and told.endswith(last)
