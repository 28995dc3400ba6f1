"""Writes that may still land: a request can reach CometAPI's database long after it was sent (trap 8)."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from keys.models import Change, ChangeState


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


def look_again_at(earlier: list[Change]) -> datetime | None:
    """When the last request of `earlier` must have landed, if it ever does."""
    latest = max((other.sent_until for other in earlier if other.sent_until), default=None)
    return latest and latest + timedelta(seconds=settings.WAITS.late_s)


def _sent_lately(account_id: int, key_id: int) -> QuerySet[Change]:
    since = timezone.now() - timedelta(seconds=settings.WAITS.late_s)
    return Change.objects.filter(account_id=account_id, key_id=key_id, sent_until__gt=since)
