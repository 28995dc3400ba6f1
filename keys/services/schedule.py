"""What returns by itself, and what jobs there are: two literal tables. To hang something on, add its line.

A row of the database says when each is next due; moving it on is an UPDATE that only one process can win. What has
been due for longest goes first, so that one that takes long each time keeps no other from its turn.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from keys.errors import CometAdminError
from keys.models import Change, Job, Schedule, Team, WorkerLane
from keys.services import checkpoints, denials, drift, jobs, settle, shipping, syncing, verification
from keys.services.leaks import pressing
from keys.services.outcome import Kind
from keys.services.panic import running, undoing
from keys.services.signs import SignOfLife
from keys.types import Deadline, Lane

log = structlog.get_logger(__name__)

FORGOTTEN: Final = timedelta(hours=1)
"""After so long without a sign of life a worker's row goes."""


class Scheduled(NamedTuple):
    """every_s: so long after it was over it is due again. run: given the moment at which its slice is to be over."""

    every_s: float
    lane: Lane
    run: Callable[[Deadline], None]


def settle_due(until: Deadline) -> None:
    """End what is unknown by reading, disables first; one team's trouble holds up no other.

    Disables whose readings stall use up the whole slice each time: even then one other is looked at.
    """
    disables: list[Change] = []
    others: list[Change] = []
    for change in settle.due():
        (disables if change.kind == Kind.DISABLE else others).append(change)
    _look_after(disables, until)
    _look_after(others, until)


def sync_due(until: Deadline) -> None:
    """Ask for a listing of every team that has an access token and was not listed lately."""
    teams = Team.objects.filter(access_token__isnull=False).select_related("sync")
    for team in teams:
        if syncing.is_due(getattr(team, "sync", None), settings.SYNC_EVERY_S):
            jobs.enqueue("sync", team)


def reap(until: Deadline) -> None:
    jobs.reap()


def prune(until: Deadline) -> None:
    jobs.prune()
    WorkerLane.objects.filter(heartbeat_at__lt=timezone.now() - FORGOTTEN).delete()


def checkpoint(until: Deadline) -> None:
    checkpoints.checkpoint_if_due()


def verify(until: Deadline) -> None:
    """What is new, and the whole once a day. That is done in one go, however long it takes, with signs of life."""
    alive = SignOfLife()
    if verification.verify_whole_if_due(alive) is None:
        verification.verify_new(alive=alive)


def ship(until: Deadline) -> None:
    shipping.ship_new(until)


def sync_job(job: Job, until: Deadline) -> float | None:
    """One slice of a team's listing. Nothing is left to do where somebody was or is at it."""
    if not syncing.is_due(syncing.state_of(job.team), settings.WAITS.refresh_s):
        return None
    progress = syncing.sync_slice(job.team, until)
    jobs.beat(job, done=progress.done, total=progress.total)
    return None if progress.over else settings.WAITS.slice_s / 10


SCHEDULE: Final[dict[str, Scheduled]] = {
    "settle": Scheduled(2, Lane.URGENT, settle_due),
    "leaks": Scheduled(1, Lane.URGENT, pressing.probe_due),
    "reap": Scheduled(10, Lane.URGENT, reap),
    "sync": Scheduled(5, Lane.ORDINARY, sync_due),
    "drift": Scheduled(5, Lane.ORDINARY, drift.examine_all),
    "checkpoint": Scheduled(5, Lane.URGENT, checkpoint),
    "verify": Scheduled(60, Lane.ORDINARY, verify),
    "ship": Scheduled(5, Lane.ORDINARY, ship),
    "denials": Scheduled(20, Lane.ORDINARY, denials.tell_counted),
    "prune": Scheduled(3600, Lane.ORDINARY, prune),
}
KINDS: Final[dict[str, Callable[[Job, Deadline], float | None]]] = {
    "sync": sync_job,
    "panic": running.panic_job,
    "panic_undo": undoing.undo_job,
}
"""Each does one slice and tells after how many seconds it is to be gone on with; None: it is over."""


def claim_due(lane: Lane) -> str:
    """The name of something that is due in this lane, now this process's to run; "" when there is nothing."""
    now = timezone.now()
    names = [name for name, scheduled in SCHEDULE.items() if scheduled.lane is lane]
    known = dict(Schedule.objects.values_list("name", "next_run_at"))
    for name in names:
        if name not in known:
            known[name] = Schedule.objects.get_or_create(name=name, defaults={"next_run_at": now})[0].next_run_at
    for name in sorted(names, key=lambda name: _due_since(name, known[name], now)):
        if now < known[name] <= _next_run(name, now):
            continue
        # In case this process dies at it; `run_scheduled` puts it off again from when it is over.
        if Schedule.objects.filter(name=name, next_run_at=known[name]).update(next_run_at=_next_run(name, now)):
            return name
    return ""


def run_scheduled(name: str) -> None:
    """Run it; what it raises on purpose is noted in its row, and comes again when it is due again."""
    error = ""
    try:
        SCHEDULE[name].run(Deadline.after(settings.WAITS.slice_s))
    except CometAdminError as fault:
        error = str(fault)
        log.warning("schedule_failed", name=name, error=type(fault).__name__)
    except DatabaseError:
        raise  # for the lane to wait out
    except Exception as fault:
        # One that always fails must not take the whole lane with it.
        error = type(fault).__name__
        log.exception("schedule_broke", name=name)
    now = timezone.now()
    Schedule.objects.filter(name=name).update(ran_at=now, next_run_at=_next_run(name, now), error=error)


def run_job(job: Job) -> None:
    """One slice of a job."""
    try:
        rest_s = KINDS[job.kind](job, Deadline.after(settings.WAITS.slice_s))
        if rest_s is None:
            jobs.end(job)
        else:
            jobs.requeue(job, after_s=rest_s)
    except jobs.Fenced:
        log.info("job_lost", job=job.pk)
    except CometAdminError as fault:
        log.warning("job_failed", job=job.pk, kind=job.kind, error=type(fault).__name__)
        jobs.end(job, str(fault))
    except DatabaseError:
        raise  # for the lane to wait out; the reaper queues the job again
    except Exception as fault:
        log.exception("job_broke", job=job.pk, kind=job.kind)
        jobs.end(job, type(fault).__name__)


def _next_run(name: str, now: datetime) -> datetime:
    return now + timedelta(seconds=SCHEDULE[name].every_s)


def _due_since(name: str, noted: datetime, now: datetime) -> datetime:
    """What a clock noted that ran ahead and has been set back since counts as due for longest: it is noted anew."""
    return noted if noted <= _next_run(name, now) else datetime.min.replace(tzinfo=UTC)


def _look_after(changes: Sequence[Change], until: Deadline) -> None:
    """At least one of them, whatever the time is."""
    looked = False
    for change in changes:
        if looked and until.passed:
            return
        team = Team.objects.filter(pk=change.team_id).select_related("access_token").first()
        if team and _my_turn(change):
            looked = True
            _settle(change, team)


def _settle(change: Change, team: Team) -> None:
    try:
        settle.settle_change(change, team)
    except CometAdminError as fault:
        log.warning("not_settled", team=team.slug, key=change.key_id, error=type(fault).__name__)


def _my_turn(change: Change) -> bool:
    """Claim one look at an open change: seconds apart, so that what takes minutes to settle costs few requests."""
    return settle.claim_look(change, settings.WAITS.look_s * (0.4 if change.kind == Kind.DISABLE else 2.0))
