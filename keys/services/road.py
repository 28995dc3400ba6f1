"""What `perform` needs to know of one change."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from keys.models import Person, Team
from keys.permissions import Verb
from keys.services.compute import Plan
from keys.services.outcome import Kind
from keys.services.requests import Sending
from keys.services.sending import Sent
from keys.types import Actor, KeySnapshot, Lane


@dataclass(frozen=True, slots=True)
class Road:
    """One change to be made. person: None only for the system's own disables.

    content: what was asked, as a digest (`repeats.content_of`). plan: from the key as read now to what to send; may
    raise Conflict or Invalid. send: puts the plan to CometAPI. urgent: a disable: takes the key over, is never held.
    answers: seq of the record that this change takes back or whose settings it brings back. part_of: of the record that
    begins what is done to many keys at once, this one among them.
    """

    person: Person | None
    actor: Actor
    verb: Verb
    kind: Kind
    team: Team
    key_id: int
    change_id: UUID
    content: str
    reason: str
    plan: Callable[[KeySnapshot], Plan]
    send: Callable[[Sending, Plan], Sent]
    urgent: bool = False
    answers: int | None = None
    part_of: int | None = None

    @property
    def lane(self) -> Lane:
        return Lane.URGENT if self.urgent else Lane.ORDINARY

    @property
    def account_id(self) -> int:
        # A team without an account has no access token either: client_for has said so before this is asked.
        return self.team.account_id or 0
