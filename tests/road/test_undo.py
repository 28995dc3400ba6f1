"""Undoing one change: the inverse of exactly that, against what is there now, in every dialect."""

import time
from typing import Any
from uuid import UUID, uuid4

import pytest

from keys.errors import Denied, Invalid
from keys.ledger.finding import body_of
from keys.models import Change, Person, Record
from keys.services.outcome import ChangeIdTaken, Conflict, LeavesNothing, Outcome, Result
from keys.services.undo import NotUndoable, can_be_undone, undo_change
from tests.road.stage import Stage, wish
from tests.road.test_edit import EDITABLE, LATER


def undo(stage: Stage, done: Result, *, change_id: UUID | None = None, person: Person | None = None) -> Result:
    return undo_change(
        person=person or stage.lead,
        actor=stage.actor,
        team=stage.team,
        key_id=stage.key_id,
        undone=Change.objects.get(pk=done.change_id),
        change_id=change_id or uuid4(),
    )


def settings(stage: Stage) -> dict[str, Any]:
    return {name: value for name, value in stage.stored().items() if name in EDITABLE}


EDITS: dict[str, dict[str, Any]] = {
    "name": {"name": "staging-2"},
    "allowlist": {"allow_ips": "203.0.113.0/24"},
    "models": {"model_limits": "gpt-4o", "model_limits_enabled": True},
    "expiry": {"expired_time": LATER},
    "unlimited": {"unlimited_quota": True},
    "group": {"group": "auto", "cross_group_retry": True},
    "set": {"quota": ("set", 42)},
    "add": {"quota": ("add", 42), "name": "more"},
    "take": {"quota": ("take", 42)},
    "status": {"status": 2, "name": "off"},
}


def test_each_edit_is_taken_back(everywhere: Stage) -> None:
    before = settings(everywhere)
    for name, asked in EDITS.items():
        done = everywhere.edit(wish(**asked))
        assert settings(everywhere) != before, name

        result = undo(everywhere, done)

        assert (result.outcome, settings(everywhere)) == (Outcome.CONFIRMED, before), name


def test_it_is_recorded_and_names_what_it_answers(stage: Stage) -> None:
    done = stage.edit(wish(name="staging-2"))

    undo(stage, done)

    intent, _outcome, undoing, undone = stage.records()
    assert (undoing.action, undoing.outcome, undone.outcome) == ("key.edit", "", "confirmed")
    assert undoing.actor == stage.lead.username and undoing.change != intent.change
    body = body_of(undoing.text)
    assert (body["answers"], body["changed"]) == (intent.seq, {"name": ["staging-2", "staging"]})


def test_a_top_up_is_taken_away_and_what_was_spent_stays_spent(everywhere: Stage) -> None:
    done = everywhere.edit(wish(quota=("add", 50_000)))
    everywhere.sandbox.spend(everywhere.key_id, 700)

    result = undo(everywhere, done)

    assert result.outcome is Outcome.CONFIRMED
    assert (everywhere.stored()["remain_quota"], everywhere.stored()["used_quota"]) == (99_300, 700)


@pytest.mark.parametrize(("spent", "left"), [(149_000, 1_000), (100_000, 50_000), (150_000, 0), (151_000, -1_000)])
def test_a_top_up_that_is_spent_is_not_taken_away_unseen(everywhere: Stage, spent: int, left: int) -> None:
    done = everywhere.edit(wish(quota=("add", 50_000), name="more"))
    everywhere.sandbox.spend(everywhere.key_id, spent)
    before = (everywhere.records(), everywhere.sandbox.writes())

    with pytest.raises(LeavesNothing) as refused:
        undo(everywhere, done)

    assert refused.value.live.settings.remain_quota == left == everywhere.stored()["remain_quota"]
    assert (everywhere.records(), everywhere.sandbox.writes()) == before


def test_of_a_key_without_a_quota_it_is_taken_away_all_the_same(everywhere: Stage) -> None:
    done = everywhere.edit(wish(quota=("add", 50_000)))
    everywhere.edit(wish(unlimited_quota=True))
    everywhere.sandbox.spend(everywhere.key_id, 149_000)

    assert undo(everywhere, done).outcome is Outcome.CONFIRMED and everywhere.stored()["remain_quota"] == 0


def test_what_was_set_lower_is_added_again_less_what_was_spent(everywhere: Stage) -> None:
    everywhere.sandbox.spend(everywhere.key_id, 1_000)
    done = everywhere.edit(wish(quota=("set", 5_000)))
    everywhere.sandbox.spend(everywhere.key_id, 300)

    undo(everywhere, done)

    assert everywhere.stored()["remain_quota"] == 99_000 - 300


def test_somebody_else_s_change_of_the_same_field_is_a_conflict(everywhere: Stage) -> None:
    done = everywhere.edit(wish(name="mine"))
    everywhere.sandbox.console_edit(everywhere.key_id, name="theirs")
    count = len(everywhere.puts())

    with pytest.raises(Conflict) as conflict:
        undo(everywhere, done)

    assert conflict.value.fields == {"name": ("mine", "theirs", "staging")}
    assert len(everywhere.puts()) == count and everywhere.stored()["name"] == "theirs"


def test_somebody_else_s_top_up_since_is_a_conflict(stage: Stage) -> None:
    done = stage.edit(wish(quota=("add", 50_000)))
    stage.sandbox.console_edit(stage.key_id, remain_quota=200_000)

    with pytest.raises(Conflict):
        undo(stage, done)

    assert stage.stored()["remain_quota"] == 200_000


