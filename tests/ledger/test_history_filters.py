"""`/history/?…`: a story of fifteen records, and which entries each filter shows of it, written out by hand."""

import re
from itertools import product
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
import time_machine
from django.test import Client

from keys.ledger.actions import Action
from keys.models import ChangedField, CompanyRole, Membership, Person, Record, RecordHour, Team, TeamRole
from keys.selectors import search
from keys.types import Actor, ActorKind
from tests.ledger.making import append, key_fields

pytestmark = pytest.mark.django_db

SYSTEM = Actor(ActorKind.SYSTEM, "", "settling", "system")
ALL = [15, 14, 13, 11, 10, 9, 8, 6, 3, 1]


@pytest.fixture
def story() -> dict[str, Person]:
    blue, red = (Team.objects.create(slug=slug, name=slug.title()) for slug in ("blue", "red"))
    people = {name: Person.objects.create_user(name) for name in ("lea", "bob", "mia")}
    people["boss"] = Person.objects.create_user("boss", company_role=CompanyRole.ADMIN)
    for name, team in (("lea", blue), ("bob", blue), ("mia", red), ("bob", red)):
        Membership.objects.create(person=people[name], team=team, role=TeamRole.LEAD)
    lea, bob, boss = (Actor(ActorKind.PERSON, str(people[n].pk), n.title()) for n in ("lea", "bob", "boss"))
    address = {"allow_ips": ["203.0.113.0/24", "203.0.113.0/24\n2001:db8::/32"]}

    told("03-01T09:00", 1, KEY_EDIT, lea, blue, 4, outcomes=["confirmed"], reason="New office", changed=address)
    told("03-02T10:00", 3, Action.KEY_DISABLE, bob, blue, 4, outcomes=["unknown"], changed={"status": [1, 2]})
    told("03-02T10:05", 3, Action.KEY_SETTLE, SYSTEM, blue, 4, outcomes=["applied"], intent=False)
    told("03-03T11:00", 6, KEY_EDIT, lea, red, 4, outcomes=["refused"], changed={"name": ["staging", "Zürich 100%"]})
    told("03-03T12:00", 0, Action.DENIED, bob, blue, body={"verb": "edit_key", "count": 3})
    told("03-04T07:30", 0, Action.SIGN_IN, lea)
    told("03-05T08:00", 0, Action.MEMBERSHIP_SET, boss, blue, body={"person": "bob", "changed": {"role": ["", "lead"]}})
    told("03-06T09:00", 11, KEY_EDIT, lea, red, 9, outcomes=["differs"], changed={"remain_quota": [5, 1_500_000]})
    told("03-06T09:30", 13, Action.KEY_ENABLE, bob, blue, 4, changed={"status": [2, 1], "name": ["a", "staging"]})
    told("03-07T00:00", 0, Action.SIGN_IN, boss)
    told("03-07T12:00", 0, Action.TEAM_EDIT, boss, blue, body={"changed": {"name": ["Azure", "Blue"]}})
    return people


KEY_EDIT = Action.KEY_EDIT
HTMX = {"HX-Request": "true"}


def told(
    at: str, number: int, action: Action, actor: Actor, team: Team | None = None, key: int | None = None, **more: Any
) -> None:
    """One record, or with a number an intent (unless it is there) and its outcomes."""
    about = {"action": action, "actor": actor, "team": team, "key_id": key, "key_name": "ops" if key == 4 else ""}
    with time_machine.travel(f"2026-{at}:00Z", tick=False):
        if not number:
            append(**about, body=more.get("body", {}))
            return
        about |= {"change": str(UUID(int=number)), "reason": more.get("reason", "")}
        if more.get("intent", True):
            append(**about, body={"changed": more.get("changed", {}), "before": key_fields()})
        for outcome in more.get("outcomes", []):
            append(**about, outcome=outcome, body={"found": key_fields()})


def as_(people: dict[str, Person], name: str) -> Client:
    client = Client()
    client.force_login(people[name])
    return client


def shown(answer: Any) -> list[int]:
    return [int(seq) for seq in re.findall(r'<li class="entry" id="record-(\d+)"', answer.content.decode())]


