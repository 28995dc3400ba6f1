"""Disabling several keys side by side along the one road: each its own intent, PUT and outcome, one look at them all.

What is shared is reading alone: a page of the listing tells of up to a hundred keys what `GET /api/token/{id}` tells of
one, from the same stored record. A page begun after a key's PUT has ended is its look, and a page read just before its
PUT is what its body is built from. Nothing else differs from `perform`: same guard, intent, lease, steps and outcome.
"""

from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError

from keys.services import access_tokens, mirror
from keys.services.disabling import Steps, disable_steps, first_step, last_steps
from keys.services.guard import guard
from keys.services.outcome import Result
from keys.services.perform import Reading, Walk, begin, sent_and_recorded
from keys.services.requests import Look
from keys.services.road import Road
from keys.services.sending import Sent
from keys.types import Deadline


@dataclass(frozen=True, slots=True)
class Begun:
    """A disable that was sent and has to be read now; `sent`, or `fault`, where it did not come as far."""

    walk: Walk
    steps: Steps
    sent: Sent | None = None
    fault: DatabaseError | None = None


def begin_disable(road: Road, reading: Reading) -> Begun | Result:
    """Up to the first PUT. Raises as `perform`, and nothing was sent then. reading: of this key, begun just before."""
    guard(road.person, road.actor, road.verb, road.team, road.key_id)
    client = access_tokens.client_for(road.team, lane=road.lane)
    walk = begin(road, reading, client, Deadline.after(settings.WAITS.disable_s), None)
    if isinstance(walk, Result):
        return walk
    steps = disable_steps(walk.sending)
    try:
        return Begun(walk, steps, first_step(steps))
    except DatabaseError as fault:
        return Begun(walk, steps, fault=fault)


def end_disable(begun: Begun, seen: Look | None, until: Deadline) -> Result:
    """From the look to the outcome; what does not read disabled is gone on with as any disable, until then.

    seen: begun after `begin_disable` has returned, and stored into the mirror by the caller, for all keys that it tells
    of at once; None where no page told of this key: then it is read by itself.
    """
    begun.walk.sending.deadline = until.within(settings.WAITS.disable_s)

    def send() -> Sent:
        if begun.fault:
            raise begun.fault
        return begun.sent or last_steps(begun.steps, begun.walk.sending, seen)

    result = sent_and_recorded(begun.walk, send)
    if seen is None or result.snapshot is not seen.snapshot:
        mirror.note(begun.walk.road.team, result.snapshot, result.checked_at, after_change=True)
    return result
