"""Listing a team's keys into the mirror: in slices, by one process at a time, taken over where one was killed.

How far a listing has come stands in TeamSync, fenced by its epoch, so that the worker, a command and a page may each
do the next slice of it. Readings are stored as they come; keys are marked as gone only when a listing was full.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from keys.cometapi import limiter
from keys.errors import AccessTokenRefused, NotSent, UpstreamError
from keys.models import MirrorKey, Team, TeamSync, TokenState
from keys.services import drift, mirror
from keys.services.access_tokens import NoAccessToken, client_for, note_state
from keys.types import Deadline, KeyPage, Lane

PAGE: Final = 100
"""Keys a request: upstream's own most (cometapi.md, "Endpoints")."""
TRIES: Final = 3
"""How often a listing is begun anew because pages shifted under it (trap 15)."""


class Fenced(Exception):
    """Another process has taken the listing over."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a team's listing stands. over: nothing is left to do now, be it done or in trouble; trouble: one word."""

    done: int
    total: int
    over: bool
    trouble: str = ""
    message: str = ""


def is_due(sync: TeamSync | None, every_s: float) -> bool:
    """Is a new listing due, counting from the last attempt, or one to be gone on with?"""
    if sync is None or sync.tried_at is None:
        return True
    if sync.running_since is not None:
        return not _held(sync)
    return sync.tried_at <= timezone.now() - timedelta(seconds=every_s)


def sync_slice(team: Team, until: Deadline) -> Progress:
    """Go on with the team's listing, or begin one, until it is over or the time is up; then look for drift.

    Never raises for trouble with CometAPI or the access token: it is noted on the team, and in what comes back. Does
    nothing while another process is at it.
    """
    sync = _claim(team)
    if sync is None:
        return _progress(team, over=False)
    try:
        client = client_for(team, lane=Lane.ORDINARY)
        while not _step(team, sync, client.list_keys, until):
            if until.passed:
                return _rest(team, sync)
        drift.examine(team, until)
    except Fenced:
        return _progress(team, over=False)
    except NotSent as error:
        if error.kind in ("rate_budget", "deadline"):
            return _rest(team, sync)
        return _trouble(team, sync, error.kind, error.message)
    except UpstreamError as error:
        if isinstance(error, AccessTokenRefused):
            note_state(team, TokenState.REFUSED)
            return _trouble(team, sync, "token_refused", error.message)
        return _trouble(team, sync, error.kind, error.message)
    except NoAccessToken as error:
        return _trouble(team, sync, "no_access_token", error.message)
    return _progress(team, over=True)
