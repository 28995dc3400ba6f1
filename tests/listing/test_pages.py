"""The list's pages: what is told, what an address can ask for, and what is said where it cannot be."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone
from django.utils.functional import Promise

from keys.forms.filters import FilterForm
from keys.models import Drift, KeyNote, Membership, MirrorKey, Person, Team, TeamRole, TeamSync
from tests.listing.making import listed, mirrored
from tests.pages.house import House

SECRET = "sk-" + "aB3dE5gH7jK9" * 4
HTMX = {"HX-Request": "true"}


def page(house: House, query: str = "", username: str = "lead", path: str = "") -> str:
    answer = house.client(username).get((path or house.list_path) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def shown(html: str) -> list[int]:
    return [int(number) for number in re.findall(r'<tbody id="key-(\d+)"', html)]


def test_the_list_comes_from_the_mirror_and_asks_nothing_upstream(house: House) -> None:
    html = page(house)

    assert set(shown(html)) == set(house.keys.values())
    assert "Staging" in html and "$12.40" in html and "6,200,000 units" in html
    assert "List as of" in words(html) and "just now" in words(html)
    assert house.sandbox.requests() == []


def test_counts_are_filters_to_press(house: House) -> None:
    html = page(house)

    assert words(html).count("Disabled 1") == 1
    assert f'href="{house.list_path}?status=disabled"' in html
    assert shown(page(house, "?status=disabled")) == [house.keys["disabled"]]


def test_what_is_filtered_stands_in_the_address_of_every_link(house: House) -> None:
    html = page(house, "?q=a&group=default&sort=-used")

    assert f'href="{house.list_path}?q=a&amp;status=enabled&amp;group=default&amp;sort=-used"' in html
    assert f'href="{house.list_path}?q=a&amp;group=default&amp;sort=used"' in html
    assert f'href="{house.list_path}?group=default&amp;sort=-used"' in html
    assert '<th role="columnheader" scope="col" class="num" aria-sort="descending">' in html
    assert f'href="{house.list_path}?q=a&amp;group=default&amp;sort=restricted"' in html
    assert f'href="/teams/{house.team.slug}/keys.csv?q=a&amp;group=default&amp;sort=-used"' in html


def test_pages(house: House) -> None:
    for number in range(70):
        mirrored(house.team, 9_000 + number, name=f"bulky {number}")

    first, second = page(house, "?q=bulky"), page(house, "?q=bulky&page=2")

    assert len(shown(first)) == 50 and "1 to 50 of 70" in first and 'href="?q=bulky&amp;page=2"' in first
    assert len(shown(second)) == 20 and 'href="?q=bulky&amp;page=1"' in second
    assert "There is no such page" in page(house, "?q=bulky&page=9")
    assert house.client().get(house.list_path, {"page": "0"}).status_code == 404


IMPOSSIBLE = [
    ("?status=alive", "Choose one of these."),
    ("?status=", None),
    ("?expiring=soon", "Give a whole number from 0 to 3650."),
    ("?expiring=-1", "Give a whole number from 0 to 3650."),
    ("?expiring=%D9%A3", "Give a whole number from 0 to 3650."),
    ("?expiring=" + "9" * 5_000, "Give a whole number from 0 to 3650."),
    ("?idle=0", "Give a whole number from 1 to 3650."),
    ("?low=101", "Give a whole number from 1 to 100."),
    ("?unlimited=maybe", "Say “yes”, or leave it out."),
    ("?unlimited=yes&low=5", "An unlimited key is never low on quota"),
    ("?no_expiry=yes&expiring=5", "A key without expiry never expires"),
    ("?address=203.0.113.0/24", "is a network. Give one address"),
    ("?address=999.1.1.1", "is not an IP address"),
    ("?address=fe80::1%25eth0", "is not an IP address"),
    ("?sort=secret", "Choose one of these."),
    ("?stats=disabled", "One of the filters in this address does not exist."),
    ("?status=enabled&status=disabled", "This is given twice in the address"),
    ("?q=" + "x" * 201, "at most 200 characters"),
]


@pytest.mark.parametrize(("query", "says"), IMPOSSIBLE)
def test_a_filter_that_cannot_be_is_explained_and_shows_nothing(query: str, says: str | None, house: House) -> None:
    html = page(house, query)

    if says is None:
        assert len(shown(html)) == len(house.keys)
    else:
        assert says in html and shown(html) == []
        assert "Nothing is shown until the filters are put right" in html and ">Search</button>" in html


def test_nothing_found_is_said_as_such(house: House) -> None:
    html = page(house, "?q=nowhere")

    assert "No key is like this" in html and "10" in words(page(house)) and shown(html) == []


def test_the_search_is_posted_and_leads_to_its_address(house: House) -> None:
    client = house.client()
    typed = {"q": "staging", "sort": "-used", "status": "", "expiring": "", "group": ""}

    answer = client.post(house.list_path, typed)
    swapped = client.post(house.list_path, typed, headers=HTMX)

    assert (answer.status_code, answer["Location"]) == (303, f"{house.list_path}?q=staging&sort=-used")
    assert swapped["HX-Push-Url"] == f"{house.list_path}?q=staging&sort=-used"
    assert swapped.content.decode().lstrip().startswith('<div class="stack" id="listing">')
    assert client.post(house.list_path, {"q": ""})["Location"] == house.list_path


def focused(html: str) -> list[str]:
    """The ids of what asks for the focus after a swap; the first one gets it."""
    return re.findall(r'<[^>]* id="([^"]+)"[^>]* data-focus[ >]', html)


FOCUS: list[tuple[dict[str, str], str, list[str]]] = [
    ({"q": "staging"}, "", []),  # stays in the search
    ({"q": "staging", "group": "default"}, "?group=default", []),
    ({"q": "a", "sort": "-created"}, "?q=a", []),
    ({"q": "a", "page": "1"}, "?q=a", ["filters-summary"]),  # by the button that closes with the filters
    ({"q": "a", "status": "disabled"}, "?q=a", ["filters-summary"]),  # by Enter among them
    ({"q": ""}, "?expiring=soon", []),
    ({"expiring": "soon", "low": "x", "page": "1"}, "", ["id_expiring_error", "id_low_error"]),
    ({"unlimited": "maybe"}, "", ["id_unlimited_error"]),
    ({"q": SECRET, "expiring": "soon"}, "", ["id_q_error", "id_expiring_error"]),
]


@pytest.mark.parametrize(("typed", "query", "ids"), FOCUS)
def test_after_a_press_the_focus_is_at_what_came_of_it(
    house: House, typed: dict[str, str], query: str, ids: list[str]
) -> None:
    at = {"HX-Current-URL": f"http://testserver{house.list_path}{query}"}

    html = house.client().post(house.list_path, typed, headers={**HTMX, **at}).content.decode()

    assert focused(html) == ids
    assert ('<details class="search__more" open>' in html) == bool({*ids} - {"id_q_error", "filters-summary"})
    for button in ("Search", "Show these keys"):
        assert re.search(rf'<button [^>]*id="[^"]+"[^>]*>{button}</button>', html)  # by its id it keeps the focus


@pytest.mark.parametrize("field", ["q", "group", "owner", "tag"])
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_secret_is_not_searched_for_and_gets_into_no_address(
    field: str, headers: dict[str, str], house: House
) -> None:
    answer = house.client().post(house.list_path, {field: SECRET}, headers=headers)
    html = answer.content.decode()

    assert answer.status_code == 422 and "Location" not in answer and "HX-Push-Url" not in answer
    assert "Secrets are looked up at the leak desk" in html
    assert not any(SECRET[at : at + 12] in html for at in range(len(SECRET) - 11)) and shown(html) == []


@pytest.mark.parametrize("field", ["q", "tag"])
def test_who_may_look_secrets_up_is_led_to_where_that_is_done(field: str, house: House) -> None:
    link = '<a class="button button--primary" href="/leaks/">Go to the leak desk</a>'

    for username, led in (("lead", True), ("admin", True), ("auditor", False), ("member", False)):
        answer = house.client(username).post(house.list_path, {field: SECRET}).content.decode()
        assert (link in answer) is led, username
    assert link not in page(house, "?expiring=soon")


def test_a_secret_in_an_address_is_answered_without_it(house: House) -> None:
    answer = house.client().get(house.list_path, {"q": SECRET})
    html = answer.content.decode()

    assert answer.status_code == 400 and "leak desk" in html
    assert "<h1>" in html and SECRET[3:15] not in html


def test_hostile_names_stay_text(house: House) -> None:
    mirrored(house.team, 9_001, name="<b>x</b>\x00\ud800\u202e=cmd()", group="<i>", masked="<u>\x1b")

    html = page(house, "?q=%3Dcmd()")

    assert shown(html) == [9_001]
    assert "&lt;b&gt;x&lt;/b&gt;\\u0000\\ud800\\u202e=cmd()" in html
    assert "<b>x" not in html and "<i>" not in html and "<u>" not in html
    assert not set("\x00\x1b\u202e") & set(html)


def test_owner_tags_drift_and_gone_are_shown(house: House) -> None:
    key = {"account_id": house.account.id, "key_id": house.keys["plain"]}
    KeyNote.objects.create(**key, owner="Anna <b>", tags=",eu,prod,", owner_folded="anna <b>", haystack="anna")
    Drift.objects.create(team=house.team, **key, found_at=timezone.now(), changed={}, record_seq=1)
    MirrorKey.objects.filter(key_id=house.keys["arabic"]).update(gone_at=timezone.now() - timedelta(days=3))

    html = page(house)

    assert "Anna &lt;b&gt;" in html and 'href="/keys/?tag=prod"' in html and "Changed elsewhere" in html
    assert house.keys["arabic"] not in shown(html) and "Gone from CometAPI 1" in words(html)
    gone = page(house, "?gone=yes")
    assert shown(gone) == [house.keys["arabic"]] and "3 days ago" in gone and ">Disable<" not in gone


def test_what_a_key_is_for_is_shown_cut_short_with_the_whole_in_its_title(house: House) -> None:
    long = "<b>" + "x" * 56 + " \u202eand more"
    for name, purpose in (("plain", "Only staging"), ("restricted", long)):
        key = {"account_id": house.account.id, "key_id": house.keys[name]}
        KeyNote.objects.create(**key, purpose=purpose, owner_folded="", haystack="")

    html = page(house)

    assert "Purpose: Only staging" in words(html) and 'title="Only staging"' not in html
    start = "&lt;b&gt;" + "x" * 56
    assert f'title="{start} \\u202eand more"' in html and f"<bdi>{start}…</bdi>" in html


def test_an_address_shows_who_is_let_in_and_marks_who_lets_everybody_in(house: House) -> None:
    html = page(house, "?address=198.51.100.7")

    assert house.keys["restricted"] in shown(html)
    told = words(html)
    assert told.index("Let 198.51.100.7 in now") < told.index("Would let 198.51.100.7 in, but are disabled")
    assert told.index("Would let 198.51.100.7 in") < told.index("Old importer")
    assert 'class="detail--warn">any address' in html


def test_why_the_last_listing_failed_is_said(house: House) -> None:
    listed(house.team, timezone.now() - timedelta(hours=5))
    TeamSync.objects.update(tried_at=timezone.now(), trouble="refused", message="Its <token> is refused")

    html = page(house)

    assert "5 hours ago" in html and "Its &lt;token&gt; is refused" in html and len(shown(html)) == 10
    assert "could not be read" in page(house, path="/keys/")


def test_until_the_first_listing_keys_come_straight_from_upstream(house: House) -> None:
    TeamSync.objects.update(listed_at=None)

    html = page(house)

    assert len(shown(html)) == 10 and "as CometAPI has them now" in html
    assert [one["operation"] for one in house.sandbox.requests()] == ["list"]


def test_all_teams_together(house: House) -> None:
    lead = Person.objects.get(username="lead")
    boreas, hidden = Team.objects.get(slug="boreas"), Team.objects.get(slug="hidden")
    for number, team in ((9_001, boreas), (9_002, hidden)):
        Team.objects.filter(pk=team.pk).update(account_id=number)
        mirrored(team, number, name=f"of {team.slug}", user_id=number)
    listed(boreas)
    listed(hidden)

    html = page(house, path="/keys/")

    assert 9_001 in shown(html) and 9_002 not in shown(html) and "of hidden" not in html
    # In Boreas the lead is a mere member: no button there.
    boreas_row = html[html.index('id="key-9001"') : html.index('id="said-9001"')]
    assert "Boreas" in boreas_row and "<button" not in boreas_row and html.count(">Disable<") == 9
    Membership.objects.filter(person=lead, team=boreas).update(role=TeamRole.LEAD)
    assert page(house, path="/keys/").count(">Disable<") == 10
    assert 9_002 in shown(page(house, path="/keys/", username="auditor"))
    assert ">Disable<" not in page(house, path="/keys/", username="auditor")


def test_teams_that_were_never_read_are_named(house: House) -> None:
    html = page(house, path="/keys/")

    assert "The keys of one team have not been read yet" in html and 'href="/teams/boreas/keys/"' in html


def test_who_has_no_team_is_told_so(house: House) -> None:
    Membership.objects.filter(person__username="other").delete()

    assert "You are in no team yet" in page(house, path="/keys/", username="other")


def test_the_row_after_a_press_has_everything_that_the_list_had(house: House) -> None:
    key = {"account_id": house.account.id, "key_id": house.keys["plain"]}
    KeyNote.objects.create(**key, owner="Anna", purpose="Tests", tags=",prod,", owner_folded="anna", haystack="anna")
    MirrorKey.objects.update(first_seen_at=datetime(2026, 3, 1, 8, 30, tzinfo=UTC))
    client = house.client()
    assert page(house).count('title="First seen 2026-03-01 08:30:00 UTC"') == len(house.keys)

    answer = client.post(house.path("plain", "disable/"), headers=HTMX)
    row = answer.content.decode()

    assert answer.status_code == 200 and "Anna" in row and "Reads disabled" in row and ">Enable<" in row
    assert "<bdi>Tests</bdi>" in row and 'title="First seen 2026-03-01 08:30:00 UTC"' in row
    assert house.stored("plain")["status"] == 2 and "key-read" in answer["HX-Trigger-After-Settle"]
    again = client.post(house.path("plain", "enable/"))
    assert again.status_code == 303 and house.stored("plain")["status"] == 1


def test_signed_out_goes_to_the_sign_in(house: House) -> None:
    for path in ("/keys/", "/keys.csv", f"/teams/{house.team.slug}/keys.csv"):
        assert Client().get(path)["Location"].startswith("/accounts/login/")


def test_what_is_no_number_is_said_in_the_readers_language() -> None:
    form = FilterForm(QueryDict("expiring=soon"))

    (fault,) = form.errors.as_data()["expiring"]

    assert isinstance(fault.message, Promise) and fault.messages == ["Give a whole number from 0 to 3650."]
