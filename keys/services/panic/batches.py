"""A batch of keys of one page: read with the page, sent a few at a time, looked at with the page once more."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from keys.cometapi import limiter
from keys.cometapi.client import CometClient
from keys.errors import UpstreamError
from keys.models import Change, Job, Panic, PanicItem
from keys.services import jobs, mirror, status
from keys.services.abreast import Begun, begin_disable, end_disable
from keys.services.leaks.fan_out import THREADS, each
from keys.services.outcome import Result
from keys.services.panic.items import State, judge, put
from keys.services.panic.listing import read_page
from keys.services.panic.pressing import actor_of
from keys.services.perform import Reading
from keys.services.requests import Look
from keys.types import Deadline, KeySnapshot

log = structlog.get_logger(__name__)

BATCH: Final = 20
"""Keys between two readings of their page, at most; at a slow rate fewer, since a batch has its time."""
WAIT_SHARE: Final = 0.25
"""Part of a disable's time that a PUT may have to wait for its turn because others go beside it."""


@dataclass(frozen=True, slots=True)
class Page:
    """keys: as they were read by one request, begun then."""

    number: int
    at: datetime
    live_at: float
    keys: dict[int, KeySnapshot]


_kept: Final[dict[tuple[int, datetime], Page]] = {}


def read(client: CometClient, number: int) -> Page | None:
    """None when it cannot be read now: then each key is read by itself."""
    live_at, at = time.monotonic(), timezone.now()
    try:
        page = read_page(client, number)
    except UpstreamError as error:
        log.warning("panic_page_not_read", page=number, kind=error.kind)
        return None
    return Page(number, at, live_at, {key.id: key for key in page.items})


def keep(panic: Panic, page: Page) -> None:
    """For this process's next slice, which often comes at once: at a slow rate each reading counts."""
    _kept.clear()
    _kept[panic.pk, panic.started_at] = page


def kept(panic: Panic) -> Page | None:
    """The page that this process read last, if that was a moment ago; once."""
    page = _kept.pop((panic.pk, panic.started_at), None)
    fresh = page is not None and time.monotonic() - page.live_at < settings.WAITS.slice_s / 2
    return page if fresh else None


def waiting_of(panic: Panic, page: Page) -> list[PanicItem]:
    """The next keys to be disabled that this page tells of."""
    return list(panic.items.filter(state=State.WAITING, key_id__in=page.keys)[:BATCH])


def disable(panic: Panic, job: Job, client: CometClient, items: Sequence[PanicItem], page: Page) -> Page | None:
    """Disable these and tell what the page says now. Raises Denied, LedgerUnavailable, NoAccessToken, jobs.Fenced.

    What is sent is looked at, whatever is raised in between.
    """
    # A batch is brought to its end: at most two slices of sending, then the look.
    enough = Deadline.after(2 * settings.WAITS.slice_s)
    begun: list[tuple[PanicItem, Begun]] = []

    def begin(item: PanicItem) -> None:
        jobs.beat(job, done=job.done, total=job.total)
        if under_way := _begin(panic, item, page):
            begun.append((item, under_way))

    faults: list[Exception] = []
    try:
        for few in _few(items, _abreast()):
            if not faults and not enough.passed:
                faults += each(few, begin, enough)
    finally:
        after = _look_at(panic, client, begun, page.number)
    for fault in faults:
        raise fault
    return after


def by_itself(panic: Panic, item: PanicItem) -> None:
    """One key by the road as anybody walks it: of which no page tells. Raises as `disable`."""
    change_id = uuid4()
    put(item, State.SENDING, change_id=change_id)
    judge(item, status.disable_key(**_asked(panic, item)))


def _begin(panic: Panic, item: PanicItem, page: Page) -> Begun | None:
    """None where it has ended already."""
    if _edited_here(item, page):
        by_itself(panic, item)
        return None
    put(item, State.SENDING, change_id=uuid4())
    reading = Reading(page.keys[item.key_id], page.at, page.live_at)
    begun = begin_disable(status.disable_road(**_asked(panic, item)), reading)
    if isinstance(begun, Result):
        judge(item, begun)
        return None
    return begun


def _edited_here(item: PanicItem, page: Page) -> bool:
    """Has a change of ours perhaps landed since the page was begun? What the page says of this key would undo it."""
    since = page.at - timedelta(seconds=settings.WAITS.held_s)
    return Change.objects.filter(account_id=item.account_id, key_id=item.key_id, created_at__gte=since).exists()


def _look_at(panic: Panic, client: CometClient, begun: Sequence[tuple[PanicItem, Begun]], number: int) -> Page | None:
    page = read(client, number)
    until = Deadline.after(2 * settings.WAITS.disable_s)
    for item, one in begun:
        found = page.keys.get(item.key_id) if page else None
        seen = Look(page.at, found) if page and found else None
        judge(item, end_disable(one, seen, until))
    if page:
        _into_mirror(panic, page, [page.keys[item.key_id] for item, _ in begun if item.key_id in page.keys])
    return page


def _few(items: Sequence[PanicItem], count: int) -> Iterator[Sequence[PanicItem]]:
    yield from (items[first : first + count] for first in range(0, len(items), count))


def _abreast() -> int:
    """How many may be sent side by side so that none waits long for its turn: at a slow rate one."""
    wait_s = limiter.Rate(*settings.COMETAPI_RATE).interval_s
    return max(1, min(THREADS, int(WAIT_SHARE * settings.WAITS.disable_s / wait_s)))


def _into_mirror(panic: Panic, page: Page, keys: Sequence[KeySnapshot]) -> None:
    try:
        mirror.store(panic.team, keys, page.at)
    except DatabaseError as error:
        log.warning("mirror_not_written", team=panic.team.slug, error=type(error).__name__)


def _asked(panic: Panic, item: PanicItem) -> dict[str, Any]:
    own = {"person": panic.person, "actor": actor_of(panic), "team": panic.team, "key_id": item.key_id}
    return {**own, "change_id": item.change_id, "reason": panic.reason, "part_of": panic.record_seq}
