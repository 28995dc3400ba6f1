"""The teams' pages as browsers without JavaScript use them; the access token never comes back in any of them."""

import re
from typing import Any

import pytest
from django.test import Client

from keys.models import AccessToken, CompanyRole, Membership, Person, Team, TeamRole
from keys.services.access_tokens import access_token_set
from tests.people import making
from tests.people.making import acting, actions
from tests.support.sandbox import Sandbox

pytestmark = pytest.mark.django_db

CANARY = "canary7Hq2ZpL9vXw4TtR8sKd3"


def signed_in(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def heading(response: Any) -> str:
    found = re.search(r"<h1>(.*?)</h1>", response.content.decode(), re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", "", found[1]).split()) if found else ""


def page(response: Any) -> tuple[int, str]:
    assert CANARY not in response.content.decode()
    return response.status_code, heading(response)


@pytest.fixture
def ada() -> Client:
    return signed_in(making.admin())


def test_a_newcomer_is_led(ada: Client) -> None:
    response = ada.get("/teams/")
    assert page(response) == (200, "Teams")
    assert "No team yet" in response.content.decode() and 'href="/teams/new/"' in response.content.decode()

    response = signed_in(making.person("zoe")).get("/teams/")
    assert "Ask an admin" in response.content.decode() and "/teams/new/" not in response.content.decode()


def test_the_list_shows_ones_teams_with_role_and_state(sandbox: Sandbox) -> None:
    ada, blue, red = making.admin(), making.team("blue"), making.team("red", "Red")
    access_token_set(**acting(ada), team=blue, token=sandbox.add_account().token)
    lea = making.belongs(making.person("lea"), blue, TeamRole.LEAD)

    text = signed_in(lea).get("/teams/").content.decode()
    assert "Blue" in text and "lead" in text and "accepted" in text and not re.search(r"\bRed\b", text)

    making.belongs(lea, red)
    text = signed_in(lea).get("/teams/").content.decode()
    assert "Red" in text and "none" in text


def test_adding_a_team_with_its_token(ada: Client, sandbox: Sandbox) -> None:
    alice = sandbox.add_account("alice", token=CANARY)

    response = ada.post("/teams/new/", {"name": "Blue", "slug": "", "access_token": CANARY})

    assert (response.status_code, response["Location"]) == (302, "/teams/blue/")
    response = ada.get("/teams/blue/")
    assert page(response) == (200, "Blue")
    text = response.content.decode()
    assert f"••••{CANARY[-4:]}" in text and "set by ada" in text and str(alice.id) in text and "accepted" in text


def test_a_refused_token_costs_nothing_else_that_was_typed(ada: Client, sandbox: Sandbox) -> None:
    response = ada.post("/teams/new/", {"name": "Blue", "slug": "azure", "access_token": CANARY})

    assert page(response) == (422, "Add a team")
    text = response.content.decode()
    assert 'value="Blue"' in text and 'value="azure"' in text and "CometAPI refused this access token" in text
    assert not Team.objects.exists() and actions() == []


@pytest.mark.parametrize("typed", [CANARY, f"{CANARY} and more", f"{CANARY}\x00", CANARY * 100])
def test_a_pasted_token_that_is_refused_comes_back_in_no_page(typed: str, ada: Client, sandbox: Sandbox) -> None:
    making.team("blue")

    response = ada.post("/teams/blue/access-token/", {"access_token": typed})

    assert page(response) == (422, "Blue")
    assert not AccessToken.objects.exists()


def test_replacing_checking_and_forgetting(ada: Client, sandbox: Sandbox) -> None:
    team = making.team("blue")
    alice, bob = sandbox.add_account("alice", token=CANARY), sandbox.add_account("bob")

    assert ada.post("/teams/blue/access-token/", {"access_token": CANARY}).status_code == 302
    assert "accepts this access token" in ada.get("/teams/blue/").content.decode()
    response = ada.post("/teams/blue/access-token/", {"access_token": bob.token})
    assert page(response) == (422, "Blue")
    assert f"{bob.id} (bob)" in response.content.decode() and f"{alice.id} (alice)" in response.content.decode()

    sandbox.fault("401_json", times=100)
    response = ada.post("/teams/blue/access-token/check/", follow=True)
    assert page(response) == (200, "Blue") and "refused" in response.content.decode()

    response = ada.post("/teams/blue/access-token/forget/", follow=True)
    assert page(response) == (200, "Blue") and "forgotten" in response.content.decode()
    assert not AccessToken.objects.filter(team=team).exists()
    assert "was none to forget" in ada.post("/teams/blue/access-token/forget/", follow=True).content.decode()
    assert "no access token" in ada.post("/teams/blue/access-token/check/", follow=True).content.decode()


def test_settings_are_saved_and_refused_at_the_field(ada: Client) -> None:
    making.team("blue")

    assert ada.post("/teams/blue/", {"name": "Sky", "groups": "vip"}).status_code == 302
    assert Team.objects.get().name == "Sky"
    response = ada.post("/teams/blue/", {"name": "Sky", "groups": "a,b\nkept"})
    assert page(response)[0] == 422
    assert (
        "One group a line" in response.content.decode().replace("Write one", "One")
        and "kept" in response.content.decode()
    )


def test_members_are_set_and_removed(ada: Client) -> None:
    blue, zoe = making.team("blue"), making.person("zoe")

    assert ada.post("/teams/blue/members/", {"person": "zoe", "role": "lead"}).status_code == 302
    assert Membership.objects.get(team=blue, person=zoe).role == "lead"
    assert ada.post("/teams/blue/members/", {"person": "zoe", "role": ""}).status_code == 302
    assert not Membership.objects.exists()
    for typed in ({"person": "nobody", "role": "lead"}, {"person": "zoe", "role": "owner"}, {}):
        assert page(ada.post("/teams/blue/members/", typed))[0] == 422


@pytest.mark.parametrize("role", ["member", "lead", "auditor"])
def test_others_see_the_page_without_anything_to_change(role: str, sandbox: Sandbox) -> None:
    blue = making.team("blue", groups="vip")
    access_token_set(**acting(making.admin()), team=blue, token=sandbox.add_account("alice").token)
    pat = making.person("pat", role if role == CompanyRole.AUDITOR else "")
    if role != CompanyRole.AUDITOR:
        making.belongs(pat, blue, role)

    response = signed_in(pat).get("/teams/blue/")

    assert page(response) == (200, "Blue")
    text = response.content.decode()
    assert "accepted" in text and "vip" in text and "••••" not in text
    assert "/teams/blue/access-token/" not in text and 'name="groups"' not in text and 'name="role"' not in text


def test_the_token_field_is_a_password_field_that_browsers_do_not_keep(ada: Client) -> None:
    making.team("blue")
    for address in ("/teams/new/", "/teams/blue/"):
        (field,) = re.findall(r'<input[^>]*name="access_token"[^>]*>', ada.get(address).content.decode())
        assert 'type="password"' in field and 'autocomplete="off"' in field and "value" not in field


def test_broken_bytes_in_a_form_are_refused(ada: Client) -> None:
    body = "name=%ED%A0%80&slug=x"
    for charset in ("utf-8", "utf-7", "utf-16"):
        response = ada.post("/teams/new/", body, content_type=f"application/x-www-form-urlencoded; charset={charset}")
        assert response.status_code < 500
