"""Teams added and edited: by admins, with a record each; names are searched for secrets, short names are free."""

import pytest

from keys.errors import Denied, Invalid
from keys.models import CompanyRole, Person, Team, TeamRole
from keys.services.teams import team_add, team_edit
from tests.people import making
from tests.people.making import acting, actions, recorded

pytestmark = pytest.mark.django_db

SECRET = "sk-" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5bC7dE9fG1hJ3"


@pytest.fixture
def ada() -> Person:
    return making.admin()


def edit(by: Person, team: Team, **other: object) -> Team:
    as_is = {"name": team.name, "groups": team.groups, "send_account_header": team.send_account_header}
    return team_edit(**acting(by), team=team, **{**as_is, **other})  # type: ignore[arg-type]


def test_an_admin_adds_a_team_without_an_access_token(ada: Person) -> None:
    team = team_add(**acting(ada), name="  Growth   & Co ")

    assert (team.name, team.slug, team.account_id) == ("Growth & Co", "growth-co", None)
    assert recorded() == [
        ("team.add", "ada", "Growth & Co", {"changed": {"name": ["", "Growth & Co"], "slug": ["", "growth-co"]}})
    ]


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Blue", "blue-2"), ("فريق النمو", "team"), ("增长", "team"), ("New", "new-2"), ("x" * 90, "x" * 40)],
)
def test_a_short_name_is_made_from_the_name(name: str, slug: str, ada: Person) -> None:
    making.team("blue")

    assert team_add(**acting(ada), name=name).slug == slug


@pytest.mark.parametrize(
    ("typed", "at"),
    [
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"name": SECRET}, "name"),
        ({"slug": "a b"}, "slug"),
        ({"slug": "blue"}, "slug"),
        ({"slug": "BLUE"}, "slug"),
        ({"slug": "new"}, "slug"),
        ({"slug": "é"}, "slug"),
        ({"slug": "x" * 51}, "slug"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(typed: dict[str, str], at: str, ada: Person) -> None:
    making.team("blue")

    with pytest.raises(Invalid) as error:
        team_add(**acting(ada), **{"name": "Red", "slug": "red", **typed})  # type: ignore[arg-type]

    assert sorted(error.value.faults) == [at] and SECRET not in str(error.value)
    assert Team.objects.count() == 1 and actions() == []


def test_an_edit_is_recorded_with_old_and_new(ada: Person) -> None:
    team = making.team("blue", groups="default")

    edit(ada, team, name="Blue two", groups=" vip \r\n\r\ndefault\nvip\n", send_account_header=True)

    team.refresh_from_db()
    assert (team.name, team.groups, team.send_account_header) == ("Blue two", "vip\ndefault", True)
    ((action, _, _, body),) = recorded()
    assert action == "team.edit"
    assert body["changed"] == {
        "name": ["Blue", "Blue two"],
        "groups": ["default", "vip\ndefault"],
        "send_account_header": [False, True],
    }


def test_nothing_changed_is_no_record(ada: Person) -> None:
    edit(ada, making.team("blue", groups="default"), groups="default\n")

    assert actions() == []


@pytest.mark.parametrize("groups", ["x" * 65, "a,b", "\n".join(map(str, range(201))), SECRET, "a\u202e", "\x00"])
def test_groups_that_cannot_be_are_refused(groups: str, ada: Person) -> None:
    team = making.team("blue")

    with pytest.raises(Invalid) as error:
        edit(ada, team, groups=groups)

    assert sorted(error.value.faults) == ["groups"] and actions() == []


def test_only_admins_add_or_edit() -> None:
    team = making.team("blue")
    lead = making.belongs(making.person("lea"), team, TeamRole.LEAD)
    for by in (lead, making.person("aud", CompanyRole.AUDITOR)):
        with pytest.raises(Denied):
            team_add(**acting(by), name="Red")
        with pytest.raises(Denied):
            edit(by, team, name="Mine")

    team.refresh_from_db()
    assert team.name == "Blue" and Team.objects.count() == 1
