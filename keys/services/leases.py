"""Who may send to a key now: one change at a time, and a disable takes over. Leases go by account and key.

A lease is a row, not a lock held while we wait for CometAPI. Its epoch only grows; whoever lost it learns so in
the very statement that would have marked a request as being sent.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, Q
from django.utils import timezone

from keys.models import Change, ChangeState, Lease
from keys.services import late
from keys.services.outcome import Held


class Standing(NamedTuple):
    """A key's lease, held or not. may_land: is there a request that may still land (`keys.services.late`)?

    known: is there already a change of the id that was asked about?
    """

    epoch: int
    change_id: UUID | None
    until: datetime | None
    may_land: bool
    known: bool

    @property
    def is_held(self) -> bool:
        """Does a change hold the key now?"""
        return _held(self.change_id, self.until)


def of(account_id: int, key_id: int, change_id: UUID) -> Standing:
    """How the key's lease stands, read in one statement; of a key that was never changed it is not stored."""
    may_land, same = late.may_still_land(account_id, key_id), Change.objects.filter(pk=change_id)
    stored = Lease.objects.filter(account_id=account_id, key_id=key_id)
    found = stored.values_list("epoch", "change_id", "until", Exists(may_land), Exists(same))[:1]
    return next((Standing(*row) for row in found), None) or Standing(0, None, None, may_land.exists(), same.exists())


def _held(change_id: UUID | None, until: datetime | None) -> bool:
    return change_id is not None and until is not None and until > timezone.now()


def take(
    *, account_id: int, key_id: int, change_id: UUID, until: datetime, seen_epoch: int | None, take_over: bool
) -> int:
    """Hold the key for `change_id` and return its epoch. Runs inside the transaction that writes the intent.

    seen_epoch: what `of` said before the key was read; another one now means that a change came between.
    take_over: a disable: whoever holds the key loses it. Raises Held.
    """
    if not take_over and seen_epoch:  # as nearly always, and then in one statement
        mine = Lease.objects.filter(account_id=account_id, key_id=key_id, epoch=seen_epoch)
        free = Q(change_id=None) | Q(until=None) | Q(until__lte=timezone.now())
        if mine.filter(free).update(epoch=seen_epoch + 1, change_id=change_id, until=until):
            return seen_epoch + 1
    lease, _ = Lease.objects.select_for_update().get_or_create(account_id=account_id, key_id=key_id)
    if not take_over and (
        _held(lease.change_id, lease.until) or (seen_epoch is not None and lease.epoch != seen_epoch)
    ):
        raise Held(lease.until, lease.change_id)
    lease.epoch += 1
    lease.change_id, lease.until = change_id, until
    lease.save(update_fields=("epoch", "change_id", "until"))
    return lease.epoch


def start_sending(change: Change, sent_until: datetime) -> bool:
    """Mark that a request of this change leaves now. False: the lease was lost, nothing may be sent.

    sent_until: when the request can at the latest have left us. The lease row is updated, not merely read, so that
    a take-over at the same moment waits for this statement or makes it match nothing.
    """
    with transaction.atomic():
        mine = Lease.objects.filter(account_id=change.account_id, key_id=change.key_id, epoch=change.epoch)
        if not mine.update(change_id=change.id):
            return False
        Change.objects.filter(pk=change.pk).update(state=ChangeState.SENDING, sent_until=sent_until)
    change.state, change.sent_until = ChangeState.SENDING, sent_until
    return True


def release(change: Change) -> None:
    """Let go of the key, if this change still holds it."""
    mine = Lease.objects.filter(account_id=change.account_id, key_id=change.key_id, epoch=change.epoch)
    mine.update(change_id=None, until=None)


def fence(change: Change) -> None:
    """Make sure that `change` cannot send any more: raise the epoch if it still has it."""
    mine = Lease.objects.filter(account_id=change.account_id, key_id=change.key_id, epoch=change.epoch)
    mine.update(epoch=change.epoch + 1, change_id=None, until=None)