CASES: dict[str, list[int]] = {
    "": ALL,
    "team=blue": [15, 13, 10, 8, 3, 1],
    "team=red": [11, 6],
    "key=4": [13, 6, 3, 1],
    "key=%234": [13, 6, 3, 1],
    "team=blue&key=4": [13, 3, 1],
    "team=red&key=4": [6],
    "person=lea": [11, 9, 6, 1],
    "person=LEA": [11, 9, 6, 1],
    "person=Lea": [11, 9, 6, 1],
    "person=settling": [3],
    "action=key.edit": [11, 6, 1],
    "action=key.settle": [3],
    "action=access.denied": [8],
    "outcome=confirmed": [1],
    "outcome=unknown": [3],
    "outcome=applied": [3],
    "outcome=not_sent": [],
    "field=allow_ips": [1],
    "field=name": [15, 13, 6],
    "field=role": [10],
    "field=group": [],
    "value=2001:db8": [1],
    "value=203.0.113": [1],
    "value=STAGING": [13, 6],
    "value=staging": [13, 6],
    "value=zÜRICH": [6],
    "value=100%25": [6],
    "value=%25": [6],
    "value=_": [],
    "value=1500000": [11],
    "value=1,500,000": [11],
    "field=name&value=staging": [13, 6],
    "field=name&value=azure": [15],
    "field=status&value=2": [13, 3],
    "text=office": [1],
    "text=NEW OFFICE": [1],
    "text=ops": [13, 6, 3, 1],
    "text=nowhere": [],
    "since=2026-03-06": [15, 14, 13, 11],
    "until=2026-03-02": [3, 1],
    "since=2026-03-02&until=2026-03-03": [8, 6, 3],
    "since=2026-03-06 09:30&until=2026-03-06 09:30": [13],
    "since=2026-03-06T09:30:01": [15, 14],
    "until=2026-03-06T08:59:59": [10, 9, 8, 6, 3, 1],
    "since=2026-03-02T10:01&until=2026-03-02T10:10": [3],
    "since=2027-01-01": [],
    "until=2025-01-01": [],
    "since=1772960400": [],
    "team=blue&action=key.edit": [1],
    "team=blue&person=bob": [13, 8, 3],
    "team=blue&outcome=unknown": [3],
    "person=bob&action=key.enable": [13],
    "person=lea&outcome=refused": [6],
    "person=lea&action=key.edit&outcome=differs&field=remain_quota&since=2026-03-06": [11],
    "team=blue&field=status&until=2026-03-02": [3],
    "action=key.edit&outcome=confirmed": [1],
    "key=4&text=office": [1],
    "action=key.disable&outcome=applied": [3],
    "action=key.settle&outcome=applied": [3],
    "person=bob&outcome=applied": [3],
    "person=lea&outcome=applied": [],
    "text=office&outcome=confirmed": [1],
    "text=office&outcome=unknown": [],
    "field=status&outcome=applied": [3],
    "field=status&value=2&outcome=unknown&team=blue&key=4": [3],
    "value=zürich&outcome=refused": [6],
    "request=none": [],
    "before=8": [6, 3, 1],
    "team=blue&before=10": [8, 3, 1],
    "field=name&before=13": [6],
    "value=staging&before=13": [6],
    "text=ops&before=13": [6, 3, 1],
    "since=2026-03-02&before=10": [9, 8, 6, 3],
}


def test_each_filter_shows_exactly_its_entries(story: dict[str, Person]) -> None:
    client = as_(story, "boss")

    assert {query: shown(client.get(f"/history/?{query}", headers=HTMX)) for query in CASES} == CASES


OF_OTHERS: dict[tuple[str, str], list[int]] = {
    ("lea", ""): [15, 13, 10, 9, 8, 3, 1],
    ("bob", ""): [15, 13, 11, 10, 8, 6, 3, 1],
    ("mia", ""): [11, 6],
    ("lea", "person=lea"): [9, 1],
    ("lea", "action=person.sign_in"): [9],
    ("bob", "action=person.sign_in"): [],
    ("bob", "key=4"): [13, 6, 3, 1],
    ("bob", "field=name"): [15, 13, 6],
    ("mia", "field=name"): [6],
    ("mia", "value=staging"): [6],
    ("lea", "value=staging"): [13],
    ("mia", "text=office"): [],
    ("lea", "text=ops"): [13, 3, 1],
    ("mia", "person=boss"): [],
    ("mia", "outcome=unknown"): [],
    ("lea", "since=2026-03-04&until=2026-03-05"): [10, 9],
}


