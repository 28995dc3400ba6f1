"""The one road to an upstream write (design.md): guard, read, compute, intent, send, look, outcome.

Every write of every key walks it, whoever asks. The intent is committed before anything is sent, so a change whose
process died is an intent without an outcome: unknown, visible, and settled by reading (`keys.services.settle`).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from keys.cometapi.client import CometClient
from keys.errors import AccessTokenRefused, CometAdminError, KeyNotFound, LedgerError, UpstreamError
from keys.ledger.chain import AlreadyIntended
from keys.models import Change, ChangeState, TokenState
from keys.services import access_tokens, journal, late, leases, mirror, repeats
from keys.services.compute import Plan
from keys.services.guard import guard
from keys.services.outcome import Held, Outcome, Result
from keys.services.requests import Sending
from keys.services.road import Road
from keys.services.sending import Sent
from keys.types import Deadline, KeySnapshot, Lane, Waits


@dataclass(frozen=True, slots=True)
class Reading:
    """A key as it was read before a change. at, live_at: when that was begun, for people and in monotonic seconds."""

    live: KeySnapshot
    at: datetime
    live_at: float


@dataclass(frozen=True, slots=True)
class Walk:
    """A change whose intent is committed, on its way to its outcome."""

    road: Road
    change: Change
    plan: Plan
    sending: Sending


def perform(road: Road) -> Result:
    """Make one change and tell what was read.

    Raises Denied, Conflict, Held, Invalid, ChangeIdTaken, NoAccessToken, SealBroken and LedgerUnavailable; nothing was
    sent then. Upstream trouble is in the Result.
    """
    guard(road.person, road.actor, road.verb, road.team, road.key_id)
    client = access_tokens.client_for(road.team, lane=road.lane)
    waits: Waits = settings.WAITS
    deadline = Deadline.after(waits.disable_s if road.urgent else waits.edit_s)
    free = _first_of_its_id(road) if road.urgent else _free_epoch(road, deadline)
    if isinstance(free, Result):
        return free
    live_at, read_at = time.monotonic(), timezone.now()
    try:
        live = client.get_key(road.key_id, deadline.within(waits.disable_s * 0.4 if road.urgent else waits.read_s))
    except UpstreamError as error:
        return _not_read(road, error) or _of_its_id(road)
    begun = begin(road, Reading(live, read_at, live_at), client, deadline, free)
    return begun if isinstance(begun, Result) else end(begun, lambda: road.send(begun.sending, begun.plan))


def begin(road: Road, reading: Reading, client: CometClient, deadline: Deadline, epoch: int | None) -> Walk | Result:
    """From what was read to the committed intent. A Result: there is nothing to send, or it was sent already.

    Raises as `perform`. epoch: the key's when it was read, None for a disable, which takes over.
    """
    plan = _plan(road, reading)
    if isinstance(plan, Result):
        return plan
    change = _intend(road, reading.live, plan, epoch, reading.at)
    if change is None:
        return _of_its_id(road)
    reader = access_tokens.client_for(road.team, lane=Lane.URGENT)
    sending = Sending(change, client, reader, reading.live, reading.live_at, deadline, settings.WAITS, [])
    return Walk(road, change, plan, sending)


def _plan(road: Road, reading: Reading) -> Plan | Result:
    """What to send, from what was read; a Result where nothing is to be sent.

    What reads as a conflict, or as changed already, may be the work of the very same submission, sent a moment earlier.
    """
    try:
        plan = road.plan(reading.live)
    except CometAdminError:
        if earlier := _first_of_its_id(road):
            return earlier
        raise
    if plan.changed or road.urgent:
        return plan
    if earlier := _first_of_its_id(road):
        return earlier
    mirror.note(road.team, reading.live, reading.at)
    return Result(Outcome.UNCHANGED, road.kind, road.change_id, timezone.now(), reading.live, moved=plan.moved)


def end(walk: Walk, send: Callable[[], Sent]) -> Result:
    """Send, look, and record the outcome. Never raises for what comes after the first request: the Result tells it."""
    result = sent_and_recorded(walk, send)
    # Only now: the mirror is a cache, and nothing of it may stand in the way of the record.
    mirror.note(walk.road.team, result.snapshot, result.checked_at, after_change=True)
    return result


def _first_of_its_id(road: Road) -> Result | None:
    """The outcome of the submission that came first with this change id, once it has one; None for a new id."""
    return repeats.earlier_result(road.change_id, road.content, road.actor, road.team, road.key_id)


def _of_its_id(road: Road) -> Result:
    """As above, of an id that is known to be there: the same submission came in twice, and the other was faster."""
    return repeats.wait_for(road.change_id, road.content, road.actor, road.team, road.key_id)


def _free_epoch(road: Road, deadline: Deadline) -> int | Result:
    """Wait a moment for another change of this key to end; its epoch then. Raises Held when it does not.

    A Result: the outcome of the submission that came first with this change id.
    """
    patience = deadline.within(settings.WAITS.look_s)
    while True:
        lease = leases.of(road.account_id, road.key_id, road.change_id)
        if lease.known:
            return _of_its_id(road)
        held = _held_by(road, lease)
        if held is None:
            return lease.epoch
        if patience.passed or not _under_way(held.change_id):
            raise held
        time.sleep(0.1)


def _held_by(road: Road, lease: leases.Standing) -> Held | None:
    """What keeps the key from being changed: a lease, or a change that lost its own to a disable and may still land."""
    if lease.is_held:
        return Held(lease.until, lease.change_id)
    if not lease.may_land:
        return None
    last = list(late.may_still_land(road.account_id, road.key_id).only("sent_until").order_by("-sent_until")[:1])
    return Held(late.look_again_at(last), last[0].pk) if last else None


def _under_way(change_id: UUID | None) -> bool:
    busy = (ChangeState.INTENT, ChangeState.SENDING)
    return change_id is not None and Change.objects.filter(pk=change_id, state__in=busy).exists()


def _intend(road: Road, live: KeySnapshot, plan: Plan, epoch: int | None, read_at: datetime) -> Change | None:
    """Commit the intent and hold the key. None: this very change id is being handled elsewhere."""
    until = timezone.now() + timedelta(seconds=settings.WAITS.held_s)
    try:
        with journal.opened() as ledger:
            held = leases.take(
                account_id=road.account_id,
                key_id=road.key_id,
                change_id=road.change_id,
                until=until,
                seen_epoch=epoch,
                take_over=road.urgent,
            )
            return journal.intent(ledger, road, live, plan, held, read_at)
    except (Held, AlreadyIntended):  # the later of two submissions of one id cannot but end in one of these
        if Change.objects.filter(pk=road.change_id).exists():
            return None
        raise


def sent_and_recorded(walk: Walk, send: Callable[[], Sent]) -> Result:
    """As `end`, for who stores what was read by themselves."""
    road, change, sending = walk.road, walk.change, walk.sending
    try:
        sent = send()
        if sent.look and isinstance(sent.look.error, AccessTokenRefused):
            access_tokens.note_state(road.team, TokenState.REFUSED)
        result = journal.result_of(road, change, walk.plan, sending, sent)
    except DatabaseError:
        # The database went away after something was sent: the open intent says unknown, and so do we.
        return Result(Outcome.UNKNOWN, road.kind, road.change_id, steps=tuple(sending.steps), why="not_recorded")
    try:
        return journal.outcome(road, change, result, sending)
    except LedgerError:
        # Sent, and the outcome cannot be written: the open intent says unknown, and so do we.
        return replace(result, outcome=Outcome.UNKNOWN, why="not_recorded")


def _not_read(road: Road, error: UpstreamError) -> Result | None:
    """The key could not be read before anything was sent: said, recorded, and nothing more. None as `not_sent`."""
    if isinstance(error, AccessTokenRefused):
        access_tokens.note_state(road.team, TokenState.REFUSED)
    result = Result(
        Outcome.NOT_SENT,
        road.kind,
        road.change_id,
        message=error.message,
        why="no_such_key" if isinstance(error, KeyNotFound) else error.kind,
        gone=isinstance(error, KeyNotFound),
        retry_after_s=getattr(error, "retry_after_s", None),
    )
    return journal.not_sent(road, result)
