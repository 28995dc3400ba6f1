"""A person's timeline: who it is and where they belong, as far as the reader may know, and the ways to it."""

import re
from html import unescape

import pytest
from django.test import Client

from keys.ledger.actions import Action
from keys.models import CompanyRole, Person, Team, TeamRole
from keys.types import Actor, ActorKind
from tests.ledger.making import append
from tests.people import making

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def teams() -> tuple[Team, Team]:
    return making.team("blue"), making.team("red", "Red")


@pytest.fixture
def zoe(teams: tuple[Team, Team]) -> Person:
    """In both teams, an auditor, and once at work in blue."""
    person = making.person("zoe", CompanyRole.AUDITOR, first_name="Zoé <b>")
    making.belongs(person, teams[0], TeamRole.LEAD)
    making.belongs(person, teams[1], TeamRole.MEMBER)
    append(action=Action.KEY_EDIT, actor=Actor(ActorKind.PERSON, str(person.pk), "Zoé"), team=teams[0])
    return person


def head(reader: Person, query: str, headers: dict[str, str] | None = None) -> str:
    """The words of the timeline's head with its link, "" where there is none."""
    client = Client()
    client.force_login(reader)
    response = client.get(f"/history/?{query}", headers=headers or {})
    assert response.status_code == 200
    found = re.search(r'<p class="cluster">\s*(<strong>Timeline of.*?)</p>', response.content.decode(), re.S)
    words = re.sub(r'<a href="([^"]+)">', r"[\1] ", found[1]) if found else ""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", words)).split())


def test_who_may_see_people_reads_all_of_it_and_is_led_to_their_page(zoe: Person) -> None:
    admin = making.person("ann", CompanyRole.ADMIN)
    said = f"Timeline of [/people/{zoe.pk}/] Zoé <b> can sign in auditor Blue (lead) Red (member)"

    for query in ("person=zoe", "person=ZOE", f"person=%23{zoe.pk}"):
        assert head(admin, query) == said == head(admin, query, HTMX)
    assert head(zoe, "person=zoe") == said
    Person.objects.filter(pk=zoe.pk).update(is_active=False, company_role="")
    assert (
        head(admin, "person=zoe") == f"Timeline of [/people/{zoe.pk}/] Zoé <b> cannot sign in Blue (lead) Red (member)"
    )
    assert head(admin, "team=blue") == ""


def test_who_shares_a_team_reads_of_that_team_alone(zoe: Person, teams: tuple[Team, Team]) -> None:
    mia = making.belongs(making.person("mia"), teams[1], TeamRole.MEMBER)

    assert head(mia, "person=zoe") == "Timeline of Zoé <b> can sign in Red (member)"
    assert head(mia, "person=mia") == "Timeline of mia can sign in Red (member)"


def test_who_shares_none_reads_the_same_as_of_somebody_absent(zoe: Person) -> None:
    stranger = making.belongs(making.person("sid"), making.team("grey", "Grey"), TeamRole.LEAD)

    assert head(stranger, "person=zoe") == head(stranger, "person=nobody") == ""


def test_who_has_done_nothing_yet_has_a_timeline_without_records(zoe: Person) -> None:
    admin = making.person("ann", CompanyRole.ADMIN)
    new = making.person("new")

    assert head(admin, "person=new") == f"Timeline of [/people/{new.pk}/] new can sign in"


@pytest.mark.parametrize("username", ["zoe", "a+b@example.com"])
def test_their_page_and_ones_own_lead_to_it(zoe: Person, username: str) -> None:
    Person.objects.filter(pk=zoe.pk).update(username=username)
    client = Client()
    client.force_login(zoe)

    for path, words in ((f"/people/{zoe.pk}/", "What they did"), ("/profile/", "What you did")):
        link = re.search(rf'<a href="([^"]+)">{words}</a>', client.get(path).content.decode())
        assert link, path
        text = client.get(link[1]).content.decode()
        assert "Timeline of" in text and 'id="record-1"' in text, path
