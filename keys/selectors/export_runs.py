"""How far exports have come, for who asked for them and for the page of their record."""

from datetime import timedelta
from typing import Final

from django.utils import timezone

from keys.models import ExportRun, Person
from keys.models.export_run import RunState

SHOWN: Final = 5
STILL_FOR: Final = timedelta(minutes=5)
"""What has not moved for so long has stopped: its process is gone, or nobody takes what it sends."""


def latest_runs(person: Person) -> list[ExportRun]:
    """The person's own, newest first, as they stand now."""
    return [_as_it_stands(run) for run in ExportRun.objects.filter(person_id=str(person.pk)).order_by("-pk")[:SHOWN]]


def run_of(seq: int) -> ExportRun | None:
    """How the export with this record went; None for one that did not go over the web."""
    run = ExportRun.objects.filter(seq=seq).first()
    return _as_it_stands(run) if run else None


def _as_it_stands(run: ExportRun) -> ExportRun:
    moving = run.state in (RunState.COUNTING, RunState.SENDING)
    if moving and timezone.now() - run.moved_at > STILL_FOR:
        run.state = RunState.STOPPED
    return run
