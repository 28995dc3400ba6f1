"""The one writer of the mirror: what was read goes in, over what was read earlier and never over what was read later.

A reading's age is when it was *begun*, so that a slow listing never undoes an edit (design.md, "Background work"). Rows
of one team are written under the lock of its TeamSync row, which makes the comparison and the writing one.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import structlog
from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from keys.models import Change, Drift, MirrorKey, Team, TeamSync, UsageSample
from keys.redact import escape_visible
from keys.services.compare import moved_between, still_there
from keys.services.snapshots import snapshot_from_json, snapshot_to_json
from keys.types import KeyPrint, KeySnapshot

log = structlog.get_logger(__name__)

KEPT: Final = ("id", "team", "account_id", "key_id", "first_seen_at")
"""Columns that a later reading leaves as they are."""
COMPARED: Final = (
    *(*KEPT, "snapshot", "read_at", "gone_at", "suspect", "baseline", "baseline_at"),
    *("status", "expired_time", "unlimited_quota", "remain_quota"),
    *("fingerprint", "fingerprint_of", "mask_print", "used_quota", "allow_ips"),
)
"""What a new reading is held against; all else is copied from it anew, unread."""
TRIMMED: Final = "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029"
"""What an entry of an allowlist may begin or end with, as it is read: such a character written out would spoil it."""
_OPEN_DRIFTS: Final = Drift.objects.filter(
    account_id=OuterRef("account_id"), key_id=OuterRef("key_id"), state=Drift.State.OPEN
)
REWRITTEN: Final = tuple(f.name for f in MirrorKey._meta.concrete_fields if f.name not in KEPT)


def note(team: Team, reading: KeySnapshot | None, begun: datetime | None, *, after_change: bool = False) -> None:
    """Store one key as it was just read, if it was; trouble with the database is logged, since the mirror can wait.

    after_change: as `store`.
    """
    if reading is None or begun is None:
        return
    try:
        store(team, [reading], begun, after_change=after_change)
    except DatabaseError as error:
        log.warning("mirror_not_written", team=team.slug, key=reading.id, error=type(error).__name__)


def store(team: Team, readings: Collection[KeySnapshot], begun: datetime, *, after_change: bool = False) -> None:
    """Store readings of one request, begun at one moment; at most a page of them.

    after_change: a change of ours came just before, so that nobody has to look whether one did.
    """
    if not readings:
        return
    with transaction.atomic():
        syncs = TeamSync.objects.select_for_update().only("secret_length", "secret_charset")
        sync, _ = syncs.get_or_create(team=team)
        if _store(team, list({reading.id: reading for reading in readings}.values()), begun, after_change):
            _mark(team)
        _learn_shape(sync, [reading.print for reading in readings if reading.print])


def mark_gone(team: Team, begun: datetime) -> int:
    """Mark what a full, successful listing begun at `begun` did not have; how many. The caller vouches for "full"."""
    with transaction.atomic():
        TeamSync.objects.select_for_update().get(team=team)
        _mark(team)
        return MirrorKey.objects.filter(team=team, read_at__lt=begun, gone_at=None).update(gone_at=begun)


def lookback() -> timedelta:
    """How long before a reading a change of ours may have begun that the reading does not show yet (trap 8)."""
    waits = settings.WAITS
    return timedelta(seconds=waits.held_s + waits.late_s)


def hold(team: Team) -> None:
    """Until the transaction that is open ends, nobody else stores a reading of this team's keys."""
    TeamSync.objects.select_for_update().get(team=team)


def _mark(team: Team) -> None:
    """What was counted of this team's keys is to be counted anew, once the transaction that is open has ended."""
    TeamSync.objects.filter(team=team).update(mark=uuid4())


def _store(team: Team, readings: list[KeySnapshot], begun: datetime, after_change: bool) -> bool:
    """Was anything stored that is counted?"""
    ids = [reading.id for reading in readings]
    rows = MirrorKey.objects.only(*COMPARED).filter(account_id=readings[0].user_id, key_id__in=ids)
    known = {row.key_id: row for row in rows.annotate(drifted=Exists(_OPEN_DRIFTS))}
    ours = set(ids) if after_change else _changed_lately(readings[0].user_id, known.values())
    counted = {key_id: _counted_by(row) for key_id, row in known.items()}
    written, same = [], []
    sampled = {row.key_id: row.used_quota for row in known.values() if row.read_at.date() == begun.date()}
    for reading in readings:
        row = known.get(reading.id)
        if row is None:
            written.append(_new(team, reading, begun))
        elif row.read_at < begun and _renew(row, reading, begun, row.key_id in ours):
            written.append(row)
        elif row.read_at < begun:
            same.append(row.pk)
    if written:
        MirrorKey.objects.bulk_create(
            written, update_conflicts=True, unique_fields=("account_id", "key_id"), update_fields=REWRITTEN
        )
    if same:
        MirrorKey.objects.filter(pk__in=same).update(read_at=begun, baseline_at=begun)
    current = [row for row in known.values() if row.read_at == begun]
    _sample((row for row in (*written, *current) if sampled.get(row.key_id) != row.used_quota), begun)
    _supersede([row for row in written if getattr(row, "drifted", True)])
    return any(counted.get(row.key_id) != _counted_by(row) for row in written)


def _counted_by(row: MirrorKey) -> tuple[object, ...]:
    """What says under which word a key is counted (`keys.selectors.counting`), but for the time of day."""
    return row.status, row.expired_time, row.unlimited_quota, row.remain_quota > 0, row.gone_at is None


