"""Refusals, recorded: the same one by the same person or address once a minute, with its count."""

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
from keys.models import Denial, Person, Team
from keys.permissions import Verb
from keys.types import Actor, ActorKind

MINUTE: Final = timedelta(minutes=1)
FORGOTTEN_AFTER: Final = timedelta(days=1)


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

    _once_a_minute(_digest("denied", actor.id or actor.address, str(verb), team.pk if team else None), entry)


def record_failed_sign_in(actor: Actor) -> None:
    """Note a failed sign-in. The actor bears a name only where it is an existing username, never what was typed.

    Raises LedgerUnavailable.
    """

    def entry(count: int) -> book.Entry:
        return book.Entry(action=Action.SIGN_IN_FAILED, actor=actor, body={"count": count})

    _once_a_minute(_digest("sign_in", actor.address, actor.id), entry)


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


def _digest(*parts: str | int | None) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
