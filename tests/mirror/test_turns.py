"""Turns in a lane: what takes long, however often, keeps nothing else from being done."""

import time
from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from keys.models import Change, ChangeState, Job, Schedule, Team, WorkerLane
from keys.services import jobs, lanes, schedule, settle
from keys.services.outcome import Result
from keys.types import Deadline, Lane
from tests.road.stage import Stage, set_up, wish

TURNS = 12


@pytest.mark.parametrize(("lane", "slow"), [(Lane.URGENT, "settle"), (Lane.ORDINARY, "drift")])
def test_what_takes_longer_than_it_rests_lets_everything_else_have_its_turn(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, lane: Lane, slow: str
) -> None:
    ran: list[str] = []

    def stub(name: str, every_s: float) -> None:
        def run(until: Deadline) -> None:
            ran.append(name)
            if name == slow:
                time.sleep(2 * every_s)

        monkeypatch.setitem(schedule.SCHEDULE, name, schedule.Scheduled(every_s, lane, run))

    mine = [name for name, scheduled in schedule.SCHEDULE.items() if scheduled.lane is lane]
    for name in mine:
        stub(name, 0.05)
    monkeypatch.setitem(schedule.KINDS, "panic", lambda job, until: None)
    job = jobs.enqueue("panic", stage.team, lane=lane)

    for _ in range(TURNS):
        lanes.once(lane, "test")

    assert set(ran) == set(mine)
    assert Job.objects.get(pk=job.pk).status == Job.Status.DONE


def test_jobs_that_never_run_dry_let_the_schedule_have_its_turn(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(schedule.KINDS, "panic", lambda job, until: 0.0)
    jobs.enqueue("panic", stage.team, lane=Lane.URGENT)

    for _ in range(TURNS):
        lanes.once(Lane.URGENT, "test")

    assert not Schedule.objects.filter(ran_at=None).exists()


def test_it_is_due_again_only_so_long_after_it_was_over(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    over = []

    def run(until: Deadline) -> None:
        time.sleep(0.05)
        over.append(timezone.now())

    monkeypatch.setitem(schedule.SCHEDULE, "settle", schedule.Scheduled(9, Lane.URGENT, run))
    Schedule.objects.create(name="settle", next_run_at=timezone.now())
    schedule.run_scheduled("settle")

    assert Schedule.objects.get(name="settle").next_run_at >= over[0] + timedelta(seconds=9)


def test_a_sign_of_life_is_that_of_its_own_lane(stage: Stage) -> None:
    now = timezone.now()
    WorkerLane.objects.create(name="other", lane="ordinary", started_at=now, heartbeat_at=now)

    assert (lanes.is_running(Lane.ORDINARY), lanes.is_running(Lane.URGENT)) == (True, False)


def left_unknown(done: Result) -> Change:
    Change.objects.filter(pk=done.change_id).update(state=ChangeState.UNKNOWN, outcome="")
    return Change.objects.get(pk=done.change_id)


def test_one_disable_whose_reading_stalls_holds_up_no_other_disable(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stalls, other = left_unknown(stage.disable()), left_unknown(set_up(stage.sandbox).disable())

    looked_at = looks(monkeypatch, stalls=stalls)
    for _ in range(3):
        schedule.settle_due(Deadline.after(0.05))

    assert other.pk in looked_at


def test_disables_whose_readings_stall_hold_up_no_edit(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    edit = left_unknown(set_up(stage.sandbox).edit(wish(name="renamed")))
    stalls = left_unknown(stage.disable())

    looked_at = looks(monkeypatch, stalls=stalls)
    schedule.settle_due(Deadline.after(0.05))

    assert looked_at == [stalls.pk, edit.pk]


def looks(monkeypatch: pytest.MonkeyPatch, *, stalls: Change) -> list[UUID]:
    """The changes that are looked at, none of which ends; one takes more than a slice, and may be looked at at once."""
    looked_at: list[UUID] = []

    def look(change: Change, team: Team) -> None:
        looked_at.append(change.pk)
        if change.pk == stalls.pk:
            time.sleep(0.1)
            Change.objects.filter(pk=change.pk).update(looked_at=timezone.now() - timedelta(minutes=1))

    monkeypatch.setattr(settle, "settle_change", look)
    return looked_at
