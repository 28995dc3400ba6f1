"""Enabling again exactly what one press has disabled: not what was disabled before, not what was touched since."""

from typing import Any

import pytest

from keys.errors import Denied
from keys.ledger.finding import body_of
from keys.models import Record, TeamRole
from keys.services.panic import pressing
from keys.services.panic.pressing import NothingToUndo
from tests.mirror.support import sync
from tests.panic.scene import Scene
from tests.road.stage import wish


def settings_of(scene: Scene) -> dict[int, dict[str, Any]]:
    stored = {record["id"]: record for record in scene.sandbox.keys(scene.stage.account)}
    moving = ("accessed_time", "used_quota")
    return {key: {name: value for name, value in one.items() if name not in moving} for key, one in stored.items()}


def test_it_enables_exactly_what_was_enabled(everywhere: Scene) -> None:
    was = settings_of(everywhere)
    panic = everywhere.work(everywhere.press())

    undo = everywhere.work(everywhere.undo(panic))

    now = settings_of(everywhere)
    # Those whose own settings keep them from being enabled stay as they are, and are said.
    usual = {key for key, one in was.items() if one["status"] == 1 and one["name"].startswith(("key", "staging"))}
    done = set(undo.items.filter(state="done").values_list("key_id", flat=True))
    assert len(usual) == 7 and usual <= done and not done & everywhere.before
    # A quota below zero is no quota that could be put back (cometapi.md, trap 7).
    same = {key for key in done if was[key]["name"] != "overspent"}
    assert {key: now[key] for key in same} == {key: was[key] for key in same}
    assert {key for key, one in now.items() if one["status"] == 1} == done
    assert all(everywhere.sandbox.key(key)["status"] == 2 for key in everywhere.before)


def test_it_is_recorded_and_each_change_names_it(scene: Scene) -> None:
    panic = scene.work(scene.press())
    undo = scene.work(scene.undo(panic))

    begun = Record.objects.get(seq=undo.record_seq)
    assert begun.action == "keys.panic_undo"
    assert body_of(begun.text) == {"keys": undo.items.count(), "answers": panic.record_seq}
    intents = [record for record in scene.records("key.enable") if not record.outcome]
    assert {body_of(record.text)["part_of"] for record in intents} == {undo.record_seq}
    disables = {record.seq for record in scene.records("key.disable") if not record.outcome}
    assert {body_of(record.text)["answers"] for record in intents} <= disables


def test_what_was_touched_since_is_left(scene: Scene) -> None:
    others = scene.ids[-4:-1]
    panic = scene.work(scene.press())
    scene.stage.edit(wish(name="renamed here"))
    scene.sandbox.console_edit(others[0], name="renamed there")
    scene.sandbox.console_edit(others[1], status=1)
    scene.stage.on(others[2]).disable()

    undo = scene.work(scene.undo(panic))

    for key_id in (scene.stage.key_id, *others):
        assert (scene.item(undo, key_id).state, scene.item(undo, key_id).why) == ("left", "changed")
    for key_id in (scene.stage.key_id, others[0], others[2]):
        assert scene.sandbox.key(key_id)["status"] == 2
    assert scene.job(undo).status == "failed" and "keys do not read enabled" in scene.job(undo).error


def test_what_came_back_and_was_disabled_again_is_among_them(scene: Scene) -> None:
    panic = scene.work(scene.press(), check=False)
    scene.sandbox.console_edit(scene.stage.key_id, status=1)
    panic = scene.work(panic)
    undo = scene.work(scene.undo(panic))
    assert scene.item(undo, scene.stage.key_id).state == "done"
    assert scene.sandbox.key(scene.stage.key_id)["status"] == 1


def test_an_expired_key_is_left_and_said(scene: Scene) -> None:
    undo = scene.work(scene.undo(scene.work(scene.press())))
    item = undo.items.get(name="expired")
    assert (item.state, item.why) == ("left", "lapsed") and item.message
    assert scene.sandbox.key(item.key_id)["status"] == 2


def test_a_second_press_is_the_first_ones_and_then_there_is_nothing_left(scene: Scene) -> None:
    panic = scene.work(scene.press())
    first = scene.undo(panic)
    assert scene.undo(panic) == first
    scene.work(first)
    left = set(pressing.undoable(panic))
    assert left == set(first.items.exclude(state="done").values_list("key_id", flat=True))
    with pytest.raises(NothingToUndo):
        scene.undo(first)


def test_not_while_it_goes_on_but_while_it_waits_for_its_check(scene: Scene) -> None:
    panic = scene.press()
    with pytest.raises(NothingToUndo):
        scene.undo(panic)
    panic = scene.work(panic, check=False)
    undo = scene.undo(panic)
    panic.refresh_from_db()
    assert (panic.phase, scene.job(panic).status) == ("over", "done")
    scene.work(undo)
    assert scene.item(undo, scene.stage.key_id).state == "done"


def test_a_new_press_ends_an_undo(scene: Scene) -> None:
    panic = scene.work(scene.press())
    undo = scene.undo(panic)
    scene.sandbox.console_edit(scene.stage.key_id, status=1)
    sync(scene.stage.team)
    again = scene.press()
    undo.refresh_from_db()
    assert undo.phase == "over" and scene.job(undo).status == "done"
    scene.work(again)
    assert scene.enabled() == set()


def test_a_member_cannot(scene: Scene) -> None:
    panic = scene.work(scene.press(), check=False)
    scene.stage.lead.memberships.update(role=TeamRole.MEMBER)
    with pytest.raises(Denied):
        scene.undo(panic)
    assert scene.enabled() == set()


def test_a_timeout_is_settled_before_anything_is_said(scene: Scene) -> None:
    panic = scene.work(scene.press())
    undo = scene.undo(panic)
    scene.sandbox.fault("500_after", operation="update", times=3)
    scene.sandbox.fault("500_before", operation="get", skip=2, times=5)
    undo = scene.work(undo)
    for item in undo.items.filter(state="done"):
        assert scene.sandbox.key(item.key_id)["status"] == 1
    assert not undo.items.filter(state__in=("unknown", "sending", "waiting")).exists()