def test_nobody_finds_what_they_may_not_see(story: dict[str, Person]) -> None:
    clients = {who: as_(story, who) for who in ("lea", "bob", "mia")}

    assert {
        (who, query): shown(clients[who].get(f"/history/?{query}", headers=HTMX)) for who, query in OF_OTHERS
    } == OF_OTHERS


IMPOSSIBLE: dict[str, str] = {
    "team=green": "Team: There is no such team, or you may not see it.",
    "team=%23999999": "Team: There is no such team, or you may not see it.",
    "key=ops": "Key number: A key is named by its number here.",
    "key=-1": "Key number: A key is named by its number here.",
    "key=9999999999999999999999": "Key number: A key is named by its number here.",
    "person=nobody": "Person: Nobody of this name has done anything that is recorded.",
    "action=key.fly": "What: There is no such thing in the history.",
    "outcome=good": "Outcome: There is no such thing in the history.",
    "field=secret": "Changed field: There is no such thing in the history.",
    "since=yesterday": "From: Write date and time as",
    "since=2026-02-30": "From: There is no such date or time.",
    "until=9999-12-31": "Up to and with: There is no such date or time.",
    "until=253402300799": "Up to and with: There is no such date or time.",
    "since=2026-03-05&until=2026-03-04": "Up to and with: This is before the time from which on is asked.",
    "teem=blue": "There is no filter called teem.",
    "team=blue&team=red": "Team: This was given more than once.",
    "team=blue&team=": "Team: This was given more than once.",
    f"text={'x' * 201}": "Reason or key name: Ensure this value has at most 200 characters",
}


def test_an_impossible_filter_says_so_and_shows_nothing(story: dict[str, Person]) -> None:
    client = as_(story, "boss")
    for query, said in IMPOSSIBLE.items():
        answer = client.get(f"/history/?{query}", headers=HTMX)

        words = " ".join(re.sub("<[^>]+>", " ", answer.content.decode()).split())
        assert (answer.status_code, shown(answer)) == (422, []), query
        assert "Nothing is shown: this cannot be asked for" in words and said in words, query
        assert "No record" not in words, query
    for query in ("team=blue&team=red", "team=blue&team=", "team=&team=blue"):  # as a whole page too
        answer = client.get(f"/history/?{query}")
        assert (answer.status_code, shown(answer)) == (422, []), query
        assert "Nothing is shown" in (text := answer.content.decode()) and "This was given more than once." in text


def test_another_teams_name_is_as_impossible_as_an_absent_one(story: dict[str, Person]) -> None:
    client = as_(story, "mia")

    theirs, absent = client.get("/history/?team=blue"), client.get("/history/?team=none")

    assert (theirs.status_code, shown(theirs)) == (422, []) == (absent.status_code, shown(absent))
    assert b"may not see it" in theirs.content


SECRETS = ["sk-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKL", "Qz8" * 12]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_not_searched_and_leaves_the_address(story: dict[str, Person], secret: str) -> None:
    client = as_(story, "boss")
    for name, htmx in product(("text", "value", "person", "request", "key", "team", "teem"), (True, False)):
        query = f"/history/?outcome=applied&{name}={secret}"

        answer = client.get(query, headers=HTMX if htmx else {})

        assert answer.status_code == 302 and secret not in answer["Location"], name
        kept = parse_qs(urlsplit(answer["Location"]).query, keep_blank_values=True)
        assert kept["outcome"] == ["applied"] and name not in kept
        page = client.get(answer["Location"])
        assert page.status_code == 422 and secret[:12] not in page.content.decode(), name
        assert "Not searched for: that looks like a secret" in page.content.decode()
        assert shown(page) == []  # the rest alone would find what nobody asked for


