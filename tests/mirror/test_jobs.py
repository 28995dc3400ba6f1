"""Jobs and the schedule: asked for once, claimed once, fenced, taken over, forgotten."""

from datetime import timedelta

import pytest
from django.utils import timezone

from keys.errors import CometAdminError
from keys.models import Change, Job, Schedule, WorkerLane
from keys.services import jobs, lanes, schedule
from keys.types import Lane
from tests.mirror.support import state, unlike
from tests.road.stage import Stage, wish


def test_asked_for_twice_is_done_once(stage: Stage) -> None:
    first = jobs.enqueue("sync", stage.team, asked_by="Lena")

    assert jobs.enqueue("sync", stage.team).pk == first.pk
    assert jobs.claim(Lane.ORDINARY) == first
    assert jobs.enqueue("sync", stage.team).pk == first.pk
    assert jobs.claim(Lane.ORDINARY) is None


def test_a_lane_takes_only_its_own(stage: Stage) -> None:
    jobs.enqueue("sync", stage.team)

    assert jobs.claim(Lane.URGENT) is None


def test_what_a_dead_process_left_is_taken_over_and_the_process_fenced_off(stage: Stage) -> None:
    jobs.enqueue("sync", stage.team)
    first = jobs.claim(Lane.ORDINARY)
    assert first and jobs.reap() == 0
    Job.objects.update(heartbeat_at=timezone.now() - timedelta(hours=1))

    assert (jobs.reap(), jobs.reap()) == (1, 0)
    second = jobs.claim(Lane.ORDINARY)

    assert second and second.pk == first.pk
    with pytest.raises(jobs.Fenced):
        jobs.end(first)
    with pytest.raises(jobs.Fenced):
        jobs.requeue(first)
    with pytest.raises(jobs.Fenced):
        jobs.beat(first, done=1, total=1)
    jobs.end(second)
    assert Job.objects.get().status == Job.Status.DONE


def test_a_lane_does_what_is_due_and_the_jobs_that_come_of_it(stage: Stage) -> None:
    for _ in range(10):
        lanes.once(Lane.ORDINARY, "test")

    assert unlike(stage) == []
    job = Job.objects.get()
    assert (job.status, job.done, job.total, job.error) == ("done", 1, 1, "")
    names = {"sync", "drift", "verify", "ship", "denials", "prune"}
    assert set(Schedule.objects.values_list("name", flat=True)) == names
    assert lanes.is_running(Lane.ORDINARY)
    assert state(stage).listed_at is not None


def test_the_urgent_lane_settles_what_is_unknown(stage: Stage) -> None:
    stage.sandbox.fault("500_after", operation="update", times=1)
    stage.sandbox.fault("500_before", operation="get", skip=2, times=99)
    stage.edit(wish(name="renamed"))
    stage.sandbox.clear_faults()

    lanes.once(Lane.URGENT, "test")

    assert Change.objects.get().outcome == "applied"


def test_what_is_due_is_claimed_by_one_process_alone(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    rare = {name: one._replace(every_s=3600) for name, one in schedule.SCHEDULE.items()}  # none is due again meanwhile
    monkeypatch.setattr(schedule, "SCHEDULE", rare)
    for name in schedule.SCHEDULE:
        Schedule.objects.create(name=name, next_run_at=timezone.now())

    claimed = [schedule.claim_due(lane) for lane in Lane for _ in range(8)]

    assert sorted(name for name in claimed if name) == sorted(schedule.SCHEDULE)


def test_a_clock_that_is_set_back_holds_nothing_up(stage: Stage) -> None:
    for name in schedule.SCHEDULE:
        Schedule.objects.create(name=name, next_run_at=timezone.now() + timedelta(days=1))

    claimed = [schedule.claim_due(Lane.ORDINARY) for _ in range(2)]

    assert all(claimed) and claimed[0] != claimed[1]


def test_what_always_fails_does_not_take_the_lane_along(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = iter([CometAdminError("in words"), ValueError("never shown")])

    def fails(*_: object) -> bool:
        raise next(faults)

    monkeypatch.setitem(schedule.KINDS, "sync", fails)
    for _ in range(2):
        jobs.enqueue("sync", stage.team)
        job = jobs.claim(Lane.ORDINARY)
        assert job
        schedule.run_job(job)

    assert [job.error for job in Job.objects.order_by("pk")] == ["in words", "ValueError"]

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(schedule.SCHEDULE, "settle", schedule.Scheduled(9, Lane.URGENT, broken))
    assert lanes.once(Lane.URGENT, "test")
    assert Schedule.objects.get(name="settle").error == "ZeroDivisionError"


def test_old_jobs_and_workers_are_forgotten(stage: Stage) -> None:
    now = timezone.now()
    for ended_at in (now, now - jobs.KEPT - timedelta(seconds=1), None):
        job = jobs.enqueue("sync", stage.team)
        Job.objects.filter(pk=job.pk).update(status="done" if ended_at else "queued", ended_at=ended_at)
    WorkerLane.objects.create(name="gone", lane="urgent", started_at=now, heartbeat_at=now - timedelta(days=1))

    schedule.run_scheduled("prune")

    assert [job.ended_at for job in Job.objects.order_by("pk")] == [now, None]
    assert not WorkerLane.objects.exists()
    assert not lanes.is_running(Lane.ORDINARY)


def test_what_takes_long_to_settle_costs_few_requests(stage: Stage) -> None:
    stage.sandbox.fault("500_before", operation="update", times=1)
    stage.edit(wish(name="renamed"))
    stage.sandbox.clear_log()

    for _ in range(5):
        schedule.run_scheduled("settle")

    assert len(stage.sandbox.requests(operation="get")) == 1
    assert Change.objects.get().state == "unknown"