def _new(team: Team, reading: KeySnapshot, begun: datetime) -> MirrorKey:
    row = MirrorKey(team=team, account_id=reading.user_id, key_id=reading.id, first_seen_at=timezone.now())
    _renew(row, reading, begun, False)
    return row


def _renew(row: MirrorKey, reading: KeySnapshot, begun: datetime, changed_by_us: bool) -> bool:
    """Put a reading into its row; False when only its age is new, so that a bulk statement will do."""
    stored = snapshot_to_json(reading)
    seen_before = row.snapshot is not None and row.baseline is not None
    moved = seen_before and bool(moved_between(snapshot_from_json(row.baseline), reading))
    explained = not (moved or changed_by_us)
    printed = reading.print is None or _tells_nothing_new(reading.print, row)
    copied = row.allow_ips == _allowlist(reading)  # not so in rows of before line ends were kept in it
    if row.snapshot == stored and row.gone_at is None and printed and copied and explained and not row.suspect:
        return False
    row.snapshot, row.read_at, row.gone_at, row.suspect = stored, begun, None, not explained
    if explained:
        row.baseline, row.baseline_at = stored, begun
    _copy_columns(row, reading)
    if reading.print and not printed:
        row.fingerprint, row.fingerprint_of = reading.print.digest, reading.print.of
        row.mask_print = reading.print.mask
    return True


def _tells_nothing_new(found: KeyPrint, row: MirrorKey) -> bool:
    """Is it known already? A mask of the secret that was seen whole is not put in its place: it finds less.

    Where head or tail differ, or the fingerprint key does, what was seen whole can no longer be told again.
    """
    if found.mask != row.mask_print:
        return False
    return found.digest == row.fingerprint or (found.of == "mask" and row.fingerprint_of == "whole")


def _copy_columns(row: MirrorKey, reading: KeySnapshot) -> None:
    """Texts with what databases refuse, and what would hide, written visibly."""
    for name, value in reading.settings.as_dict().items():
        setattr(row, name, escape_visible(value, keep="\n") if isinstance(value, str) else value)
    row.allow_ips, row.masked = _allowlist(reading), reading.masked[:200]
    row.used_quota = reading.used_quota
    row.created_time, row.accessed_time = reading.created_time, reading.accessed_time
    told = (row.name, str(row.key_id), row.masked, row.group, row.model_limits)
    row.haystack = "\n".join(told).casefold()


def _allowlist(reading: KeySnapshot) -> str:
    """So that it lets in whom the reading lets in: lists by address are answered from this copy."""
    return escape_visible(reading.settings.allow_ips or "", keep=TRIMMED)


def _changed_lately(account_id: int, rows: Iterable[MirrorKey]) -> set[int]:
    """Keys with a change of ours that may account for what is read now: those are looked at one by one."""
    since = {row.key_id: row.baseline_at - lookback() for row in rows if row.baseline_at}
    if not since:
        return set()
    found = Change.objects.filter(account_id=account_id, created_at__gte=min(since.values())).values_list(
        "key_id", "created_at"
    )
    return {key_id for key_id, created_at in found if key_id in since and created_at >= since[key_id]}


def _sample(rows: Iterable[MirrorKey], begun: datetime) -> None:
    """Keep the highest count of units used that was read on this day (UTC)."""
    used = {(row.account_id, row.key_id): row.used_quota for row in rows}
    if not used:
        return
    today = begun.date()
    accounts = {account_id for account_id, _ in used}
    there = UsageSample.objects.filter(
        account_id__in=accounts, day=today, key_id__in=[key_id for _, key_id in used]
    ).values_list("account_id", "key_id", "used_quota")
    highest = {(account_id, key_id): units for account_id, key_id, units in there}
    higher = [
        UsageSample(account_id=key[0], key_id=key[1], day=today, used_quota=units)
        for key, units in used.items()
        if key not in highest or units > highest[key]
    ]
    if higher:
        UsageSample.objects.bulk_create(
            higher,
            update_conflicts=True,
            unique_fields=("account_id", "key_id", "day"),
            update_fields=("used_quota",),
        )


def _supersede(rows: Iterable[MirrorKey]) -> None:
    """End open drifts of which nothing is left to be seen: whoever set the key otherwise has dealt with them."""
    by_key = {(row.account_id, row.key_id): row.snapshot for row in rows}
    if not by_key:
        return
    ids = [key_id for _, key_id in by_key]
    for drift in Drift.objects.filter(state=Drift.State.OPEN, key_id__in=ids).only("account_id", "key_id", "changed"):
        now = by_key.get((drift.account_id, drift.key_id))
        if now is not None and not _still_there(drift, now):
            ended = {"state": Drift.State.SUPERSEDED, "ended_at": timezone.now()}
            Drift.objects.filter(pk=drift.pk, state=Drift.State.OPEN).update(**ended)


def _still_there(drift: Drift, now: dict[str, Any]) -> bool:
    limit = now["remain_quota"] + now["used_quota"]
    for field, pair in drift.changed.items():
        if field == "remain_quota":
            continue  # moves by spending; its limit tells
        if still_there(field, pair, limit if field == "limit" else now.get(field)):
            return True
    return False


def _learn_shape(sync: TeamSync, prints: list[KeyPrint]) -> None:
    """Length and kinds of characters of the team's whole secrets: the commonest ones, where there are any."""
    shapes = Counter((found.length, found.charset) for found in prints if found.of == "whole")
    if not shapes:
        return
    length, charset = shapes.most_common(1)[0][0]
    if (sync.secret_length, sync.secret_charset) != (length, charset):
        TeamSync.objects.filter(pk=sync.pk).update(secret_length=length, secret_charset=charset[:40])
