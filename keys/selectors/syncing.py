"""Reads for pages: how the mirror of a team stands, and what the worker is doing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import BigIntegerField, QuerySet, Value
from django.utils import timezone

from keys.models import Job, Schedule, Team, TeamSync, WorkerLane
from keys.selectors.ages import Ages
from keys.types import Lane

ENDED_SHOWN = 20
OPEN: Final = (Job.Status.QUEUED, Job.Status.RUNNING)


@dataclass(frozen=True, slots=True)
class SyncState:
    """listed_at: how old the mirror is, None when it was never filled. left_out: how many keys are older.

    waiting: a worker has it to do. alone: one is under way and no worker lists keys, so that whoever looks goes on with
    it. stale: a new listing may be asked for, since the list was old at asked_at, when somebody looked, or whoever read
    it has left it. late: a worker has it to do, but a minute later nothing of it was done.
    """

    asked_at: datetime
    listed_at: datetime | None
    left_out: int
    running: bool
    waiting: bool
    alone: bool
    stale: bool
    late: bool
    done: int
    total: int
    trouble: str
    message: str

    @property
    def under_way(self) -> bool:
        return self.running or self.waiting

    @property
    def restless(self) -> bool:
        """Does the page part ask again by itself?"""
        return not (self.ended or self.late)

    @property
    def ended(self) -> bool:
        return not (self.under_way or self.stale)


def sync_state(team: Team, asked_at: datetime) -> SyncState:
    return state_of(team, TeamSync.objects.filter(team=team).first(), asked_at)


def state_of(team: Team, sync: TeamSync | None, asked_at: datetime) -> SyncState:
    """sync: the team's own, where it has been read already; None when there is none."""
    sync, a_while = sync or TeamSync(team=team), timedelta(seconds=settings.WAITS.refresh_s)
    of_teams, worker = _queued()
    queued = team.pk in of_teams
    # Without a worker, whoever looks reads, whatever is queued.
    running, waiting = sync.running_since is not None, queued and worker
    before = timezone.now() - a_while
    idle = _untried(sync, before)
    return SyncState(
        asked_at=asked_at,
        listed_at=sync.listed_at,
        left_out=sync.left_out,
        running=running,
        waiting=waiting,
        alone=running and not worker,
        stale=(not (running or waiting) and _untried(sync, asked_at - a_while))
        or (running and worker and not queued and idle),
        late=waiting and idle and asked_at <= before,
        done=sync.done if running else 0,
        total=sync.total if running else 0,
        trouble=sync.trouble,
        message=sync.message,
    )


@dataclass(frozen=True, slots=True)
class AllSync:
    """How the mirrors of several teams stand together; of teams without an access token nothing is told.

    teams: how many can be read at all; reading: how many of them are being read or wait for it. alone: some are, and no
    worker lists keys. stale: a new listing of some may be asked for, since they were old at asked_at,
    when somebody looked. late: a worker has some to do, but a minute later nothing of any was done.
    """

    asked_at: datetime
    teams: int
    reading: int
    alone: bool
    stale: bool
    late: bool
    done: int
    total: int

    @property
    def restless(self) -> bool:
        """Does the page part ask again by itself?"""
        return not (self.ended or self.late)

    @property
    def ended(self) -> bool:
        return not (self.reading or self.stale)


def all_sync_state(ages: Ages, asked_at: datetime) -> AllSync:
    """ages: of teams with their access token loaded. One query, however many teams there are."""
    queued, worker = _queued()
    a_while = timedelta(seconds=settings.WAITS.refresh_s)
    since, before = asked_at - a_while, timezone.now() - a_while
    readable = [age for age in ages.teams if hasattr(age.team, "access_token")]
    running = [age.sync for age in readable if age.sync and age.sync.running_since]
    # A listing that nobody goes on with, though there is a worker, was left by its process.
    under_way = {sync.team_id for sync in running if not worker or not _untried(sync, before)}
    if worker:  # without one, whoever looks reads, whatever is queued
        under_way |= {age.team.pk for age in readable} & queued
    idle = (age.sync for age in readable if age.team.pk not in under_way)
    waiting = [age.sync for age in readable if age.team.pk in under_way]
    return AllSync(
        asked_at=asked_at,
        teams=len(readable),
        reading=len(under_way),
        alone=bool(under_way) and not worker,
        stale=any(_untried(sync, since) for sync in idle),
        late=worker and bool(waiting) and asked_at <= before and all(_untried(sync, before) for sync in waiting),
        done=sum(sync.done for sync in running),
        total=sum(sync.total for sync in running),
    )


def _untried(sync: TeamSync | None, since: datetime) -> bool:
    """Was no listing of the team begun or gone on with since then?"""
    return sync is None or sync.tried_at is None or sync.tried_at <= since


def _queued() -> tuple[set[int], bool]:
    """The teams with a job that lists their keys, and whether a worker does; in one query."""
    queued = Job.objects.filter(kind="sync", status__in=OPEN).values_list("team_id")
    worker = _listing_workers().annotate(none=Value(0, BigIntegerField())).values_list("none")
    found = {team for (team,) in queued.union(worker, all=True)}
    return found - {0}, 0 in found


def _listing_workers() -> QuerySet[WorkerLane]:
    return _alive().filter(lane=Lane.ORDINARY)


def _alive() -> QuerySet[WorkerLane]:
    """The worker's processes that gave a sign of life lately."""
    return WorkerLane.objects.filter(heartbeat_at__gte=timezone.now() - timedelta(seconds=settings.WAITS.stale_s))


def workers(*, alive: bool) -> Sequence[WorkerLane]:
    """The worker's processes, those alone that gave a sign of life lately where asked for."""
    found = _alive() if alive else WorkerLane.objects.all()
    return list(found.order_by("lane", "started_at"))


def open_jobs() -> Sequence[Job]:
    return list(Job.objects.filter(status__in=OPEN).select_related("team").order_by("status", "due_at")[:50])


def failed_jobs() -> Sequence[Job]:
    """Those that failed within a week; older ones are forgotten."""
    failed = Job.objects.filter(status=Job.Status.FAILED).select_related("team")
    return list(failed.order_by("-ended_at")[:ENDED_SHOWN])


def schedule_rows() -> Sequence[Schedule]:
    return list(Schedule.objects.order_by("name"))


def team_syncs() -> Sequence[Team]:
    return list(Team.objects.select_related("sync", "access_token").order_by("name"))
