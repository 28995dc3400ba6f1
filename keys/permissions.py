"""Who may do what: one table, asked on the server, by membership and never by a posted id (design.md, "People")."""

from enum import StrEnum
from typing import Final

from django.db.models import QuerySet

from keys.errors import Denied
from keys.models import CompanyRole, Membership, Person, Team, TeamRole


class Verb(StrEnum):
    """Team verbs are asked with a team, company verbs (the second half) without."""

    VIEW_TEAM = "view_team"
    VIEW_KEYS = "view_keys"
    VIEW_HISTORY = "view_history"
    EDIT_KEY = "edit_key"
    DISABLE_KEY = "disable_key"
    ENABLE_KEY = "enable_key"
    MANAGE_TEAM = "manage_team"
    MANAGE_ACCESS_TOKEN = "manage_access_token"  # noqa: S105 (a name, not a password)
    MANAGE_MEMBERS = "manage_members"
    VIEW_LEAKS = "view_leaks"
    HANDLE_LEAKS = "handle_leaks"
    VIEW_PANIC = "view_panic"
    PANIC = "panic"

    VIEW_TEAMS = "view_teams"
    ADD_TEAM = "add_team"
    VIEW_PEOPLE = "view_people"
    MANAGE_PEOPLE = "manage_people"
    VIEW_ALL_HISTORY = "view_all_history"
    VIEW_ALL_LEAKS = "view_all_leaks"
    HANDLE_ALL_LEAKS = "handle_all_leaks"
    VIEW_STATUS = "view_status"


NOBODY: Final = ""
"""The role of who is signed in and has no other."""

TABLE: Final[dict[str, frozenset[Verb]]] = {
    NOBODY: frozenset({Verb.VIEW_TEAMS}),
    TeamRole.MEMBER: frozenset({Verb.VIEW_TEAMS, Verb.VIEW_TEAM, Verb.VIEW_KEYS, Verb.VIEW_HISTORY}),
    TeamRole.LEAD: frozenset(
        {
            Verb.VIEW_TEAMS,
            Verb.VIEW_TEAM,
            Verb.VIEW_KEYS,
            Verb.VIEW_HISTORY,
            Verb.EDIT_KEY,
            Verb.DISABLE_KEY,
            Verb.ENABLE_KEY,
            Verb.VIEW_LEAKS,
            Verb.HANDLE_LEAKS,
            Verb.VIEW_PANIC,
            Verb.PANIC,
        }
    ),
    CompanyRole.AUDITOR: frozenset(
        {
            Verb.VIEW_TEAMS,
            Verb.VIEW_TEAM,
            Verb.VIEW_KEYS,
            Verb.VIEW_HISTORY,
            Verb.VIEW_PEOPLE,
            Verb.VIEW_ALL_HISTORY,
            Verb.VIEW_LEAKS,
            Verb.VIEW_ALL_LEAKS,
            Verb.VIEW_PANIC,
        }
    ),
    CompanyRole.ADMIN: frozenset(Verb),
}


def acting_role(person: Person, team: Team | None = None) -> str:
    """As what the person acts here, and as the ledger tells it: admin, auditor, lead, member or ""."""
    if not person.is_active:
        return NOBODY
    if person.company_role != CompanyRole.NONE:
        # An admin may do all, and an auditor changes nothing whatever else they are: no team role adds to either.
        return str(person.company_role)
    if team is None:
        return NOBODY
    return Membership.objects.filter(person=person, team=team).values_list("role", flat=True).first() or NOBODY


def verbs_of(person: Person, team: Team | None = None) -> frozenset[Verb]:
    """Everything this person may do here, in one query. An inactive one may do nothing."""
    return TABLE.get(acting_role(person, team), frozenset()) if person.is_active else frozenset()


def allowed(person: Person, verb: Verb, team: Team | None = None) -> bool:
    """May this person do this? An inactive one may do nothing."""
    return verb in verbs_of(person, team)


def require(person: Person, verb: Verb, team: Team | None = None) -> None:
    """Raises Denied."""
    if not allowed(person, verb, team):
        raise Denied(str(verb))


def visible_teams(person: Person) -> QuerySet[Team]:
    """The teams whose pages this person may open; for all others there is nothing there."""
    if not person.is_active:
        return Team.objects.none()
    if person.company_role in (CompanyRole.ADMIN, CompanyRole.AUDITOR):
        return Team.objects.all()
    return Team.objects.filter(memberships__person=person)


def teams_where(person: Person, verb: Verb) -> QuerySet[Team]:
    """The teams to which this person may do this."""
    if not person.is_active:
        return Team.objects.none()
    if person.company_role != CompanyRole.NONE:
        known = TABLE.get(person.company_role, frozenset())
        return visible_teams(person) if verb in known else Team.objects.none()
    roles = [role for role in TeamRole if verb in TABLE[role]]
    # One filter for both: two would ask for this person's membership, and for anybody's of that role.
    return Team.objects.filter(memberships__person=person, memberships__role__in=roles)
