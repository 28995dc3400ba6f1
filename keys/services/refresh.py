"""Asking for a fresh listing when somebody looks at an old one: of the worker where one runs, else here and now."""

from django.conf import settings

from keys.models import Team, TeamSync
from keys.services import jobs, lanes, syncing
from keys.types import Deadline


def refresh(team: Team, asked_by: str = "") -> None:
    """Have the team's keys listed, unless that was tried less than a minute ago or is under way.

    Without a worker this request does one slice of it, and whoever asks again the next.
    """
    if not syncing.is_due(TeamSync.objects.filter(team=team).first(), settings.WAITS.refresh_s):
        return
    if lanes.is_running():
        jobs.enqueue("sync", team, asked_by=asked_by)
    else:
        syncing.sync_slice(team, Deadline.after(settings.WAITS.slice_s))
