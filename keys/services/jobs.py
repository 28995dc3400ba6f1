"""Background work as rows: asked for, claimed, done in slices, taken over from a process that died.

Queue and truth are one: a job is claimed by an UPDATE that only one process can win, and every later write of that
process names the epoch it won. The reaper raises the epoch of a job without a sign of life, which fences the old
process off.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from keys.models import Job, Team
from keys.types import Lane

KEPT: Final = timedelta(days=7)
"""How long ended jobs can be looked up."""


class Fenced(Exception):
    """The job was taken over, or has ended."""


def enqueue(kind: str, team: Team, *, lane: Lane = Lane.ORDINARY, asked_by: str = "") -> Job:
    """Ask for a job; the open one of the same kind and team where there is one already."""
    now = timezone.now()
    try:
        with transaction.atomic():
            return Job.objects.create(
                kind=kind, lane=lane, team=team, asked_by=asked_by[:200], created_at=now, due_at=now
            )
    except IntegrityError:
        return open_job(kind, team) or enqueue(kind, team, lane=lane, asked_by=asked_by)


def enqueue_all(kind: str, teams: Iterable[Team], *, asked_by: str = "") -> None:
    """Ask for an ordinary job for each of these teams, all at once; an open one of this kind stays the only one."""
    now = timezone.now()
    asked: dict[str, Any] = {"kind": kind, "lane": Lane.ORDINARY, "asked_by": asked_by[:200]}
    # What collides is left out by the database: of two openings at one moment, one is done.
    Job.objects.bulk_create(
        (Job(team=team, created_at=now, due_at=now, **asked) for team in teams), ignore_conflicts=True
    )


def open_job(kind: str, team: Team) -> Job | None:
    open_states = (Job.Status.QUEUED, Job.Status.RUNNING)
    return Job.objects.filter(kind=kind, team=team, status__in=open_states).first()


def claim(lane: Lane) -> Job | None:
    """Take the job of this lane that has waited longest; None when there is none to be had."""
    now = timezone.now()
    ready = Job.objects.filter(lane=lane, status=Job.Status.QUEUED, due_at__lte=now).order_by("due_at", "pk")
    for pk, epoch in ready.values_list("pk", "epoch")[:10]:
        if job := _claimed(pk, epoch):
            return job
    return None


def claim_this(pk: int) -> Job | None:
    """Take this very job if it is due and nobody is at it: for who does without a worker."""
    due = Job.objects.filter(pk=pk, status=Job.Status.QUEUED, due_at__lte=timezone.now())
    epoch = due.values_list("epoch", flat=True).first()
    return None if epoch is None else _claimed(pk, epoch)


def beat(job: Job, *, done: int, total: int) -> None:
    """A sign of life, with how far it is. Raises Fenced."""
    _write(job, heartbeat_at=timezone.now(), done=done, total=total)


def requeue(job: Job, after_s: float = 0.0) -> None:
    """The slice is over and the job is not. Raises Fenced."""
    due_at = timezone.now() + timedelta(seconds=after_s)
    _write(job, status=Job.Status.QUEUED, heartbeat_at=None, due_at=due_at)


def end(job: Job, error: str = "") -> None:
    """error: for people; "" for a job that was done. Raises Fenced."""
    status = Job.Status.FAILED if error else Job.Status.DONE
    _write(job, status=status, heartbeat_at=None, ended_at=timezone.now(), error=error)


def reap() -> int:
    """Queue again what a dead process has left behind; safe to run anywhere at any time. How many there were."""
    stale = timezone.now() - timedelta(seconds=settings.WAITS.stale_s)
    lost = Job.objects.filter(status=Job.Status.RUNNING, heartbeat_at__lt=stale)
    return lost.update(status=Job.Status.QUEUED, epoch=F("epoch") + 1, heartbeat_at=None)


def prune() -> int:
    """Forget jobs that ended long ago; how many."""
    return Job.objects.filter(ended_at__lt=timezone.now() - KEPT).delete()[0]


def _claimed(pk: int, epoch: int) -> Job | None:
    """None: another process was faster."""
    mine = Job.objects.filter(pk=pk, epoch=epoch, status=Job.Status.QUEUED)
    if not mine.update(status=Job.Status.RUNNING, epoch=epoch + 1, heartbeat_at=timezone.now()):
        return None
    return Job.objects.select_related("team__access_token").get(pk=pk)


def _write(job: Job, **columns: object) -> None:
    if not Job.objects.filter(pk=job.pk, epoch=job.epoch, status=Job.Status.RUNNING).update(**columns):
        raise Fenced