def test_other_fields_that_moved_since_are_kept(everywhere: Stage) -> None:
    done = everywhere.edit(wish(name="mine"))
    everywhere.sandbox.console_edit(everywhere.key_id, allow_ips="203.0.113.9", group="vip")

    assert undo(everywhere, done).outcome is Outcome.CONFIRMED
    stored = everywhere.stored()
    assert (stored["name"], stored["allow_ips"], stored["group"]) == ("staging", "203.0.113.9", "vip")


def test_what_somebody_has_put_back_already_is_not_sent(stage: Stage) -> None:
    done = stage.edit(wish(name="mine"))
    stage.sandbox.console_edit(stage.key_id, name="staging")
    count = len(stage.puts())

    assert undo(stage, done).outcome is Outcome.UNCHANGED
    assert len(stage.puts()) == count


def test_a_disable_is_undone_by_enabling(everywhere: Stage) -> None:
    before = settings(everywhere)
    done = everywhere.disable()

    result = undo(everywhere, done)

    assert (result.outcome, settings(everywhere)) == (Outcome.CONFIRMED, before)
    assert [r.action for r in everywhere.records()] == ["key.disable"] * 2 + ["key.enable"] * 2


def test_what_disabling_had_to_alter_is_put_back(stage: Stage) -> None:
    stage.sandbox.console_edit(stage.key_id, name="密" * 20, group="vip")
    stage.sandbox.configure(name_rule="bytes")
    before = settings(stage)
    done = stage.disable()
    assert stage.stored()["name"] == "密" * 16
    stage.sandbox.configure(name_rule="chars")

    undo(stage, done)

    assert settings(stage) == before


def test_an_enable_is_undone_by_disabling(everywhere: Stage) -> None:
    everywhere.sandbox.console_edit(everywhere.key_id, status=2)
    done = everywhere.enable()

    result = undo(everywhere, done)

    assert (result.outcome, everywhere.stored()["status"]) == (Outcome.CONFIRMED, 2)
    assert everywhere.records()[-1].action == "key.disable"


def test_a_key_that_somebody_disabled_again_is_not_enabled(stage: Stage) -> None:
    done = stage.disable()
    stage.disable()

    with pytest.raises(NotUndoable):
        undo(stage, done)

    assert stage.stored()["status"] == 2


def test_a_key_that_expired_meanwhile_is_not_enabled(stage: Stage) -> None:
    done = stage.disable()
    stage.sandbox.console_edit(stage.key_id, expired_time=int(time.time()) - 60)

    with pytest.raises(Invalid):
        undo(stage, done)

    assert stage.stored()["status"] == 2


def test_disabling_what_was_disabled_is_nothing_to_undo(stage: Stage) -> None:
    stage.sandbox.console_edit(stage.key_id, status=2)
    done = stage.disable()

    assert not can_be_undone(done)
    with pytest.raises(NotUndoable):
        undo(stage, done)


def test_a_double_press_is_one_change(stage: Stage) -> None:
    done, change_id = stage.edit(wish(quota=("add", 500))), uuid4()

    first, second = (undo(stage, done, change_id=change_id) for _ in range(2))

    assert (first.outcome, first.record_seq) == (second.outcome, second.record_seq)
    assert stage.stored()["remain_quota"] == 100_000 and len(stage.puts()) == 2


def test_the_id_of_another_change_is_refused(stage: Stage) -> None:
    done = stage.edit(wish(name="mine"))

    with pytest.raises(ChangeIdTaken):
        undo(stage, done, change_id=done.change_id)

    assert stage.stored()["name"] == "mine"


def test_an_undo_is_undone(everywhere: Stage) -> None:
    done = everywhere.edit(wish(name="mine", quota=("add", 500)))

    again = undo(everywhere, undo(everywhere, done))

    assert again.outcome is Outcome.CONFIRMED
    assert (everywhere.stored()["name"], everywhere.stored()["remain_quota"]) == ("mine", 100_500)


@pytest.mark.parametrize("kind", ["refusal", "503"])
def test_what_did_not_come_about_is_not_undone(stage: Stage, kind: str) -> None:
    stage.sandbox.fault(kind, operation="update", times=1)
    done = stage.edit(wish(name="mine"))

    with pytest.raises(NotUndoable):
        undo(stage, done)

    assert len(stage.puts()) == 1


def test_upstream_trouble_is_told_as_of_any_change(stage: Stage) -> None:
    done = stage.edit(wish(name="mine"))
    stage.sandbox.fault("refusal", operation="update", times=1)
    assert undo(stage, done).outcome is Outcome.REFUSED

    stage.sandbox.fault("500_after", operation="update", times=1)
    assert undo(stage, done).outcome in (Outcome.APPLIED, Outcome.UNKNOWN)
    assert stage.stored()["name"] == "staging"


def test_a_stranger_is_refused_with_a_record(stage: Stage) -> None:
    done = stage.edit(wish(name="mine"))
    count = len(stage.puts())

    with pytest.raises(Denied):
        undo(stage, done, person=Person.objects.create_user("stranger"))

    assert len(stage.puts()) == count
    assert Record.objects.filter(action="access.denied").count() == 1


def test_undoing_a_disable_leaves_alone_what_an_earlier_one_had_to_alter(stage: Stage) -> None:
    """Somebody enabled it in the console in between, and it lived on like that."""
    stage.sandbox.console_edit(stage.key_id, group="gone")
    assert "group" in stage.disable().altered
    stage.sandbox.console_edit(stage.key_id, status=1)
    second = stage.disable()

    result = undo(stage, second)

    assert (result.outcome, dict(result.changed)) == (Outcome.CONFIRMED, {"status": (2, 1)})
    assert (stage.stored()["status"], stage.stored()["group"]) == (1, "")
