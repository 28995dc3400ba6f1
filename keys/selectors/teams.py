"""Reads for the pages about teams and people."""

from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet

from keys.models import AccessToken, CompanyRole, Membership, Person, Team
from keys.permissions import Verb, allowed, visible_teams


@dataclass(frozen=True, slots=True)
class TeamRow:
    """A team in the list. role: as what the reader acts there."""

    team: Team
    role: str
    access_token: AccessToken | None


@dataclass(frozen=True, slots=True)
class About:
    """What a reader may know of somebody. company_role: in words, "" for none. memberships: with their teams.

    may_open: may the reader open their page?
    """

    person: Person
    company_role: str
    memberships: tuple[Membership, ...]
    may_open: bool


def about(reader: Person, person: Person) -> About | None:
    """Everything for who may see people, and of oneself; else in which of the reader's teams they are.

    None for who is in none of them, as for who does not exist.
    """
    may_open = allowed(reader, Verb.VIEW_PEOPLE)
    teams = Membership.objects.filter(person=person, team__in=visible_teams(reader))
    memberships = tuple(teams.select_related("team").order_by("team__name"))
    known = may_open or reader.pk == person.pk
    if not known and not memberships:
        return None
    role = str(CompanyRole(person.company_role).label) if known and person.company_role else ""
    return About(person, role, memberships, may_open)


def team_rows(person: Person) -> list[TeamRow]:
    """The teams that this person sees, by name, in two queries."""
    roles = dict(Membership.objects.filter(person=person).values_list("team_id", "role"))
    teams = visible_teams(person).select_related("access_token")
    company = "" if person.company_role == CompanyRole.NONE else str(person.company_role)
    return [TeamRow(t, company or roles.get(t.pk, ""), getattr(t, "access_token", None)) for t in teams]


def members_of(team: Team) -> QuerySet[Membership]:
    return (
        Membership.objects.filter(team=team).select_related("person").order_by("-person__is_active", "person__username")
    )


def people_with_teams() -> QuerySet[Person]:
    """Everybody, who may sign in first, with their memberships and teams loaded."""
    memberships = Membership.objects.select_related("team").order_by("team__name")
    return Person.objects.order_by("-is_active", "username").prefetch_related(Prefetch("memberships", memberships))
