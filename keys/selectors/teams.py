"""Reads for the pages about teams and people."""

from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet

from keys.models import AccessToken, CompanyRole, Membership, Person, Team
from keys.permissions import visible_teams


@dataclass(frozen=True, slots=True)
class TeamRow:
    """A team in the list. role: as what the reader acts there."""

    team: Team
    role: str
    access_token: AccessToken | None


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
