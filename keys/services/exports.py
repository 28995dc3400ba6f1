"""Lists that leave the house: recorded before the first row does."""

from keys.ledger import book
from keys.ledger.actions import Action
from keys.models import Person, Team
from keys.permissions import Verb
from keys.services.denials import demand
from keys.types import Actor


def keys_exported(*, person: Person, actor: Actor, team: Team | None, asked: str, count: int) -> None:
    """Note who takes which list of keys away. team: None for all that the person sees; asked: the filters, as in the
    address. Raises Denied, LedgerUnavailable."""
    demand(person, actor, Verb.VIEW_KEYS if team else Verb.VIEW_TEAMS, team)
    body = {"count": count, "listed": asked}
    with book.opened() as ledger:
        ledger.append(book.Entry(action=Action.KEYS_EXPORT, actor=actor, body=body, team=team))
