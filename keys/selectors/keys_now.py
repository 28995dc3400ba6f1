"""What a key is by now, for rows about its past: as the ledger's newest reading of it says."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Q, Subquery

from keys.ledger.actions import Action
from keys.models import Record
from keys.selectors.telling import body_of
from keys.types import Status

Key = tuple[int, int]
"""Team and key id, as records have them."""
READ = ("confirmed", "applied", "differs", "other", "refused", "not_applied", "not_sent")
"""Outcomes whose record may hold a reading; where it holds none, nothing is said."""
HOLDS_A_READING = Q(outcome__in=READ) | Q(action=Action.KEY_DRIFT) | Q(outcome="unknown", text__contains='"found":{')
"""What is unknown has often not been read at all: then an earlier record is the newest one that says anything."""


@dataclass(frozen=True, slots=True)
class KeyNow:
    """status: as read then, None when it was gone. at: when."""

    status: int | None
    at: datetime

    @property
    def gone(self) -> bool:
        return self.status is None


def keys_now(records: Iterable[Record]) -> dict[Key, KeyNow]:
    """Of the keys of these records, those that did not read enabled, or were gone, at the last reading."""
    ids = {(r.team_id, r.key_id): r.seq for r in records if r.team_id is not None and r.key_id is not None}
    same_key = Record.objects.filter(HOLDS_A_READING, team_id=OuterRef("team_id"), key_id=OuterRef("key_id"))
    newest = Record.objects.filter(seq__in=ids.values()).values_list(
        Subquery(same_key.order_by("-seq").values("seq")[:1]), flat=True
    )
    readings = Record.objects.filter(seq__in=[seq for seq in newest if seq])
    found = ((reading, _now(reading)) for reading in readings)
    return {(r.team_id, r.key_id): now for r, now in found if now and r.team_id is not None and r.key_id is not None}


def _now(reading: Record) -> KeyNow | None:
    body = body_of(reading)
    found = body.get("found")
    if body.get("gone") is True:
        return KeyNow(None, reading.time)
    status = found.get("status") if isinstance(found, dict) else None
    return KeyNow(status, reading.time) if isinstance(status, int) and status != Status.ENABLED else None
