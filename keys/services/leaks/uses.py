"""What CometAPI's usage log tells of leaked keys since a chosen time: how much, which models, from where, what is new.

Read for a page apart from the incident's own, inside bounds of pages and time, behind everything that is urgent; what
could not be read is told beside what was.
"""

import json
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache

from keys.errors import CometAdminError
from keys.models import Leaked, MirrorKey
from keys.redact import escape_visible
from keys.services.access_tokens import NoAccessToken, client_for
from keys.services.usage_log import Reading, Whose, names_of, read_back, seat
from keys.types import Deadline, Spent

MOST_PAGES: Final = 20
"""Pages of a hundred rows that one view of the log may cost."""
MOST_KEYS: Final = 5
"""Keys that are looked up in one view; each gets its share of pages and time."""
LOOK_BACK: Final = timedelta(days=30)
KEPT_S: Final = 60


@dataclass(frozen=True, slots=True)
class Part:
    """All calls to one model, or from one address ("" where the log has none). first, last: Unix seconds.

    new: not seen in the time before; None where that is not known.
    """

    name: str
    requests: int
    units: int
    first: int
    last: int
    new: bool | None = None


@dataclass(frozen=True, slots=True)
class Before:
    """The log before the chosen time, which tells what is new. since: Unix seconds, how far back it was read.

    whole: so far as was meant.
    """

    requests: int
    since: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Uses:
    """since: Unix seconds, from where on nothing is missing; whole: that is the chosen time. read_at: when it was read.

    by_name: requests that bear no key id. names: what the log was asked for. namesakes: other keys of the account with
    one of these names.
    """

    since: int
    read_at: int
    whole: bool
    names: tuple[str, ...]
    namesakes: int
    requests: int = 0
    units: int = 0
    by_name: int = 0
    models: tuple[Part, ...] = ()
    addresses: tuple[Part, ...] = ()
    before: Before | None = None
    cut_off: bool = False
    """Trouble ended the reading before its bounds did."""

    @property
    def first(self) -> int | None:
        return min((part.first for part in self.models), default=None)

    @property
    def last(self) -> int | None:
        return max((part.last for part in self.models), default=None)

    @property
    def unaddressed(self) -> int:
        return sum(part.requests for part in self.addresses if not part.name)


@dataclass(frozen=True, slots=True)
class Told:
    """One leaked key: what was read of it, or what is wrong, or neither where it has to be asked for on its own."""

    row: Leaked
    uses: Uses | None = None
    fault: CometAdminError | None = field(default=None, compare=False)


def uses_of(rows: Sequence[Leaked], since: datetime) -> list[Told]:
    """rows: keys that the reader may see, with their teams. Raises nothing: trouble is told of the key that has it."""
    whole, now = Deadline.after(settings.WAITS.leak_log_s), rows[:MOST_KEYS]
    told = list[Told]()
    with seat() as seated:
        for place, row in enumerate(now if seated else ()):
            share = whole.within(whole.left_s() / (len(now) - place))
            told.append(_told(row, max(0, int(since.timestamp())), MOST_PAGES // len(now), share))
    return told + [Told(row) for row in rows[len(told) :]]


def _told(row: Leaked, since: int, most_pages: int, deadline: Deadline) -> Told:
    """since: Unix seconds."""
    name = f"leak-uses:{row.account_id}:{row.key_id}:{since}:{most_pages}"
    kept = cache.get(name)
    if kept:
        return Told(row, _from_json(kept))
    try:
        uses, fault = _read(row, since, most_pages, deadline)
    except NoAccessToken as error:
        return Told(row, fault=error)
    if uses and not fault:
        cache.set(name, json.dumps(asdict(uses)), KEPT_S)
    return Told(row, uses, fault)


def _read(row: Leaked, since: int, most_pages: int, deadline: Deadline) -> tuple[Uses | None, CometAdminError | None]:
    assert row.team and row.account_id is not None and row.key_id is not None  # noqa: S101  (found keys have them)
    client, read_at = client_for(row.team), int(time.time())
    long_ago = max(0, since - int(LOOK_BACK.total_seconds()))
    names = names_of(row.account_id, row.key_id, datetime.fromtimestamp(long_ago, UTC), row.name)
    whose = Whose(row.key_id, names)
    # A third is kept back for the time before, without which nothing can be called new.
    found = read_back(
        client, whose, since, None, most_pages - most_pages // 3, deadline.within(deadline.left_s() * 2 / 3)
    )
    if found.fault and not found.rows:
        return None, found.fault
    before = _before(read_back(client, whose, long_ago, since - 1, most_pages - found.pages, deadline), since)
    uses = _summed(
        found, *before, read_at=read_at, names=names, namesakes=_namesakes(row.account_id, row.key_id, names)
    )
    return uses, found.fault


def _before(found: Reading, since: int) -> tuple[Before | None, frozenset[str]]:
    """None where nothing was read of it."""
    if not found.whole and found.since >= since - 1:
        return None, frozenset()
    return Before(len(found.rows), found.since, found.whole), frozenset(row.address for row in found.rows)


def _summed(found: Reading, before: Before | None, known: frozenset[str], **more: Any) -> Uses:
    addresses = [
        Part(**{**asdict(part), "new": bool(part.name) and part.name not in known}) if before else part
        for part in _parts((row.address, row) for row in found.rows)
    ]
    return Uses(
        since=found.since,
        whole=found.whole,
        requests=len(found.rows),
        units=sum(row.units for row in found.rows),
        by_name=sum(row.key_id is None for row in found.rows),
        models=tuple(_parts((row.model, row) for row in found.rows)),
        addresses=tuple(sorted(addresses, key=lambda part: (not part.new, -part.units, -part.last))),
        before=before,
        cut_off=found.fault is not None,
        **more,
    )


def _parts(rows: Iterable[tuple[str, Spent]]) -> list[Part]:
    """The dearest first."""
    by_name: dict[str, list[Spent]] = defaultdict(list)
    for name, row in rows:
        by_name[name].append(row)
    parts = [
        Part(name, len(all_), sum(row.units for row in all_), min(r.at for r in all_), max(r.at for r in all_))
        for name, all_ in by_name.items()
    ]
    return sorted(parts, key=lambda part: (-part.units, -part.requests, part.name))


def _namesakes(account_id: int, key_id: int, names: Iterable[str]) -> int:
    mirrored = [escape_visible(name, keep="\n") for name in names]
    return MirrorKey.objects.filter(account_id=account_id, name__in=mirrored).exclude(key_id=key_id).count()


def _from_json(text: str) -> Uses:
    fields = json.loads(text)
    for name in ("models", "addresses"):
        fields[name] = tuple(Part(**part) for part in fields[name])
    fields["before"] = Before(**fields["before"]) if fields["before"] else None
    return Uses(**{**fields, "names": tuple(fields["names"])})
