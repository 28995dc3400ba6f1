"""Reads the mirror for pages: one page of what is looked for, the counts beside it, and how old all of it is."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Case, Exists, F, IntegerField, OuterRef, QuerySet, Value, When
from django.db.models.functions import Lower

from keys.models import Drift, KeyNote, MirrorKey, Team
from keys.models.mirror import BY_GROUP, BY_NAME, NEVER_EXPIRES, RESTRICTED
from keys.selectors.counting import counts_of, quick_counts
from keys.selectors.keys import NOTHING, Beside, KeyRow, Pages, key_row
from keys.selectors.wanted import Wanted, effective, found, of_status
from keys.types import KeySettings, KeySnapshot, Status

PAGE: Final = 50
HEAVY: Final = ("snapshot", "haystack", "fingerprint", "fingerprint_of", "mask_print")
"""Columns that no list shows."""

SORTS: Final[dict[str, tuple[Any, ...]]] = {
    "name": (BY_NAME,),
    "team": (Lower("team__name"),),
    "status": (F("effective"),),
    "left": (F("unlimited_quota"), F("remain_quota")),
    "used": (F("used_quota"),),
    "expires": (NEVER_EXPIRES, F("expired_time")),
    "group": (BY_GROUP,),
    "restricted": (RESTRICTED, F("model_limits_enabled")),
    "last_used": (F("accessed_time"),),
    # CometAPI numbers keys as they are made.
    "created": (F("key_id"),),
}
"""Column of the list -> what it is sorted by. Ties: the newest first."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of the mirror's list, its team, and whether it heads one of the two parts of an answer about an address."""

    row: KeyRow
    team: Team
    heads: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """One page. counts: word for a status -> how many there would be with it; other ones only where there are any."""

    rows: tuple[Listed, ...]
    pages: Pages
    counts: Mapping[str, int]
    gone: int

    @property
    def all(self) -> int:
        return sum(self.counts.values())


NOTHING_LISTED: Final = Listing((), Pages(1, 0, 0, 0, 0), {}, 0)


def keys_of(teams: Sequence[Team], *, every: bool = False) -> QuerySet[MirrorKey]:
    """every: these are all the teams there are, which spares the database a look at each row's team."""
    if every:
        return MirrorKey.objects.all()
    return MirrorKey.objects.filter(team__in=teams) if len(teams) != 1 else MirrorKey.objects.filter(team=teams[0])


