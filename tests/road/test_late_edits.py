"""Changes that cross: an edit that lands late or is settled late, beside a disable, another edit, or settling."""

import threading
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections

from keys.cometapi.client import CometClient
from keys.models import Change, ChangeState
from keys.services import settle
from keys.services.outcome import Held, Outcome
from tests.road.drive import beside
from tests.road.stage import Stage, wish


def settle_now(stage: Stage) -> None:
    settle.settle_key(team=stage.team, key_id=stage.key_id)


def wait_for(stage: Stage, **fields: Any) -> None:
    end = time.monotonic() + 10
    while {name: stage.stored()[name] for name in fields} != fields:
        assert time.monotonic() < end, stage.stored()
        time.sleep(0.01)


def let_waits_pass() -> None:
    """As if all that was sent until now had been sent an hour earlier."""
    past = timedelta(hours=1)
    for change in Change.objects.all():
        Change.objects.filter(pk=change.pk).update(
            created_at=change.created_at - past,
            read_at=change.read_at - past if change.read_at else None,
            sent_until=change.sent_until - past if change.sent_until else None,
            recheck_at=change.recheck_at - past if change.recheck_at else None,
        )


def test_an_edit_that_lands_and_ends_while_the_disable_awaits_its_reading_is_said_to_arrive(stage: Stage) -> None:
    """The reading was made before the edit landed; its answer comes when the edit is long done."""
    base = stage.read()
    edit_waits = stage.sandbox.pause("before", operation="update")
    with beside(lambda: stage.edit(wish(name="late"), base=base)) as edited:
        assert stage.sandbox.wait_paused(edit_waits)
        # The disable reads, writes and reads: it is the second reading whose answer waits.
        reading_waits = stage.sandbox.pause("after", operation="get", skip=1)
        with beside(stage.disable) as disabled:
            assert stage.sandbox.wait_paused(reading_waits)
            stage.sandbox.release(edit_waits)
            wait_for(stage, status=1, name="late")
            end = time.monotonic() + 5
            while Change.objects.get(kind="edit").state != ChangeState.DONE and time.monotonic() < end:
                time.sleep(0.01)
            stage.sandbox.release(reading_waits)

    assert edited[0].outcome is Outcome.CONFIRMED
    assert (disabled[0].outcome, disabled[0].earlier_may_arrive) == (Outcome.CONFIRMED, True)
    let_waits_pass()
    settle_now(stage)
    assert stage.stored()["status"] == 2


def test_a_disable_settled_while_an_earlier_edit_may_arrive_is_looked_at_again(stage: Stage) -> None:
    stage.sandbox.fault("applied_late", operation="update", delay=4.0, answer="504")
    stage.edit(wish(name="late"))
    stage.sandbox.fault("503", operation="get", skip=1, times=99)
    assert stage.disable().outcome is Outcome.UNKNOWN
    stage.sandbox.clear_faults()

    settle_now(stage)
    change = Change.objects.get(kind="disable")
    assert (change.outcome, change.result["earlier_may_arrive"]) == ("applied", True)
    wait_for(stage, status=1, name="late")
    let_waits_pass()
    settle_now(stage)

    assert stage.stored()["status"] == 2


def test_a_later_edit_does_not_keep_a_key_from_being_disabled_again(stage: Stage) -> None:
    stage.sandbox.fault("applied_late", operation="update", delay=1.5, answer="504")
    stage.edit(wish(name="late"))
    assert stage.disable().earlier_may_arrive
    wait_for(stage, status=1, name="late")
    Change.objects.filter(kind="edit").update(state=ChangeState.DONE)
    assert stage.edit(wish(group="vip")).outcome is Outcome.CONFIRMED
    let_waits_pass()

    settle_now(stage)

    assert stage.stored()["status"] == 2


def test_a_key_that_was_enabled_on_purpose_is_not_disabled_again(stage: Stage) -> None:
    stage.sandbox.fault("503", operation="update")
    stage.edit(wish(name="late"))
    assert stage.disable().earlier_may_arrive
    let_waits_pass()
    Change.objects.filter(kind="edit").update(state=ChangeState.DONE)
    assert stage.enable().outcome is Outcome.CONFIRMED

    settle_now(stage)

    assert stage.stored()["status"] == 1


def test_a_disable_that_settling_could_not_send_again_stays_open(stage: Stage) -> None:
    stage.sandbox.fault("503", operation="update", times=99)
    assert stage.disable().outcome is Outcome.UNKNOWN
    stage.sandbox.clear_faults()
    # Settling reads the key once; the disable that follows cannot.
    stage.sandbox.fault("503", operation="get", skip=1, times=99)

    settle_now(stage)
    stage.sandbox.clear_faults()
    settle_now(stage)

    assert stage.stored()["status"] == 2


