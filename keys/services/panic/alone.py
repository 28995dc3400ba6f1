"""Going on with a press without a worker: by whoever has its page open, a slice a time."""

from keys.models import Panic
from keys.services import jobs, lanes, schedule
from keys.types import Lane


def is_alone(panic: Panic) -> bool:
    """Is no worker there for the lane of this press?"""
    return not lanes.is_running(Lane(panic.job.lane) if panic.job else Lane.URGENT)


def go_on(panic: Panic) -> None:
    """One slice, if it is due, no worker is there to do it and nobody else is at it."""
    if panic.job_id is None or not is_alone(panic):
        return
    jobs.reap()
    if job := jobs.claim_this(panic.job_id):
        schedule.run_job(job)
