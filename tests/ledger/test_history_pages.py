"""`/history/` and `/history/<seq>/`: who gets what, newest first, whole page and fragment, hostile text as text."""

import re
from html.parser import HTMLParser

import pytest
from django.db import connection
from django.test import Client

from keys.ledger import labels
from keys.models import CompanyRole, Membership, Person, Team, TeamRole
from keys.types import Actor, ActorKind
from tests.ledger.damage import put, without_guards
from tests.ledger.making import HOSTILE, append, change

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


class Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.links: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data.strip())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if tag == "a" and name == "href"]


def read(html: bytes) -> Text:
    parsed = Text()
    parsed.feed(html.decode())
    return parsed


@pytest.fixture
def blue() -> Team:
    return Team.objects.create(slug="blue", name="Blue")


def signed_in(role: str = "", team: Team | None = None) -> Client:
    person = Person.objects.create_user(f"someone{role}", company_role=role)
    if team:
        Membership.objects.create(person=person, team=team, role=TeamRole.MEMBER)
    client = Client()
    client.force_login(person)
    return client


def test_it_lists_records_newest_first(blue: Team) -> None:
    change(blue, 4, name="ops key")
    client = signed_in(team=blue)

    response = client.get("/history/")

    assert response.status_code == 200
    page = read(response.content)
    assert "History" in page.parts
    assert [link for link in page.links if re.fullmatch("/history/[0-9]+/", link)] == [
        "/history/1/"
    ]  # with its outcome
    assert {"/teams/blue/keys/4/", "/history/?team=blue&key=4", "/history/?person=%23900007"} <= set(page.links)
    assert {"Edit key", "Confirmed", "ops key", "Léa Müller", "new office"} <= set(page.parts)


def test_it_pages_by_seq(blue: Team) -> None:
    for _ in range(60):
        append(team=blue)
    client = signed_in(team=blue)

    first = read(client.get("/history/").content)
    second = read(client.get("/history/?before=11").content)

    assert "/history/?before=11" in first.links
    assert ("/history/60/" in first.links, "/history/11/" in first.links, "/history/10/" in first.links) == (1, 1, 0)
    assert ("/history/10/" in second.links, "/history/1/" in second.links) == (True, True)
    assert not [link for link in second.links if "before" in link]


def test_a_fragment_is_the_same_table_alone(blue: Team) -> None:
    append(team=blue)
    client = signed_in(team=blue)

    whole, part = client.get("/history/"), client.get("/history/", headers=HTMX)

    records, beside = part.content.strip().split(b'<section id="unknown"')
    assert records.startswith(b'<section id="records"')
    assert b"<html" not in part.content
    assert records.strip() in whole.content
    assert beside.count(b'hx-swap-oob="true"') == 3 and b"hx-swap-oob" not in whole.content
    assert "HX-Request" in whole["Vary"]


@pytest.mark.parametrize("before", ["x", "-1", "1.5", "", "٣", "９", "1" * 19, "9" * 5000, "\x00"])
def test_a_place_that_is_none_is_not_found(blue: Team, before: str) -> None:
    assert signed_in(team=blue).get("/history/", {"before": before}).status_code in (400, 404)


@pytest.mark.parametrize("seq", ["0", "2", str(2**63), "9" * 400, "9" * 5000])
def test_a_record_that_is_not_there_is_not_found(blue: Team, seq: str) -> None:
    append(team=blue)

    assert signed_in(CompanyRole.ADMIN).get(f"/history/{seq}/").status_code == 404


def test_another_teams_record_is_not_found_either(blue: Team) -> None:
    append(team=Team.objects.create(slug="red", name="Red"))
    client = signed_in(team=blue)

    assert client.get("/history/1/").status_code == 404
    assert "/history/1/" not in read(client.get("/history/").content).links


@pytest.mark.parametrize("path", ["/history/", "/history/1/"])
def test_a_stranger_is_sent_to_the_sign_in(path: str) -> None:
    append()

    response = Client().get(path)

    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("path", ["/history/", "/history/1/"])
def test_nothing_can_be_posted(blue: Team, path: str, method: str) -> None:
    append(team=blue)

    assert getattr(signed_in(CompanyRole.ADMIN), method)(path).status_code == 405


def test_one_record_shows_old_and_new_and_its_proof(blue: Team) -> None:
    intent, outcome = change(blue, 4, name="ops key")

    response = signed_in(team=blue).get("/history/1/")

    assert response.status_code == 200
    page = read(response.content)
    assert "Record 1" in page.parts
    assert {"What was to change", "staging", "ops key", "Name", "new office"} <= set(page.parts)
    assert {intent.digest, intent.link, intent.previous, intent.seal, intent.text, intent.change} <= set(page.parts)
    assert "/history/2/" in page.links


def test_a_team_that_is_gone_is_told_without_a_link(blue: Team) -> None:
    change(blue, 4)
    blue.delete()

    page = read(signed_in(CompanyRole.AUDITOR).get("/history/").content)

    assert "Blue" in page.parts
    assert not [link for link in page.links if link.startswith("/teams/blue")]