def test_settling_with_an_old_row_does_not_call_a_sent_change_unsent(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settling read the row when nothing was sent yet; until it decides, the change is sent, unclear, and overtaken."""
    base, changes = stage.read(), list[Change]()
    take_rows = threading.Event()
    shipped = stage.sandbox.pause("after", operation="get")

    def edit() -> Any:
        return stage.edit(wish(name="late"), base=base)

    from keys.services import leases

    start = leases.start_sending

    def start_later(change: Change, sent_until: Any) -> bool:
        if not changes:
            changes.extend(settle.due())
            take_rows.set()
        return start(change, sent_until)

    monkeypatch.setattr(leases, "start_sending", start_later)
    stage.sandbox.fault("applied_late", operation="update", delay=1.0, answer="504")
    with beside(edit) as edited:
        assert stage.sandbox.wait_paused(shipped)
        stage.sandbox.release(shipped)
    assert take_rows.is_set() and edited[0].outcome is Outcome.UNKNOWN
    stage.disable()

    for change in changes:
        settle.settle_change(change, stage.team)
    connections["default"].ensure_connection()

    wait_for(stage, name="late")
    assert "not_sent" not in stage.outcomes()


def test_a_key_on_which_an_edit_may_still_land_is_held_after_a_disable_too(stage: Stage) -> None:
    """Else the late edit would silently undo what is saved meanwhile."""
    stage.sandbox.fault("applied_late", operation="update", delay=1.5, answer="504")
    stage.edit(wish(name="late"))
    assert stage.disable().earlier_may_arrive

    with pytest.raises(Held):
        stage.edit(wish(name="mine"))
    with pytest.raises(Held):
        stage.enable()
    assert stage.disable(change_id=uuid4()).outcome is Outcome.CONFIRMED

    wait_for(stage, name="late")
    let_waits_pass()
    settle_now(stage)
    assert stage.edit(wish(name="mine")).outcome is Outcome.CONFIRMED
    assert (stage.stored()["name"], stage.stored()["status"]) == ("mine", 2)


def test_what_a_later_change_may_have_undone_is_not_called_not_applied(stage: Stage, settings: Any) -> None:
    """The edit lands between the disable's reading and its update, which puts the old name back."""
    settings.WAITS = replace(settings.WAITS, disable_s=20.0)
    stage.sandbox.console_edit(stage.key_id, status=2)
    stage.sandbox.fault("applied_late", operation="update", delay=2.0, answer="504")
    stage.edit(wish(name="late"))
    held = stage.sandbox.pause("before", operation="update")
    with beside(stage.disable):
        assert stage.sandbox.wait_paused(held)
        wait_for(stage, name="late")
        stage.sandbox.release(held)
    assert stage.stored()["name"] == "staging"
    let_waits_pass()

    settle_now(stage)

    assert Change.objects.get(kind="edit").outcome == "other"


@pytest.mark.parametrize("theirs", [1, 2])
def test_a_status_that_somebody_sets_right_after_ours_is_not_overwritten(stage: Stage, theirs: int) -> None:
    """The second request is for servers whose full update leaves the status alone, not for winning a race."""
    stage.sandbox.interleave(when="after", operation="update", edit={"status": theirs})

    result = stage.edit(wish(name="mine", status=3))

    assert (result.outcome, dict(result.differs)) == (Outcome.DIFFERS, {"status": (3, theirs)})
    assert stage.stored()["status"] == theirs
    assert len(stage.puts()) == 1


def test_disabling_overrules_whoever_enables_right_after(stage: Stage) -> None:
    stage.sandbox.interleave(when="after", operation="update", edit={"status": 1})

    result = stage.edit(wish(name="mine", status=2))

    assert (result.outcome, stage.stored()["status"]) == (Outcome.CONFIRMED, 2)


def cut_off(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Change:
    """A disable whose process was killed a moment before it was sent, a while ago."""

    def killed(*args: Any, **more: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(CometClient, "put_key", killed)
        stage.disable()
    let_waits_pass()
    return Change.objects.get()


def test_a_disable_is_looked_at_while_settling_disables_its_key_once_more(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What settling has under way is no change of somebody else's: it is the end of this one too."""

    first = cut_off(stage, monkeypatch)
    put = stage.sandbox.pause("before", operation="update")

    with beside(lambda: settle_now(stage)):
        assert stage.sandbox.wait_paused(put)
        told = settle.change_result(first.pk, stage.team, stage.key_id)
        stage.sandbox.release(put)

    assert told and (told.outcome, told.why) == (Outcome.UNKNOWN, "under_way")
    ended = settle.change_result(first.pk, stage.team, stage.key_id)
    assert ended and ended.outcome is Outcome.CONFIRMED and stage.stored()["status"] == 2
    assert Change.objects.count() == 2


def test_a_disable_is_settled_while_somebody_disables_its_key_once_more(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What reads enabled then says nothing of how either ends."""
    first = cut_off(stage, monkeypatch)
    put = stage.sandbox.pause("before", operation="update")

    with beside(stage.disable):
        assert stage.sandbox.wait_paused(put)
        settle_now(stage)
        told = settle.change_result(first.pk, stage.team, stage.key_id)
        stage.sandbox.release(put)

    assert told and told.outcome is Outcome.UNKNOWN
    ended = settle.change_result(first.pk, stage.team, stage.key_id)
    assert ended and ended.outcome is Outcome.APPLIED and stage.stored()["status"] == 2
    assert Change.objects.count() == 2
