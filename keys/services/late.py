"""Writes that may still land: a request can reach CometAPI's database long after it was sent (trap 8)."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from keys.models import Change, ChangeState
from keys.services.compare import Differences, moved_between
from keys.services.outcome import ENDED_AS_WANTED, Kind, Result
from keys.services.snapshots import snapshot_from_json
from keys.types import KeySnapshot


def may_still_land(account_id: int, key_id: int) -> QuerySet[Change]:
    """Changes of a key without an outcome whose request may still land at upstream (trap 8)."""
    return _sent_lately(account_id, key_id).filter(state__in=(ChangeState.SENDING, ChangeState.UNKNOWN))


def may_still_land_after(change: Change) -> list[Change]:
    """Earlier changes whose request may land after what `change` has read.

    Those that ended since the intent of `change` count too: an answer may take longer to reach us than an earlier
    change needs to land, to be read back and to end.
    """
    mine = _sent_lately(change.account_id, change.key_id).filter(intent_seq__lt=change.intent_seq)
    unsure = Q(state__in=(ChangeState.SENDING, ChangeState.UNKNOWN)) | Q(outcome_seq__gt=change.intent_seq)
    return list(mine.filter(unsure))


def taken_back(disable: Change, seen: KeySnapshot) -> Differences:
    """What edits of ours had written since `disable` read the key, and its body wrote back as it had been read then.

    Field -> (as the edit left it, now). A disable waits for nobody, and where CometAPI does not know a request for the
    status alone, it writes all of its body (trap 4).
    """
    was = snapshot_from_json(disable.before)
    kept = moved_between(was, seen)
    lost: dict[str, tuple[object, object]] = {}
    for edit in _edits_landed_since(disable):
        left = snapshot_from_json(edit.found)
        wrote = {name for name, want in edit.wanted.items() if want != edit.before.get(name)}
        for field in moved_between(was, left):
            if field in wrote - {"status"} and field not in kept:
                lost[field] = (getattr(left.settings, field), getattr(seen.settings, field))
    return lost


def _edits_landed_since(disable: Change) -> list[Change]:
    """Edits that began before this disable, ended as wanted, and were read back after it had read the key."""
    if disable.read_at is None:
        return []
    others = Change.objects.filter(account_id=disable.account_id, key_id=disable.key_id).exclude(kind=Kind.DISABLE)
    earlier = others.filter(intent_seq__lt=disable.intent_seq, sent_until__gt=disable.read_at)
    edits = earlier.filter(outcome__in=ENDED_AS_WANTED)
    checked = [(edit, Result.from_json(edit.result).checked_at) for edit in edits.order_by("intent_seq")]
    return [edit for edit, at in checked if edit.found and at and at > disable.read_at]


def look_again_at(earlier: list[Change]) -> datetime | None:
    """When the last request of `earlier` must have landed, if it ever does."""
    latest = max((other.sent_until for other in earlier if other.sent_until), default=None)
    return latest and latest + timedelta(seconds=settings.WAITS.late_s)


def _sent_lately(account_id: int, key_id: int) -> QuerySet[Change]:
    since = timezone.now() - timedelta(seconds=settings.WAITS.late_s)
    return Change.objects.filter(account_id=account_id, key_id=key_id, sent_until__gt=since)