@pytest.mark.parametrize("path", ["/history/", "/history/1/", "/history/2/"])
def test_hostile_text_stays_text(blue: Team, path: str) -> None:
    change(blue, 4, name=HOSTILE)

    response = signed_in(team=blue).get(path)

    assert response.status_code == 200
    html = response.content.decode()
    for bad in ("\u202e", "\x00", "\x1b", "<b>"):
        assert bad not in html.replace("<b></b>", "")
    assert "\\u202egnp." in html


def test_an_empty_ledger_says_so() -> None:
    response = signed_in(CompanyRole.ADMIN).get("/history/")

    assert response.status_code == 200
    assert "No records here" in read(response.content).parts


def test_an_intent_that_has_its_outcome_is_not_called_open(blue: Team) -> None:
    change(blue, 4, name="ops key")

    client = signed_in(team=blue)

    parts = read(client.get("/history/").content).parts
    assert ("Confirmed" in parts, "Intent" in parts) == (True, False)
    parts = read(client.get("/history/1/").content).parts
    assert "Intent" in parts
    assert "No outcome yet" not in parts


def test_roles_are_told_in_the_readers_words(blue: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    for role in ("lead", "warden"):
        append(team=blue, key_id=4, actor=Actor(ActorKind.PERSON, "7", "Lea", role))
    monkeypatch.setitem(labels.ROLES, "lead", "Leitung")
    monkeypatch.setitem(labels.ROLES, "member", "Mitglied")
    client = signed_in(team=blue)

    said = {address: read(client.get(address).content).parts for address in ("/history/", "/history/1/", "/teams/")}

    assert "Leitung" in said["/history/"] and "lead" not in said["/history/"]
    assert "Leitung" in said["/history/1/"] and "Mitglied" in said["/teams/"]
    assert "You act here as Mitglied." in read(client.get("/teams/blue/").content).parts
    assert "warden" in said["/history/"]  # a role that there is no more


@pytest.mark.parametrize(("role", "team_role", "offered"), [
    (CompanyRole.ADMIN, None, True),
    (CompanyRole.AUDITOR, None, False),
    ("", TeamRole.LEAD, True),
    ("", TeamRole.MEMBER, False),
])  # fmt: skip
def test_who_may_use_the_leak_desk_is_led_there_with_a_secret(
    blue: Team, role: str, team_role: str | None, offered: bool
) -> None:
    append(team=blue)
    person = Person.objects.create_user("someone", company_role=role)
    if team_role:
        Membership.objects.create(person=person, team=blue, role=team_role)
    client = Client()
    client.force_login(person)

    for headers in ({}, HTMX):
        answer = client.get(f"/history/?team=blue&text={'Qz8' * 12}", headers=headers, follow=True)
        text = answer.content.decode()

        assert answer.status_code == 422 and answer.request["QUERY_STRING"] == "team=blue&not_searched=text"
        assert "Not searched for: that looks like a secret" in text and 'class="entry' not in text
        assert "It was taken out of the address (Reason or key name)." in text
        assert ('<a href="/leaks/">Go to the leak desk</a>' in text) is offered
        assert "cannot be asked for" not in text and "No record" not in text
    assert 'class="entry' in client.get("/history/?team=blue").content.decode()


def test_a_fragment_brings_the_way_to_its_export(blue: Team) -> None:
    append(team=blue)
    client = signed_in(team=blue)

    part = client.get("/history/?team=blue", headers=HTMX)

    assert "/history/export/?team=blue" in read(part.content).links


def test_a_record_opens_for_a_lead_though_its_key_is_a_word(blue: Team) -> None:
    if connection.vendor != "sqlite":
        return  # PostgreSQL takes no word for a number
    change(blue, 4)
    with without_guards() as cursor:
        put(cursor, 1, "key_id", "abc")
    person = Person.objects.create_user("lea")
    Membership.objects.create(person=person, team=blue, role=TeamRole.LEAD)
    client = Client()
    client.force_login(person)

    answer = client.get("/history/1/")

    assert answer.status_code == 200 and b"Bring back" not in answer.content


def test_the_form_is_closed_over_what_was_found_and_the_filters_are_told(blue: Team) -> None:
    change(blue, 4)
    client = signed_in(team=blue)
    filters = "team=blue&action=key.edit&text=new+office"

    for headers in ({}, HTMX):
        html = client.get(f"/history/?{filters}", headers=headers).content.decode()
        told = [part for part in read(html.encode()).parts if ": " in part]
        assert {"Team: Blue", "What: Edit key", "Reason or key name: new office"} <= set(told)
        assert 'id="filters" open' not in html

    assert 'id="asked"' not in client.get("/history/").content.decode()
    for query in ("since=soon", f"text={'Qz8' * 12}"):
        html = client.get(f"/history/?{query}", follow=True).content.decode()
        assert 'id="filters" open' in html and 'id="asked"' not in html


def test_a_hostile_filter_is_told_as_text(blue: Team) -> None:
    html = signed_in(team=blue).get("/history/", {"text": "<b>\u202e"}).content.decode()

    assert "Reason or key name: &lt;b&gt;\\u202e" in html and "<b>\u202e" not in html
