"""The people's pages: for admins to change, for auditors to look at, closed to all others; and one's own profile."""

from typing import Any

import pytest
from django.test import Client

from keys.models import CompanyRole, Membership, Person, TeamRole
from tests.people import making
from tests.people.making import PASSWORD, actions
from tests.people.test_pages_teams import heading, signed_in

pytestmark = pytest.mark.django_db


def page(response: Any) -> tuple[int, str]:
    return response.status_code, heading(response)


@pytest.fixture
def ada() -> Client:
    return signed_in(making.admin())


def test_the_list_names_roles_and_teams(ada: Client) -> None:
    making.belongs(making.person("zoe", first_name="Zoé"), making.team("blue"), TeamRole.LEAD)
    making.person("gone", is_active=False)

    response = ada.get("/people/")

    assert page(response) == (200, "People")
    text = response.content.decode()
    assert "Zoé" in text and "Blue" in text and "cannot sign in" in text


def test_adding_somebody(ada: Client) -> None:
    typed = {"username": "zoe", "name": "Zoé", "email": "", "company_role": "", "password": PASSWORD}

    response = ada.post("/people/new/", typed)
    zoe = Person.objects.get(username="zoe")
    assert (response.status_code, response["Location"]) == (302, f"/people/{zoe.pk}/")

    response = ada.post("/people/new/", {**typed, "username": "ZOE", "name": "Zoe two", "password": "canary-horse-77"})
    assert page(response) == (422, "Add a person")
    text = response.content.decode()
    assert "already" in text and 'value="Zoe two"' in text and "canary-horse-77" not in text


def test_changing_somebody(ada: Client) -> None:
    zoe = making.person("zoe")

    assert (
        ada.post(
            f"/people/{zoe.pk}/", {"name": "Zoé", "email": "", "company_role": "auditor", "is_active": "no"}
        ).status_code
        == 302
    )
    zoe.refresh_from_db()
    assert (zoe.first_name, zoe.company_role, zoe.is_active) == ("Zoé", "auditor", False)


def test_the_last_admin_is_told_why_not(ada: Client) -> None:
    me = Person.objects.get(username="ada")

    response = ada.post(f"/people/{me.pk}/", {"name": "", "email": "", "company_role": "", "is_active": "yes"})

    assert page(response) == (422, "ada") and "last active admin" in response.content.decode()


def test_a_password_is_reset(ada: Client) -> None:
    zoe = making.person("zoe")
    session = signed_in(zoe)
    assert session.get("/profile/").status_code == 200

    assert page(ada.post(f"/people/{zoe.pk}/password/", {"password": "short"}))[0] == 422
    assert ada.post(f"/people/{zoe.pk}/password/", {"password": "other-horse-42"}).status_code == 302

    zoe.refresh_from_db()
    assert zoe.check_password("other-horse-42") and actions() == ["person.password_change"]
    assert session.get("/profile/").status_code == 302


def test_memberships_are_set_from_the_persons_page(ada: Client) -> None:
    zoe, blue = making.person("zoe"), making.team("blue")

    assert ada.post(f"/people/{zoe.pk}/memberships/", {"team": "blue", "role": "member"}).status_code == 302
    assert Membership.objects.get(person=zoe, team=blue).role == "member"
    assert page(ada.get(f"/people/{zoe.pk}/")) == (200, "zoe")
    assert ada.post(f"/people/{zoe.pk}/memberships/", {"team": "blue", "role": ""}).status_code == 302
    assert not Membership.objects.exists()
    assert page(ada.post(f"/people/{zoe.pk}/memberships/", {"team": "none", "role": "lead"}))[0] == 422


def test_who_is_switched_off_is_out_at_once(ada: Client) -> None:
    zoe = making.person("zoe")
    session = signed_in(zoe)

    ada.post(f"/people/{zoe.pk}/", {"name": "", "email": "", "company_role": "", "is_active": "no"})

    response = session.get("/teams/")
    assert response.status_code == 302 and response["Location"].startswith("/accounts/login/")


def test_an_auditor_looks_and_changes_nothing() -> None:
    aud, zoe = signed_in(making.person("aud", CompanyRole.AUDITOR)), making.person("zoe")

    assert page(aud.get("/people/")) == (200, "People")
    response = aud.get(f"/people/{zoe.pk}/")
    assert page(response) == (200, "zoe") and "<form" not in _main(response)
    assert aud.post(f"/people/{zoe.pk}/", {"company_role": "admin", "is_active": "yes"}).status_code == 403
    assert aud.get("/people/new/").status_code == 403


def test_others_find_nobody_and_nothing() -> None:
    zoe = signed_in(making.person("zoe"))
    pat = making.person("pat")

    assert zoe.get("/people/").status_code == 403
    assert zoe.get(f"/people/{pat.pk}/").status_code == zoe.get("/people/999999/").status_code == 403


@pytest.mark.parametrize("pk", [999_999, 2**63, 10**30])
def test_nobody_there_is_404(ada: Client, pk: int) -> None:
    assert ada.get(f"/people/{pk}/").status_code == 404
    assert ada.post(f"/people/{pk}/password/", {"password": PASSWORD}).status_code == 404


def test_ones_own_time_zone() -> None:
    zoe = making.person("zoe")
    client = signed_in(zoe)

    assert page(client.get("/profile/")) == (200, "Your profile")
    assert client.post("/profile/", {"time_zone": "Asia/Tokyo"}).status_code == 302
    zoe.refresh_from_db()
    assert zoe.time_zone == "Asia/Tokyo"
    assert "Times in Asia/Tokyo" in client.get("/profile/").content.decode()
    assert page(client.post("/profile/", {"time_zone": "Mars/Base"}))[0] == 422


def _main(response: Any) -> str:
    return str(response.content.decode().split("<main", 1)[1].split("</main>", 1)[0])
