"""The first step of the road: may this actor do this to this team's key? A refusal is recorded, nothing is sent."""

from keys import permissions
from keys.errors import Denied
from keys.models import Person, Team
from keys.permissions import Verb
from keys.services.denials import record_denial
from keys.types import Actor, ActorKind

SYSTEM_VERBS = frozenset({Verb.DISABLE_KEY})
"""All that the system may do by itself: repeat a disable, the safe direction."""


def guard(person: Person | None, actor: Actor, verb: Verb, team: Team, key_id: int | None = None) -> None:
    """Raise Denied, with its record, unless the permission table allows it."""
    if person is None and actor.kind is ActorKind.SYSTEM and verb in SYSTEM_VERBS:
        return
    if person is not None and permissions.allowed(person, verb, team):
        return
    record_denial(actor, verb, team, key_id)
    raise Denied(f"{verb}")
