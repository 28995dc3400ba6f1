"""Background work: what is to be done, who is at it, and when what returns by itself is next due.

The rows are the truth and the queue alike (`keys.services.jobs`): claimed by conditional UPDATE, fenced by epoch.
"""

from django.db import models
from django.db.models import Q

from keys.models.team import Team


class Job(models.Model):
    """One piece of work, done in slices. kind: a name in `keys.services.schedule.KINDS`. lane: `keys.types.WorkLane`.

    epoch: raised by every claim and by the reaper; a process whose epoch is no longer here has lost the job.
    heartbeat_at: while it is being run. due_at: before it nobody takes it. total, done: for progress, in keys.
    error: for people, "" when there is none. asked_by: a name as text.
    """

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    kind = models.CharField(max_length=30)
    lane = models.CharField(max_length=10)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="jobs")
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.QUEUED)
    epoch = models.BigIntegerField(default=0)
    heartbeat_at = models.DateTimeField(null=True)
    asked_by = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        constraints = (
            # Asked for twice is done once.
            models.UniqueConstraint(
                fields=("kind", "team"), condition=Q(status__in=("queued", "running")), name="one_open_job_a_team"
            ),
        )
        indexes = (
            models.Index(fields=("lane", "status", "due_at"), name="job_ready"),
            models.Index(fields=("ended_at",), name="job_ended"),
        )


class Schedule(models.Model):
    """When something of `keys.services.schedule.SCHEDULE` is next due; whoever moves it on does it."""

    name = models.CharField(max_length=30, primary_key=True)
    next_run_at = models.DateTimeField()
    ran_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)


class WorkerLane(models.Model):
    """A process that works on one lane. name: host and process id. doing: the name of what it is at, "" between."""

    name = models.CharField(max_length=100, primary_key=True)
    lane = models.CharField(max_length=10)
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField(db_index=True)
    doing = models.CharField(max_length=60, blank=True)
