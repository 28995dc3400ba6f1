"""Reading one key's part of CometAPI's usage log back from now: so many pages, so long, and what was not read is said.

The log is asked for by name and matches inside names; each row is looked at again, by key id where it tells one. A key
that was renamed stands in the log under its old name, so that one is asked for as well.
"""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from keys.cometapi import wire
from keys.cometapi.client import CometClient
from keys.errors import UpstreamError
from keys.models import Change, Drift, MirrorKey
from keys.types import Deadline, Spent

MOST_NAMES: Final = 4


@dataclass(frozen=True, slots=True)
class Whose:
    """names: as upstream stores them, the one that it has now first."""

    key_id: int
    names: tuple[str, ...]

    def has(self, row: Spent) -> bool:
        return row.key_id == self.key_id if row.key_id is not None else row.key_name in self.names

    def asked(self) -> list[str]:
        """A name that holds another one is found by that."""
        return [name for name in self.names if not any(other != name and other in name for other in self.names)]


@dataclass(frozen=True, slots=True)
class Reading:
    """rows: of this key alone, newest first. since: Unix seconds, from where on nothing is missing.

    whole: that is as far back as was asked for. fault: what ended it before that, None where it was its bounds.
    pages: how many were asked for.
    """

    rows: tuple[Spent, ...]
    since: int
    whole: bool
    pages: int
    fault: UpstreamError | None = None


_seats: Final = threading.BoundedSemaphore(2)
"""Threads of a process that may be kept by long logs at once: what is urgent always finds one."""


@contextmanager
def seat() -> Iterator[bool]:
    """False where others read logs already: nobody waits for them."""
    seated = _seats.acquire(blocking=False)
    try:
        yield seated
    finally:
        if seated:
            _seats.release()


def names_of(account_id: int, key_id: int, since: datetime, *known: str) -> tuple[str, ...]:
    """What the key is called, and was called since then, as far as our changes and the mirror know."""
    mirrored = MirrorKey.objects.filter(account_id=account_id, key_id=key_id).first()
    now = [str(mirrored.snapshot["name"])] if mirrored and "name" in mirrored.snapshot else []
    changes = Change.objects.filter(account_id=account_id, key_id=key_id, created_at__gte=since)
    before = [str(change.before["name"]) for change in changes.order_by("-created_at")[:50] if "name" in change.before]
    drifts = Drift.objects.filter(account_id=account_id, key_id=key_id, found_at__gte=since).order_by("-found_at")[:50]
    elsewhere = [str(drift.changed["name"][0]) for drift in drifts if "name" in drift.changed]
    return tuple(dict.fromkeys([*now, *known, *before, *elsewhere]))


def read_back(
    client: CometClient, whose: Whose, since: int, until: int | None, most_pages: int, deadline: Deadline
) -> Reading:
    """since, until: Unix seconds, both in; until: None for up to now, by CometAPI's own clock.

    Asks for the first few names alone, and is not whole where there are more.
    """
    names = whose.asked()
    rows, begun, whole, pages, fault = list[Spent](), since, len(names) <= MOST_NAMES, 0, None
    for name in names[:MOST_NAMES]:
        found = _of_name(client, name, since, until, most_pages - pages, deadline)
        rows += found.rows
        begun, whole, pages = max(begun, found.since), whole and found.whole, pages + found.pages
        fault = fault or found.fault
    mine = [row for row in _once(rows) if since <= row.at <= (until or row.at) and whose.has(row)]
    return Reading(tuple(sorted(mine, key=lambda row: -row.at)), begun, whole, pages, fault)


def _of_name(
    client: CometClient, name: str, since: int, until: int | None, most_pages: int, deadline: Deadline
) -> Reading:
    rows, seen, pages, fault = list[Spent](), 0, 0, None
    while pages < most_pages:
        pages += 1
        try:
            page = client.spent(pages, name, since, deadline, until)
        except UpstreamError as error:
            fault = error
            break
        rows += page.items
        seen += page.rows
        # A total may be wrong, so a full page is never the last one. Older rows tell that the start that was asked for
        # is ignored, and that all since then was seen.
        over = seen >= page.total and page.rows < wire.MOST_PER_PAGE
        if not page.rows or over or any(row.at < since for row in page.items):
            return Reading(tuple(rows), since, True, pages)
        # Held from here on, so that what is logged meanwhile shifts no page (trap 15).
        until = until or max((row.at for row in page.items), default=None)
    return Reading(tuple(rows), min([until or int(time.time()), *(row.at for row in rows)]), False, pages, fault)


def _once(rows: Iterable[Spent]) -> Iterator[Spent]:
    """Without what came twice: pages are told by offset, and two names may find the same row."""
    seen = set[Spent]()
    for row in rows:
        if row.request_id and row in seen:
            continue
        seen.add(row)
        yield row
