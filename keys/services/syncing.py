"""Listing a team's keys into the mirror: in slices, by one process at a time, taken over where one was killed.

How far a listing has come stands in TeamSync, fenced by its epoch, so that the worker, a command and a page may each
do the next slice of it. Readings are stored as they come; keys are marked as gone only when a listing was full.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Min, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from keys.cometapi import limiter
from keys.cometapi.client import CometClient
from keys.errors import AccessTokenRefused, NotSent, UpstreamError
from keys.models import MirrorKey, Team, TeamSync, TokenState
from keys.services import drift, mirror
from keys.services.access_tokens import NoAccessToken, client_for, note_state
from keys.types import Deadline, Lane

PAGE: Final = 100
"""Keys a request: upstream's own most (cometapi.md, "Endpoints")."""
TRIES: Final = 3
"""How often a listing is begun anew because pages shifted under it (trap 15)."""

MOST: Final = 2**31 - 1
"""What a count of keys can be in every database; upstream may claim anything."""
PATIENCE_S: Final = 0.2
"""How long even the last page of a slice may wait for its turn."""


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


def is_due(sync: TeamSync | None, every_s: float, at: datetime | None = None) -> bool:
    """Is a new listing due, counting from the last attempt, or one to be gone on with? at: when due, None for now."""
    if sync is None or sync.tried_at is None:
        return True
    if sync.running_since is not None:
        return not _held(sync)
    return sync.tried_at <= (at or timezone.now()) - timedelta(seconds=every_s)


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
        while not _step(team, sync, client, until):
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


def state_of(team: Team) -> TeamSync:
    return TeamSync.objects.get_or_create(team=team)[0]


def _claim(team: Team) -> TeamSync | None:
    """Take the listing that rests or whose process is gone, or begin one; None while a process is at it."""
    state_of(team)
    now = timezone.now()
    stale = now - timedelta(seconds=settings.WAITS.stale_s)
    free = TeamSync.objects.filter(Q(heartbeat_at=None) | Q(heartbeat_at__lt=stale), team=team)
    if not free.update(epoch=F("epoch") + 1, heartbeat_at=now):
        return None
    sync = TeamSync.objects.get(team=team)
    if sync.running_since is None or sync.tried_at is None or sync.tried_at < now - _longest_rest():
        _begin(sync, tries=0, seen_before=0)
    else:
        _write(sync, tried_at=now)
    return sync


def _longest_rest() -> timedelta:
    """A listing that has rested for longer is begun anew. One that goes on may take as long as its keys need."""
    return timedelta(seconds=max(settings.SYNC_EVERY_S, 20 * settings.WAITS.stale_s))


def _begin(sync: TeamSync, *, tries: int, seen_before: int) -> None:
    now = timezone.now()
    sync.running_since, sync.next_page, sync.done, sync.skipped = now, 1, 0, 0
    sync.tries, sync.seen_before = tries, seen_before
    _write(
        sync,
        running_since=now,
        tried_at=now,
        next_page=1,
        done=0,
        skipped=0,
        tries=tries,
        seen_before=seen_before,
    )


def _step(team: Team, sync: TeamSync, client: CometClient, until: Deadline) -> bool:
    """List one page. True: the listing is over."""
    _half_the_budget(until)
    begun = timezone.now()
    page = client.list_keys(sync.next_page, PAGE, Deadline.after(settings.WAITS.page_s))
    mirror.store(team, page.items, begun)
    total = min(page.total, MOST)
    if sync.next_page == 1:
        sync.total = total
    # Against the first page: what shifted once stays shifted, also where it is not begun anew any more.
    shifted = total != sync.total
    if shifted and sync.tries < TRIES:
        _begin(sync, tries=sync.tries + 1, seen_before=0)
        return False
    sync.next_page += 1
    sync.done, sync.skipped = sync.done + len(page.items), sync.skipped + page.skipped
    _write(sync, next_page=sync.next_page, total=sync.total, done=sync.done, skipped=sync.skipped)
    assert sync.running_since is not None  # noqa: S101  (_begin has set it)
    seen = MirrorKey.objects.filter(team=team, read_at__gte=sync.running_since).count()
    # What comes again and again must end too: a whole page more than there are keys, or were told of.
    endless = max(sync.done - seen, sync.skipped - total) >= PAGE
    if len(page.items) + page.skipped >= page.page_size and not endless:
        return False
    return _ended(team, sync, seen, total, shifted=shifted, endless=endless)


