"""People added and changed: by admins, with a record each; never the last admin, never a secret in a name."""

from typing import Any

import pytest

from keys.errors import Denied, Invalid
from keys.models import CompanyRole, Person
from keys.services.people import own_password_set, own_time_zone_set, person_add, person_edit, person_password_reset
from tests.people import making
from tests.people.making import PASSWORD, acting, actions, recorded

pytestmark = pytest.mark.django_db

SECRET = "sk-" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5bC7dE9fG1hJ3"


def edit(by: Person, subject: Person, **other: Any) -> Person:
    as_is = {"name": subject.first_name, "email": subject.email, "company_role": subject.company_role}
    return person_edit(**acting(by), subject=subject, **{**as_is, "is_active": subject.is_active, **other})


def faults(error: pytest.ExceptionInfo[Invalid]) -> list[str]:
    return sorted(error.value.faults)


def test_an_admin_adds_somebody_who_can_sign_in() -> None:
    added = person_add(
        **acting(making.admin()), username=" zoé ", name="  Zoé   Z ", email="z@Example.COM", password=PASSWORD
    )

    added.refresh_from_db()
    assert (added.username, added.first_name, added.email) == ("zoé", "Zoé Z", "z@example.com")
    assert added.check_password(PASSWORD) and added.is_active and added.company_role == CompanyRole.NONE
    changed = {"username": ["", "zoé"], "first_name": ["", "Zoé Z"], "email": ["", "z@example.com"]}
    assert recorded() == [("person.add", "ada", "", {"person": "zoé", "person_id": str(added.pk), "changed": changed})]


@pytest.mark.parametrize(
    ("typed", "at"),
    [
        ({"username": ""}, "username"),
        ({"username": "a b"}, "username"),
        ({"username": "ada"}, "username"),
        ({"username": "ADA"}, "username"),
        ({"username": "x" * 151}, "username"),
        ({"username": "x\x00"}, "username"),
        ({"username": "\ud800"}, "username"),
        ({"name": "Zoé\u202e"}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"name": SECRET}, "name"),
        ({"email": "nowhere"}, "email"),
        ({"email": SECRET}, "email"),
        ({"company_role": "owner"}, "company_role"),
        ({"password": "short"}, "password"),
        ({"password": "password"}, "password"),
        ({"password": "4815162342"}, "password"),
        ({"password": "good-\ud800-enough-1"}, "password"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(typed: dict[str, str], at: str) -> None:
    by = making.admin()

    with pytest.raises(Invalid) as error:
        person_add(**acting(by), **{"username": "zoe", "password": PASSWORD, **typed})  # type: ignore[arg-type]

    assert faults(error) == [at]
    assert SECRET not in str(error.value)
    assert list(Person.objects.values_list("username", flat=True)) == ["ada"] and actions() == []


def test_only_admins_add_change_or_reset() -> None:
    zoe = making.person("zoe")
    for by in (zoe, making.person("aud", CompanyRole.AUDITOR)):
        with pytest.raises(Denied):
            person_add(**acting(by), username="new", password=PASSWORD)
        with pytest.raises(Denied):
            edit(by, zoe, company_role=CompanyRole.ADMIN)
        with pytest.raises(Denied):
            person_password_reset(**acting(by), subject=zoe, password="other-horse-42")

    zoe.refresh_from_db()
    assert zoe.company_role == CompanyRole.NONE and zoe.check_password(PASSWORD)
    assert set(actions()) == {"access.denied"}


def test_a_change_is_recorded_with_old_and_new() -> None:
    by, zoe = making.admin(), making.person("zoe")

    edit(by, zoe, company_role=CompanyRole.AUDITOR, is_active=False)

    zoe.refresh_from_db()
    assert (zoe.company_role, zoe.is_active) == (CompanyRole.AUDITOR, False)
    ((action, _, _, body),) = recorded()
    assert action == "person.edit"
    assert body["changed"] == {"company_role": ["", "auditor"], "is_active": [True, False]}


def test_nothing_changed_is_no_record() -> None:
    edit(making.admin(), making.person("zoe"))

    assert actions() == []


@pytest.mark.parametrize("change", [{"company_role": ""}, {"company_role": "auditor"}, {"is_active": False}])
def test_the_last_active_admin_stays(change: dict[str, Any]) -> None:
    by = making.admin()
    making.person("gone", CompanyRole.ADMIN, is_active=False)

    with pytest.raises(Invalid) as error:
        edit(by, by, **change)

    by.refresh_from_db()
    assert faults(error) == [""] and "last active admin" in str(error.value)
    assert (by.company_role, by.is_active) == (CompanyRole.ADMIN, True) and actions() == []


def test_one_of_two_admins_may_go() -> None:
    by, other = making.admin(), making.admin("eve")

    edit(by, other, company_role="")
    assert actions() == ["person.edit"]


def test_a_reset_password_is_recorded_without_it_and_ends_sessions() -> None:
    by, zoe = making.admin(), making.person("zoe")
    before = zoe.get_session_auth_hash()

    person_password_reset(**acting(by), subject=zoe, password="other-horse-42")

    zoe.refresh_from_db()
    assert zoe.check_password("other-horse-42") and zoe.get_session_auth_hash() != before
    assert recorded() == [("person.password_change", "ada", "", {"person": "zoe", "person_id": str(zoe.pk)})]


def test_everybody_sets_their_own_time_zone_an_auditor_too() -> None:
    aud = making.person("aud", CompanyRole.AUDITOR)

    own_time_zone_set(**acting(aud), time_zone="Asia/Tokyo")
    own_time_zone_set(**acting(aud), time_zone="Asia/Tokyo")

    aud.refresh_from_db()
    assert aud.time_zone == "Asia/Tokyo" and actions() == ["person.edit"]
    with pytest.raises(Invalid):
        own_time_zone_set(**acting(aud), time_zone="../etc/passwd")


def test_who_is_switched_off_sets_nothing_of_their_own() -> None:
    gone = making.person("gone", is_active=False)

    with pytest.raises(Denied):
        own_time_zone_set(**acting(gone), time_zone="Asia/Tokyo")
    with pytest.raises(Denied):
        own_password_set(**acting(gone), password="other-horse-42")