def listing(
    teams: Sequence[Team],
    wanted: Wanted,
    page: int,
    now: datetime,
    *,
    every: bool = False,
    marks: Mapping[int, UUID] | None = None,
) -> Listing:
    """Page `page`, from 1, of what is looked for among the keys of these teams.

    every: as for `keys_of`. marks: as for `quick_counts`.
    """
    wide = found(keys_of(teams, every=every), wanted, now)
    if wanted.status or not wanted.of_status_alone or _by_status(wanted):  # building it takes longer than asking
        wide = wide.annotate(effective=effective(now))
    counts, gone = ({}, 0) if wanted.gone else quick_counts(teams, now, marks)
    if not wanted.of_status_alone:
        counts = counts_of(wide)
    total = counts.get(wanted.status, 0) if wanted.status else sum(counts.values())
    number = (page - 1) * PAGE
    keys = _page(wide, wanted, number, total, now) if number < total else []
    first = number + 1 if keys else 0
    pages = Pages(page, total, first, number + len(keys) if keys else 0, -(-total // PAGE))
    return Listing(tuple(_rows(keys, teams, wanted, now)), pages, counts, gone)


def _page(wide: QuerySet[MirrorKey], wanted: Wanted, number: int, total: int, now: datetime) -> list[Any]:
    """The rows after the first `number` of `total`, found from the nearer end.

    Of the database's own numbers, out of an index where there is one for it: so not every row on the way is read.
    """
    found = ordered(of_status(wide, wanted.status), wanted).values("pk")
    if number <= total // 2:
        ids = found[number : number + PAGE]
    else:
        left = total - number
        ids = found.reverse()[max(0, left - PAGE) : left]
    rows = MirrorKey.objects.filter(pk__in=ids)
    if _by_status(wanted):
        rows = rows.annotate(effective=effective(now))
    return list(ordered(_shown(rows), wanted))


def _by_status(wanted: Wanted) -> bool:
    """Does the order hang on each key's effective status?"""
    return bool(wanted.address) or wanted.sort.removeprefix("-") == "status"


def ordered(keys: QuerySet[MirrorKey], wanted: Wanted) -> QuerySet[MirrorKey]:
    """Of an answer about an address, what is let in now comes before what is not because of its status."""
    falling = wanted.sort.startswith("-")
    by = [expression.desc() if falling else expression.asc() for expression in SORTS[wanted.sort.removeprefix("-")]]
    if wanted.address:
        alive = Case(When(effective=Status.ENABLED, then=Value(0)), default=Value(1), output_field=IntegerField())
        by.insert(0, alive.asc())
    return keys.order_by(*by, "-key_id") if not wanted.sort.endswith("created") else keys.order_by(*by)


def exported(keys: QuerySet[MirrorKey], wanted: Wanted, now: datetime) -> tuple[int, Iterator[MirrorKey]]:
    """How many rows there are of what is looked for, and all of them, a batch at a time."""
    wide = of_status(found(keys, wanted, now).annotate(effective=effective(now)), wanted.status)
    return wide.count(), _shown(ordered(wide, wanted)).iterator(chunk_size=1_000)


def _shown(keys: QuerySet[MirrorKey]) -> QuerySet[MirrorKey]:
    """What lists show of them, and whether there is an open drift (`drifted`)."""
    same_key = Drift.objects.filter(account_id=OuterRef("account_id"), key_id=OuterRef("key_id"))
    return keys.defer(*HEAVY).annotate(drifted=Exists(same_key.filter(state=Drift.State.OPEN)))


def besides(keys: Collection[Any]) -> dict[tuple[int, int], Beside]:
    """(account, key) -> what we keep beside it, in one query. keys: as `listing` and `exported` read them."""
    by_pair = {(key.account_id, key.key_id): key for key in keys}
    of_these = KeyNote.objects.filter(account_id__in={account for account, _ in by_pair})
    notes = of_these.filter(key_id__in=[key_id for _, key_id in by_pair])
    noted = {(note.account_id, note.key_id): note for note in notes}
    return {
        pair: _beside(noted.get(pair), key.drifted, key.gone_at, key.first_seen_at) for pair, key in by_pair.items()
    }


def beside_of(account_id: int, key_id: int) -> Beside:
    """The same for one key as it was just read."""
    note = KeyNote.objects.filter(account_id=account_id, key_id=key_id).first()
    drifts = Drift.objects.filter(account_id=account_id, key_id=key_id, state=Drift.State.OPEN)
    seen = MirrorKey.objects.filter(account_id=account_id, key_id=key_id).values_list("first_seen_at", flat=True)
    return _beside(note, drifts.exists(), None, seen.first())


def snapshot_of(key: MirrorKey) -> KeySnapshot:
    """From the columns, whose texts are escaped where they must be; good for showing, never for an edit."""
    return KeySnapshot(
        id=key.key_id,
        user_id=key.account_id,
        masked=key.masked,
        settings=KeySettings(
            name=key.name,
            status=key.status,
            expired_time=key.expired_time,
            remain_quota=key.remain_quota,
            unlimited_quota=key.unlimited_quota,
            model_limits_enabled=key.model_limits_enabled,
            model_limits=key.model_limits,
            allow_ips=key.allow_ips or None,
            group=key.group,
            cross_group_retry=key.cross_group_retry,
        ),
        created_time=key.created_time,
        accessed_time=key.accessed_time,
        used_quota=key.used_quota,
    )


def _rows(keys: list[Any], teams: Sequence[Team], wanted: Wanted, now: datetime) -> Iterator[Listed]:
    named = {team.pk: team for team in teams}
    beside = besides(keys) if keys else {}
    part = ""
    for key in keys:
        row = key_row(snapshot_of(key), now, beside.get((key.account_id, key.key_id), NOTHING))
        now_part = ("in" if row.status == Status.ENABLED else "out") if wanted.address else ""
        yield Listed(row, named[key.team_id], now_part if now_part != part else "")
        part = now_part


def _beside(note: KeyNote | None, drifted: bool, gone_at: datetime | None, seen_at: datetime | None) -> Beside:
    if note is None:
        return Beside(drifted=drifted, gone_at=gone_at, first_seen_at=seen_at)
    return Beside(note.owner, note.purpose, tuple(note.tag_list), drifted, gone_at, seen_at)
