"""What one process of the worker does: one lane, one thing at a time, with a sign of life in between."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection
from django.utils import timezone

from keys.models import WorkerLane
from keys.services import jobs, schedule
from keys.services.signs import BEAT_S, this_process
from keys.types import Lane

log = structlog.get_logger(__name__)

IDLE_S: Final = 0.5
TROUBLE_S: Final = 2.0


def work(lane: Lane, stopped: Callable[[], bool]) -> None:
    """Work on a lane until `stopped` says so; what is begun is brought to the end of its slice.

    Trouble with the database is waited out. Anything unforeseen ends the process: it is started again with a clean
    memory, and the job is queued again by the reaper.
    """
    name = this_process()
    while not stopped():
        close_old_connections()
        try:
            if not once(lane, name):
                _pause(IDLE_S, stopped)
        except DatabaseError as error:
            log.warning("worker_waits_for_database", lane=str(lane), error=type(error).__name__)
            connection.close()
            _pause(TROUBLE_S, stopped)
    WorkerLane.objects.filter(name=name).delete()


def once(lane: Lane, name: str) -> bool:
    """One thing of the schedule, then one slice of a job: neither waits for the other to run dry.

    False: nothing was due.
    """
    scheduled = schedule.claim_due(lane)
    if scheduled:
        _beat(lane, name, scheduled)
        schedule.run_scheduled(scheduled)
    job = jobs.claim(lane)
    if job:
        _beat(lane, name, f"{job.kind} {job.team.slug}")
        schedule.run_job(job)
    if not scheduled and not job:
        _beat(lane, name, "")
        return False
    return True


def is_running(lane: Lane) -> bool:
    """Has a worker process of this lane given a sign of life lately?"""
    since = timezone.now() - timedelta(seconds=settings.WAITS.stale_s)
    return WorkerLane.objects.filter(lane=lane, heartbeat_at__gte=since).exists()


def _beat(lane: Lane, name: str, doing: str) -> None:
    now = timezone.now()
    mine = WorkerLane.objects.filter(name=name)
    row = mine.first()
    if row is None:
        WorkerLane.objects.create(name=name, lane=lane, started_at=now, heartbeat_at=now, doing=doing[:60])
    elif row.doing != doing[:60] or row.heartbeat_at < now - timedelta(seconds=BEAT_S):
        mine.update(heartbeat_at=now, doing=doing[:60])


def _pause(seconds: float, stopped: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while not stopped() and time.monotonic() < until:
        time.sleep(min(0.1, seconds))
