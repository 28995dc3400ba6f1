"""People, teams and actors for the tests of this room: made straight in the tables, not by what is under test."""

import json
from typing import Any

from keys.models import CompanyRole, Membership, Person, Record, Team, TeamRole
from keys.types import Actor, ActorKind

PASSWORD = "green-horse-41"
SYSTEM = Actor(ActorKind.SYSTEM, "", "tests")


def person(username: str, company_role: str = CompanyRole.NONE, **other: Any) -> Person:
    return Person.objects.create_user(username, password=PASSWORD, company_role=company_role, **other)


def admin(username: str = "ada") -> Person:
    return person(username, CompanyRole.ADMIN)


def team(slug: str = "blue", name: str = "Blue", **other: Any) -> Team:
    return Team.objects.create(slug=slug, name=name, **other)


def belongs(who: Person, where: Team, role: str = TeamRole.MEMBER) -> Person:
    Membership.objects.create(person=who, team=where, role=role)
    return who


def actor(who: Person, role: str = "admin") -> Actor:
    return Actor(ActorKind.PERSON, str(who.pk), who.shown_name, role, "192.0.2.7", "r" * 32)


def acting(who: Person) -> dict[str, Any]:
    """The two arguments that every service begins with."""
    return {"person": who, "actor": actor(who)}


def recorded() -> list[tuple[str, str, str, dict[str, Any]]]:
    """action, actor, team and body of every record, oldest first."""
    records = Record.objects.order_by("seq")
    return [(r.action, r.actor, r.team, json.loads(r.text)["body"]) for r in records]


def actions() -> list[str]:
    return list(Record.objects.order_by("seq").values_list("action", flat=True))
