"""Memberships set, changed and removed: by admins, with a record each."""

import pytest

from keys.errors import Denied, Invalid
from keys.models import CompanyRole, Membership, Person, Team, TeamRole
from keys.services.memberships import membership_remove, membership_set
from tests.people import making
from tests.people.making import acting, actions, recorded

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Person:
    return making.admin()


@pytest.fixture
def blue() -> Team:
    return making.team("blue")


def roles() -> list[tuple[str, str, str]]:
    return list(Membership.objects.order_by("pk").values_list("person__username", "team__slug", "role"))


def test_somebody_joins_becomes_lead_and_leaves(ada: Person, blue: Team) -> None:
    zoe = making.person("zoe")

    membership_set(**acting(ada), subject=zoe, team=blue, role=TeamRole.MEMBER)
    assert roles() == [("zoe", "blue", "member")]
    membership_set(**acting(ada), subject=zoe, team=blue, role=TeamRole.LEAD)
    assert roles() == [("zoe", "blue", "lead")]
    membership_remove(**acting(ada), subject=zoe, team=blue)
    assert roles() == []

    said = [(action, team, body["changed"]["role"], body["person"]) for action, _, team, body in recorded()]
    assert said == [
        ("membership.set", "Blue", ["", "member"], "zoe"),
        ("membership.set", "Blue", ["member", "lead"], "zoe"),
        ("membership.remove", "Blue", ["lead", ""], "zoe"),
    ]


def test_nothing_changed_is_no_record(ada: Person, blue: Team) -> None:
    zoe = making.belongs(making.person("zoe"), blue)

    membership_set(**acting(ada), subject=zoe, team=blue, role=TeamRole.MEMBER)
    membership_remove(**acting(ada), subject=ada, team=blue)

    assert actions() == []


@pytest.mark.parametrize("role", ["", "owner", "Lead", "admin"])
def test_only_team_roles_can_be_set(role: str, ada: Person, blue: Team) -> None:
    with pytest.raises(Invalid):
        membership_set(**acting(ada), subject=ada, team=blue, role=role)

    assert roles() == [] and actions() == []


def test_only_admins_set_memberships(blue: Team) -> None:
    lead = making.belongs(making.person("lea"), blue, TeamRole.LEAD)
    for by in (lead, making.person("aud", CompanyRole.AUDITOR)):
        with pytest.raises(Denied):
            membership_set(**acting(by), subject=by, team=blue, role=TeamRole.LEAD)
        with pytest.raises(Denied):
            membership_remove(**acting(by), subject=lead, team=blue)

    assert roles() == [("lea", "blue", "lead")]