def test_a_request_id_of_ours_is_no_secret(story: dict[str, Person]) -> None:
    request_id = "0123456789abcdef" * 2
    append(actor=Actor(ActorKind.PERSON, "7", "Lea", request_id=request_id))
    client = as_(story, "boss")

    answer = client.get(f"/history/?request={request_id}")

    assert answer["Location"] == "/history/?request=01234567-89ab-cdef-0123-456789abcdef"
    assert shown(client.get(answer["Location"])) == [16]
    assert answer["Location"] in client.get("/history/16/").content.decode()


def test_what_is_left_empty_is_not_kept_in_the_address(story: dict[str, Person]) -> None:
    answer = as_(story, "boss").get("/history/?since=&team=blue&key=&text=")

    assert (answer.status_code, answer["Location"]) == (302, "/history/?team=blue")


def test_a_fragment_tells_the_address_to_keep(story: dict[str, Person]) -> None:
    answer = as_(story, "boss").get("/history/?since=&team=blue&key=4", headers=HTMX)

    assert answer["HX-Push-Url"] == "/history/?team=blue&key=4" and shown(answer) == [13, 3, 1]


def test_pages_of_a_filter_join(story: dict[str, Person], monkeypatch: pytest.MonkeyPatch) -> None:
    client, seen, query = as_(story, "bob"), [], "/history/?person=bob"
    monkeypatch.setattr(search.find, "__defaults__", (None, 2))
    while query:
        answer = client.get(query)
        seen.append(shown(answer))
        older = re.search(r'rel="next" href="([^"]+)"', answer.content.decode())
        query = older[1].replace("&amp;", "&") if older else ""

    assert seen == [[13, 8], [3]]


@pytest.mark.parametrize("query", ["text=office", "value=staging", "action=key.edit&outcome=confirmed"])
def test_what_takes_too_long_says_how_far_it_came(
    story: dict[str, Person], monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    monkeypatch.setattr(search, "BUDGET_S", 0.0)
    monkeypatch.setattr(search, "WINDOW", 4)
    monkeypatch.setattr(search, "WIDEST", 4)
    client, seen, address = as_(story, "boss"), [], f"/history/?{query}"
    for _ in range(9):
        answer = client.get(address)
        seen += shown(answer)
        older = re.search(r'rel="next" href="([^"]+)"', answer.content.decode())
        if not older:
            break
        assert b"Looked through the records down to" in answer.content and b"No record" not in answer.content
        address = older[1].replace("&amp;", "&")

    assert seen == CASES[query]


def test_an_index_that_lags_hides_nothing_by_time(story: dict[str, Person]) -> None:
    RecordHour.objects.all().delete()
    ChangedField.objects.all().delete()

    assert shown(as_(story, "boss").get("/history/?since=2026-03-06")) == [15, 14, 13, 11]


def test_a_team_that_is_gone_is_named_by_its_number(story: dict[str, Person]) -> None:
    red = Team.objects.get(slug="red")
    number = red.pk
    red.delete()

    assert shown(as_(story, "boss").get(f"/history/?team=%23{number}")) == [11, 6]
    assert as_(story, "bob").get(f"/history/?team=%23{number}").status_code == 422


def test_who_is_gone_is_named_by_their_number(story: dict[str, Person]) -> None:
    number = story["lea"].pk
    story["lea"].delete()

    answer = as_(story, "boss").get(f"/history/?person=%23{number}")

    assert shown(answer) == [11, 9, 6, 1] and f"?person=%23{number}" in answer.content.decode()


def test_each_is_in_the_readers_zone_with_utc_in_the_title(story: dict[str, Person]) -> None:
    Person.objects.filter(username="boss").update(time_zone="Asia/Tokyo")

    page = as_(story, "boss").get("/history/?since=2026-03-01 18:00&until=2026-03-01 18:00").content.decode()

    assert "Sunday, 1 March 2026" in page and ">18:00:00<" in page
    assert 'title="2026-03-01 18:00:00 JST = 2026-03-01 09:00:00 UTC' in page


def test_the_story_is_as_the_table_takes_it(story: dict[str, Person]) -> None:
    assert Record.objects.count() == 15
