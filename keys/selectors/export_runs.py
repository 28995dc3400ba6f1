"""How far exports have come, for who asked for them and for the page of their record."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from django.utils import timezone

from keys.models import ExportRun, Person
from keys.models.export_run import RunState

SHOWN: Final = 5
BUSY_S: Final = 2
QUIET_S: Final = 15
"""How often a page looks again while one is under way or was just begun, and else: one may begin by its link."""
JUST_BEGUN: Final = timedelta(minutes=1)
MOVING: Final = (RunState.COUNTING, RunState.SENDING)
STILL_FOR: Final = timedelta(minutes=5)
"""What has not moved for so long has stopped: its process is gone, or nobody takes what it sends."""


def latest_runs(person: Person) -> list[ExportRun]:
    """The person's own, newest first, as they stand now."""
    return [_as_it_stands(run) for run in ExportRun.objects.filter(person_id=str(person.pk)).order_by("-pk")[:SHOWN]]


def look_again_s(runs: Sequence[ExportRun]) -> int:
    """After how many seconds a page that shows these looks again."""
    soon = any(run.state in MOVING or timezone.now() - run.begun_at < JUST_BEGUN for run in runs)
    return BUSY_S if soon else QUIET_S


def run_of(seq: int) -> ExportRun | None:
    """How the export with this record went; None for one that did not go over the web."""
    run = ExportRun.objects.filter(seq=seq).first()
    return _as_it_stands(run) if run else None


def _as_it_stands(run: ExportRun) -> ExportRun:
    if run.state in MOVING and timezone.now() - run.moved_at > STILL_FOR:
        run.state = RunState.STOPPED
    return run
