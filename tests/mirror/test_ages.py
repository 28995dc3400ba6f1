"""How old what a page says is, and why: the page of drifts, the team's own, and a list never read in whole."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from keys.models import MirrorKey, TeamSync
from tests.listing.making import listed
from tests.mirror.support import sync
from tests.pages.acting import words
from tests.pages.house import House, furnish
from tests.support.databases import RealDatabase

DRIFT = "/teams/atlas/drift/"
DEAD = "CometAPI did not answer in time. <b>"


@pytest.fixture
def house(real_db: RealDatabase, sandbox: Any) -> House:
    return furnish(sandbox)


def failed(house: House, **fields: Any) -> None:
    now = timezone.now()
    TeamSync.objects.update_or_create(
        team=house.team,
        defaults={"tried_at": now - timedelta(minutes=5), "trouble": "timeout", "message": DEAD, **fields},
    )


def test_the_page_of_drifts_says_when_the_keys_were_read(house: House) -> None:
    client = house.client()
    assert "The keys of this team have not been read in whole yet" in words(client.get(DRIFT))
    assert "Nothing was changed elsewhere" not in words(client.get(DRIFT))

    sync(house.team)
    assert "Read from CometAPI just now Nothing was changed elsewhere" in words(client.get(DRIFT))
    listed(house.team, timezone.now() - timedelta(hours=3))
    house.sandbox.console_edit(house.keys["plain"], name="Renamed")
    sync(house.team)
    listed(house.team, timezone.now() - timedelta(hours=3))
    assert "Read from CometAPI 3 hours ago Changes that were made at CometAPI" in words(client.get(DRIFT))


def test_the_page_of_drifts_says_why_they_could_not_be_read(house: House) -> None:
    failed(house, listed_at=timezone.now() - timedelta(days=2))

    page = words(house.client().get(DRIFT))

    assert "The keys of Atlas could not be read 5 minutes ago" in page and DEAD in page
    assert "Read from CometAPI 2 days ago" in page


@pytest.mark.parametrize("username", ["admin", "member"])
def test_the_teams_page_says_why_they_could_not_be_read(house: House, username: str) -> None:
    client = house.client(username)
    assert "could not be read" not in words(client.get("/teams/atlas/"))
    assert "Keys read never" in words(client.get("/teams/atlas/"))

    failed(house, listed_at=timezone.now() - timedelta(days=2))
    page = words(client.get("/teams/atlas/"))

    assert f"The keys could not be read 5 minutes ago {DEAD}" in page and "Keys read 2 days ago" in page


def test_a_list_never_read_in_whole_says_why_by_its_heading_too(house: House) -> None:
    failed(house)

    page = words(house.client().get("/teams/atlas/keys/"))

    assert f"The list could not be read in full 5 minutes ago , so there is no search yet {DEAD}" in page


def test_a_count_of_keys_that_is_always_too_large_is_said_beside_a_list_of_now(house: House) -> None:
    """Everything that CometAPI lists has been read: the team has its list with search, as old as that, and is told."""
    said = "CometAPI says there are 17 keys and lists 10. None that is missing counts as deleted."
    differs = "CometAPI’s list of the keys of Atlas does not match its own count"
    house.sandbox.fault("wrong_total", operation="list", times=99)
    sync(house.team)
    client = house.client()

    page = words(client.get("/teams/atlas/keys/"))
    assert f"{differs} {said} What is shown was read just now . The team's page" in page
    assert "CometAPI’s list does not match its count" in page and "List as of just now" in page
    assert "Staging" in words(client.get("/teams/atlas/keys/?q=staging")) and "could not be read" not in page
    assert f"{differs} {said}" in words(client.get("/"))
    assert f"{differs} {said}" in words(client.get(DRIFT))
    assert f"does not match its own count {said}" in words(client.get("/teams/atlas/"))
    assert f"In trouble {said}" in words(house.client("admin").get("/status/"))


def test_keys_that_such_a_list_leaves_out_are_said_to_be_older(house: House) -> None:
    sync(house.team)
    house.sandbox.console_delete(house.keys["plain"])
    house.sandbox.console_delete(house.keys["arabic"])
    MirrorKey.objects.filter(key_id=house.keys["plain"]).update(read_at=timezone.now() - timedelta(days=2))
    house.sandbox.fault("wrong_total", operation="list", times=99)
    sync(house.team)
    client = house.client()

    page = words(client.get("/teams/atlas/keys/"))
    older = "2 keys that CometAPI did not list then are shown as they were read before, one of them 2 days ago"
    assert f"What is shown was read just now . {older}" in page and "Staging" in page
    for path in ("/teams/atlas/keys/", "/teams/atlas/"):
        assert "just now , but for 2 keys that it did not have" in words(client.get(path)), path
    assert "just now , but for 2 keys that it did not have" in words(house.client("admin").get("/status/"))


def test_panic_does_not_call_a_list_whole_that_cometapi_says_is_not(house: House) -> None:
    MirrorKey.objects.all().delete()
    for key_id in house.keys.values():
        house.sandbox.console_edit(key_id, status=2)
    house.sandbox.fault("wrong_total", operation="list", times=99)
    sync(house.team)

    page = words(house.client().get("/teams/atlas/panic/"))

    assert "No key of Atlas is known that is left to be disabled There may be others" in page
