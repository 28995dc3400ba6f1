"""Who may do what. The table is written out here once more: what the product says must be exactly this."""

import pytest

from keys.errors import Denied
from keys.models import CompanyRole, Person, Team, TeamRole
from keys.permissions import Verb, acting_role, allowed, require, teams_where, visible_teams
from tests.people import making

pytestmark = pytest.mark.django_db

#                      nobody  member  lead    auditor admin
TABLE = """
    view_team          no      yes     yes     yes     yes
    view_keys          no      yes     yes     yes     yes
    view_history       no      yes     yes     yes     yes
    edit_key           no      no      yes     no      yes
    disable_key        no      no      yes     no      yes
    enable_key         no      no      yes     no      yes
    manage_team        no      no      no      no      yes
    manage_access_token no     no      no      no      yes
    manage_members     no      no      no      no      yes
    view_leaks         no      no      yes     yes     yes
    handle_leaks       no      no      yes     no      yes
    view_panic         no      no      yes     yes     yes
    panic              no      no      yes     no      yes
    view_teams         yes     yes     yes     yes     yes
    add_team           no      no      no      no      yes
    view_people        no      no      no      yes     yes
    manage_people      no      no      no      no      yes
    view_all_history   no      no      no      yes     yes
    view_all_leaks     no      no      no      yes     yes
    handle_all_leaks   no      no      no      no      yes
    view_status        no      no      no      no      yes
"""
ROLES = ("nobody", "member", "lead", "auditor", "admin")
ROWS = [line.split() for line in TABLE.strip().splitlines()]
CELLS = [(verb, role, says == "yes") for verb, *cells in ROWS for role, says in zip(ROLES, cells, strict=True)]
WRITES = {
    *("edit_key", "disable_key", "enable_key", "manage_team", "manage_access_token", "manage_members"),
    *("add_team", "manage_people", "handle_leaks", "handle_all_leaks", "panic"),
}
COMPANY_VERBS = {
    *("view_teams", "add_team", "view_people", "manage_people", "view_all_history"),
    *("view_all_leaks", "handle_all_leaks", "view_status"),
}


@pytest.fixture
def blue() -> Team:
    return making.team("blue")


def as_role(role: str, team: Team) -> Person:
    if role in (TeamRole.MEMBER, TeamRole.LEAD):
        return making.belongs(making.person("pat"), team, role)
    return making.person("pat", "" if role == "nobody" else role)


def test_the_table_names_every_verb() -> None:
    assert {verb for verb, *_ in ROWS} == {str(verb) for verb in Verb}


@pytest.mark.parametrize(("verb", "role", "says"), CELLS)
def test_each_cell(verb: str, role: str, says: bool, blue: Team) -> None:
    pat = as_role(role, blue)

    assert allowed(pat, Verb(verb), blue) is says
    if says:
        require(pat, Verb(verb), blue)
    else:
        with pytest.raises(Denied):
            require(pat, Verb(verb), blue)


@pytest.mark.parametrize(("verb", "role", "says"), CELLS)
def test_a_team_role_counts_in_that_team_alone(verb: str, role: str, says: bool, blue: Team) -> None:
    red = making.team("red")
    pat = as_role(role, blue)
    company_wide = role in ("auditor", "admin") or verb == "view_teams"

    assert allowed(pat, Verb(verb), red) is (says and company_wide)


@pytest.mark.parametrize("verb", sorted(WRITES))
@pytest.mark.parametrize("team_role", [TeamRole.LEAD, TeamRole.MEMBER])
def test_an_auditor_changes_nothing_whatever_else_they_are(verb: str, team_role: str, blue: Team) -> None:
    both = making.belongs(making.person("pat", CompanyRole.AUDITOR), blue, team_role)
    both.is_superuser = both.is_staff = True

    assert not allowed(both, Verb(verb), blue)
    assert acting_role(both, blue) == "auditor"


@pytest.mark.parametrize("verb", list(Verb))
@pytest.mark.parametrize("role", ROLES)
def test_who_is_switched_off_may_do_nothing(verb: Verb, role: str, blue: Team) -> None:
    pat = as_role(role, blue)
    pat.is_active = False

    assert not allowed(pat, verb, blue)
    assert not visible_teams(pat).exists()
    assert acting_role(pat, blue) == ""


def test_djangos_own_flags_grant_nothing(blue: Team) -> None:
    super_user = making.person("pat", is_superuser=True, is_staff=True)

    assert {verb for verb in Verb if allowed(super_user, verb, blue)} == {Verb.VIEW_TEAMS}
    assert not visible_teams(super_user).exists()


def test_an_admin_who_is_a_member_is_an_admin(blue: Team) -> None:
    both = making.belongs(making.admin(), blue)

    assert allowed(both, Verb.EDIT_KEY, blue)
    assert acting_role(both, blue) == "admin"


def test_a_company_role_that_nobody_knows_grants_nothing(blue: Team) -> None:
    odd = making.belongs(making.person("pat", "owner"), blue, TeamRole.LEAD)

    assert not any(allowed(odd, verb, blue) for verb in Verb)


@pytest.mark.parametrize(
    ("role", "slugs"),
    [
        ("nobody", []),
        ("member", ["blue"]),
        ("lead", ["blue"]),
        ("auditor", ["blue", "red"]),
        ("admin", ["blue", "red"]),
    ],
)
def test_visible_teams(role: str, slugs: list[str], blue: Team) -> None:
    making.team("red", "Red")

    assert [team.slug for team in visible_teams(as_role(role, blue))] == slugs


@pytest.mark.parametrize("verb", [verb for verb in Verb if verb not in COMPANY_VERBS])
@pytest.mark.parametrize("role", [*ROLES, "owner"])
def test_teams_where_a_verb_is_allowed_are_those_that_allow_it(verb: Verb, role: str, blue: Team) -> None:
    red = making.team("red", "Red")
    making.belongs(making.person("lea"), blue, TeamRole.LEAD)  # somebody else's role counts for nobody
    making.belongs(making.person("leo"), red, TeamRole.LEAD)
    pat = as_role(role, blue)

    assert set(teams_where(pat, verb)) == {team for team in (blue, red) if allowed(pat, verb, team)}


def test_who_is_switched_off_has_no_teams_to_act_in(blue: Team) -> None:
    pat = making.belongs(making.person("pat"), blue, TeamRole.LEAD)
    pat.is_active = False

    assert not teams_where(pat, Verb.EDIT_KEY).exists()
