"""Asking for a fresh listing when somebody looks at an old one: of the worker where one runs, else here and now."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings

from keys.models import Team, TeamSync
from keys.services import jobs, lanes, syncing
from keys.types import Deadline, Lane


def refresh(team: Team, asked_at: datetime, asked_by: str = "") -> None:
    """Have the team's keys listed, unless that was tried less than a minute before asked_at or is under way.

    asked_at: when somebody first looked. Without a worker this request does one slice of it, and whoever asks again the
    next.
    """
    if not syncing.is_due(TeamSync.objects.filter(team=team).first(), settings.WAITS.refresh_s, asked_at):
        return
    if lanes.is_running(Lane.ORDINARY):
        jobs.enqueue("sync", team, asked_by=asked_by)
    else:
        syncing.sync_slice(team, Deadline.after(settings.WAITS.slice_s))


def refresh_all(teams: Sequence[Team], asked_at: datetime, asked_by: str = "") -> None:
    """The same for each of these teams that has an access token; in a few statements, however many there are.

    asked_at: when somebody first looked: what was tried since a minute before that is not read again, however long the
    others take. teams: with their access token loaded. Without a worker all together have the time of one slice.
    """
    syncs = TeamSync.objects.in_bulk([team.pk for team in teams], field_name="team_id")
    due = [
        team
        for team in teams
        if hasattr(team, "access_token") and syncing.is_due(syncs.get(team.pk), settings.WAITS.refresh_s, asked_at)
    ]
    if lanes.is_running(Lane.ORDINARY):
        jobs.enqueue_all("sync", due, asked_by=asked_by)
        return
    until = Deadline.after(settings.WAITS.slice_s)
    for team in sorted(due, key=lambda team: _turn(syncs.get(team.pk))):
        syncing.sync_slice(team, until)
        if until.passed:
            return


def _turn(sync: TeamSync | None) -> tuple[bool, float]:
    """What was begun comes first, then what nobody has tried, then what was tried longest ago."""
    if sync is None or sync.tried_at is None:
        return True, 0.0
    return sync.running_since is None, sync.tried_at.timestamp()
