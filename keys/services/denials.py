"""Refusals, recorded: the same one by the same person or address once a minute, with its count.

What was counted and no later refusal brought into the ledger, `tell_counted` does: it is the end of a flood.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.db.models import F
from django.utils import timezone

from keys import permissions
from keys.errors import Denied
from keys.ledger import book
from keys.ledger.actions import Action
from keys.ledger.finding import parsed
from keys.models import Denial, Person, Record, Team
from keys.permissions import Verb
from keys.types import Actor, ActorKind, Deadline

MINUTE: Final = timedelta(minutes=1)
FORGOTTEN_AFTER: Final = timedelta(days=1)
LOOKED_BACK: Final = timedelta(days=7)
"""What was counted longer ago is left to the next refusal: its record may be far back by now."""


def demand(person: Person | None, actor: Actor, verb: Verb, team: Team | None = None) -> None:
    """The first line of every service that changes something: raises Denied, with its record.

    person: None for the system itself, that is for whoever runs a management command on the machine.
    """
    if person is None and actor.kind is ActorKind.SYSTEM:
        return
    if person is None or not permissions.allowed(person, verb, team):
        record_denial(actor, verb, team)
        raise Denied(str(verb))


def record_denial(actor: Actor, verb: Verb, team: Team | None, key_id: int | None = None) -> None:
    """Note that somebody was refused. team: None where there is none, or none that this person may know of.

    Raises LedgerUnavailable.
    """

    def entry(count: int) -> book.Entry:
        body = {"verb": str(verb), "count": count}
        return book.Entry(action=Action.DENIED, actor=actor, body=body, team=team, key_id=key_id)

    _once_a_minute(_who_was_denied(actor.id, actor.address, str(verb), team.pk if team else None), entry)


def record_failed_sign_in(actor: Actor) -> None:
    """Note a failed sign-in. The actor bears a name only where it is an existing username, never what was typed.

    Raises LedgerUnavailable.
    """

    def entry(count: int) -> book.Entry:
        return book.Entry(action=Action.SIGN_IN_FAILED, actor=actor, body={"count": count})

    _once_a_minute(_who_failed(actor.id, actor.address), entry)


def tell_counted(until: Deadline) -> None:
    """Record what was counted and is older than a minute. Raises LedgerUnavailable.

    By whom, and of what, is told by the record that the counting began with: the counters themselves hold digests.
    """
    now = timezone.now()
    due = Denial.objects.filter(more__gt=0, since__lte=now - MINUTE, since__gt=now - LOOKED_BACK)
    counted = {row.who: row for row in due}
    if not counted:
        return
    begun = min(row.since for row in counted.values()) - timedelta(seconds=1)
    records = Record.objects.filter(action__in=(Action.DENIED, Action.SIGN_IN_FAILED), time__gte=begun)
    for record in records.order_by("-seq").iterator():
        if until.passed or not counted:
            return
        row = counted.pop(_who_of(record), None)
        if row is not None:
            _tell(row, record)


def _tell(row: Denial, first: Record) -> None:
    actor = Actor(ActorKind(first.actor_kind), first.actor_id, first.actor, first.actor_role, first.address)
    team = Team.objects.filter(pk=first.team_id).first() if first.team_id else None
    with book.opened() as ledger:
        more = Denial.objects.filter(pk=row.pk, since=row.since).values_list("more", flat=True).first()
        if not more:
            return  # told by another refusal, or by another process, meanwhile
        body = {**(parsed(first.text) or {}), "count": more}
        ledger.append(book.Entry(action=Action(first.action), actor=actor, body=body, team=team))
        Denial.objects.filter(pk=row.pk).update(since=timezone.now(), more=F("more") - more)


def _once_a_minute(who: str, entry: Callable[[int], book.Entry]) -> None:
    """Append the entry with its count, or count it only, if the like was appended less than a minute ago."""
    if _counted(who):
        return
    with book.opened() as ledger:
        # Again under the lock: of two requests that come here together, the second finds the first one's row.
        if _counted(who):
            return
        now = timezone.now()
        row = Denial.objects.filter(who=who).first()
        ledger.append(entry(1 + (row.more if row else 0)))
        Denial.objects.update_or_create(who=who, defaults={"since": now, "more": 0})
        Denial.objects.filter(since__lt=now - FORGOTTEN_AFTER, more=0).delete()


def _counted(who: str) -> bool:
    current = Denial.objects.filter(who=who, since__gt=timezone.now() - MINUTE)
    return current.update(more=F("more") + 1) > 0


def _who_was_denied(actor_id: str, address: str, verb: str, team: int | None) -> str:
    return _digest("denied", actor_id or address, verb, team)


def _who_failed(actor_id: str, address: str) -> str:
    return _digest("sign_in", address, actor_id)


def _who_of(record: Record) -> str:
    """The counter that this record's refusal is counted by."""
    if record.action == Action.SIGN_IN_FAILED:
        return _who_failed(record.actor_id, record.address)
    verb = str((parsed(record.text) or {}).get("verb", ""))
    return _who_was_denied(record.actor_id, record.address, verb, record.team_id)


def _digest(*parts: str | int | None) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
