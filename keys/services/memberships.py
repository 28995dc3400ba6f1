"""Who belongs to which team, and as what."""

from typing import Any

from django.utils.translation import gettext

from keys.errors import Invalid
from keys.ledger import book
from keys.ledger.actions import Action
from keys.models import Membership, Person, Team, TeamRole
from keys.permissions import Verb
from keys.services.denials import demand
from keys.types import Actor


def membership_set(*, person: Person | None, actor: Actor, subject: Person, team: Team, role: str) -> None:
    """Make somebody a member or lead of a team, or change which. Raises Denied, Invalid, LedgerUnavailable."""
    demand(person, actor, Verb.MANAGE_MEMBERS, team)
    if role not in TeamRole.values:
        raise Invalid({"role": [gettext("Choose member or lead.")]})
    with book.opened() as ledger:
        membership = Membership.objects.filter(person=subject, team=team).first()
        old = membership.role if membership else ""
        if old == role:
            return
        Membership.objects.update_or_create(person=subject, team=team, defaults={"role": role})
        ledger.append(_entry(Action.MEMBERSHIP_SET, actor, subject, team, [old, role]))


def membership_remove(*, person: Person | None, actor: Actor, subject: Person, team: Team) -> None:
    """Take somebody out of a team; who is not in it stays out. Raises Denied, LedgerUnavailable."""
    demand(person, actor, Verb.MANAGE_MEMBERS, team)
    with book.opened() as ledger:
        membership = Membership.objects.filter(person=subject, team=team).first()
        if membership is None:
            return
        membership.delete()
        ledger.append(_entry(Action.MEMBERSHIP_REMOVE, actor, subject, team, [membership.role, ""]))


def _entry(action: Action, actor: Actor, subject: Person, team: Team, role: list[str]) -> book.Entry:
    body: dict[str, Any] = {
        "person": subject.username,
        "person_id": str(subject.pk),
        "changed": {"role": role},
    }
    return book.Entry(action=action, actor=actor, body=body, team=team)