def _ended(team: Team, sync: TeamSync, seen: int, total: int, *, shifted: bool, endless: bool) -> bool:
    """On the last page: was it all? True: the listing is over, be it full or given up; False: it is begun anew.

    seen: keys that were read since it was begun. total: as CometAPI says.
    """
    listed = seen + sync.skipped
    # A total that is wrong each time alike is no reason to list for ever: two listings that agree are all we get.
    agreed = not shifted and (listed == total or (sync.tries > 0 and seen == sync.seen_before))
    if not agreed and sync.tries < TRIES:
        _begin(sync, tries=sync.tries + 1, seen_before=seen)
        return False
    if not agreed:
        words = _("Keys were made or deleted while they were listed, again and again. The next listing may be whole.")
        _write(sync, running_since=None, heartbeat_at=None, trouble="shifting", message=words)
        return True
    if listed < total or (endless and listed != total):
        words = _(
            "CometAPI says there are %(total)s keys and lists %(listed)s. None that is missing counts as deleted."
        )
        words %= {"listed": listed, "total": total}
        # What it does list is as fresh as can be; where that is nothing, all is as old as before.
        age = _age(team, sync) if sync.done else {}
        _write(sync, running_since=None, heartbeat_at=None, trouble="mismatch", message=words, **age)
        note_state(team, TokenState.ACCEPTED)
        return True
    with transaction.atomic():
        assert sync.running_since is not None  # noqa: S101  (as above)
        _write(sync, running_since=None, heartbeat_at=None, trouble="", message="")
        if not sync.skipped:
            mirror.mark_gone(team, sync.running_since)
        _write(sync, heartbeat_at=None, **_age(team, sync))
    note_state(team, TokenState.ACCEPTED)
    return True


def _age(team: Team, sync: TeamSync) -> dict[str, Any]:
    """Columns that say how old the copy is after a listing: its own age, and what it did not have and is older."""
    older = MirrorKey.objects.filter(team=team, gone_at=None, read_at__lt=sync.running_since)
    found = older.aggregate(left_out=Count("pk"), left_out_since=Min("read_at"))
    return {"listed_at": sync.running_since, **found}


def _write(sync: TeamSync, **columns: object) -> None:
    """Write, as a sign of life too. Raises Fenced when another process has the listing by now."""
    columns.setdefault("heartbeat_at", timezone.now())
    if not TeamSync.objects.filter(pk=sync.pk, epoch=sync.epoch).update(**columns):
        raise Fenced


def _rest(team: Team, sync: TeamSync) -> Progress:
    """Let go of the listing, so that whoever comes next goes on with it."""
    TeamSync.objects.filter(pk=sync.pk, epoch=sync.epoch).update(heartbeat_at=None)
    return _progress(team, over=False)


def _trouble(team: Team, sync: TeamSync, kind: str, message: str) -> Progress:
    TeamSync.objects.filter(pk=sync.pk, epoch=sync.epoch).update(
        running_since=None, heartbeat_at=None, tried_at=timezone.now(), trouble=kind[:40], message=message
    )
    return _progress(team, over=True)


def _progress(team: Team, *, over: bool) -> Progress:
    sync = TeamSync.objects.get(team=team)
    return Progress(sync.done, sync.total, over, sync.trouble, sync.message)


def _held(sync: TeamSync) -> bool:
    fresh = timezone.now() - timedelta(seconds=settings.WAITS.stale_s)
    return sync.heartbeat_at is not None and sync.heartbeat_at >= fresh


def _half_the_budget(until: Deadline) -> None:
    """Syncing gets at most half of what CometAPI takes, all processes and teams together. Raises NotSent."""
    requests, window_s = settings.COMETAPI_RATE
    host = f"sync {urlsplit(settings.COMETAPI_BASE_URL).netloc}"[:253]
    patience = Deadline.after(max(until.left_s(), PATIENCE_S))
    limiter.shared(host, max(1, requests // 2), window_s).take(Lane.ORDINARY, patience)
