"""A team's list asks for its refresh until somebody has done it, and no longer than anybody can be expected to."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from keys.models import Job, TeamSync
from tests.mirror.support import sync
from tests.mirror.test_pages import works
from tests.pages.acting import HTMX, body, words
from tests.pages.house import House, furnish
from tests.support.databases import RealDatabase

SYNC = "/teams/atlas/sync/"
ASKS = re.compile(r'hx-(get|post)="([^"]+)" hx-trigger="load')


@pytest.fixture
def house(real_db: RealDatabase, sandbox: Any) -> House:
    return furnish(sandbox)


def queued(house: House) -> None:
    now = timezone.now()
    Job.objects.create(kind="sync", lane="ordinary", team=house.team, created_at=now, due_at=now)


def minutes_ago(minutes: float) -> int:
    return int((timezone.now() - timedelta(minutes=minutes)).timestamp())


def follow(client: Client, page: Any, most: int) -> list[str]:
    """What the part asks for by itself, one after the other, until it asks no more."""
    asked: list[str] = []
    while (found := ASKS.search(body(page))) and len(asked) < most:
        asked.append(found[1])
        page = getattr(client, found[1])(found[2].replace("&amp;", "&"), headers=HTMX)
    return asked


def test_it_waits_for_a_worker_that_has_just_been_asked(house: House) -> None:
    works(house)
    queued(house)

    page = house.client().get(f"{SYNC}?since={minutes_ago(0)}", headers=HTMX)

    assert "The keys are about to be read" in words(page) and "HX-Trigger" not in page
    assert ASKS.search(body(page))[1] == "get"  # type: ignore[index]


@pytest.mark.parametrize("live", ["", "&live=1"])
def test_a_worker_that_does_not_come_to_it_is_not_waited_for_without_end(house: House, live: str) -> None:
    works(house)
    queued(house)

    page = house.client().get(f"{SYNC}?since={minutes_ago(2)}{live}", headers=HTMX)

    assert "hx-trigger" not in body(page) and "HX-Trigger" not in page
    assert "The background worker was asked 2 minutes ago to read these keys and has not come to it yet" in words(page)
    assert "Wait once more" in words(page) and "about to be read" not in words(page)
    again = house.client().post(f"{SYNC}{live.replace('&', '?')}", headers=HTMX)
    assert ASKS.search(body(again)) and Job.objects.count() == 1


def test_a_long_listing_is_waited_for_as_long_as_it_goes_on(house: House) -> None:
    works(house)
    queued(house)
    now = timezone.now()
    TeamSync.objects.update_or_create(team=house.team, defaults={"running_since": now, "tried_at": now})
    client, address = house.client(), f"{SYNC}?since={minutes_ago(30)}"

    assert ASKS.search(body(client.get(address, headers=HTMX)))

    TeamSync.objects.update(tried_at=now - timedelta(minutes=2))
    page = client.get(address, headers=HTMX)
    assert "hx-trigger" not in body(page) and "keys read" not in words(page)


def test_without_a_worker_what_is_queued_is_read_by_who_looks_and_then_it_ends(house: House) -> None:
    """Before, it went on asking for ever: the job stayed queued."""
    queued(house)
    client = house.client()

    page = client.get(f"{SYNC}?since={minutes_ago(0)}", headers=HTMX)

    assert follow(client, page, most=5) == ["post"]
    assert TeamSync.objects.get().done == len(house.keys)


def test_a_listing_that_its_process_has_left_is_asked_for_anew(house: House) -> None:
    works(house)
    long_ago = timezone.now() - timedelta(minutes=5)
    TeamSync.objects.update_or_create(team=house.team, defaults={"running_since": long_ago, "tried_at": long_ago})
    client = house.client()

    page = client.get(f"{SYNC}?since={minutes_ago(0)}", headers=HTMX)

    assert follow(client, page, most=1) == ["post"] and Job.objects.count() == 1


def test_what_was_read_since_the_page_was_opened_is_not_old_to_it(house: House) -> None:
    sync(house.team)
    TeamSync.objects.update(tried_at=timezone.now() - timedelta(minutes=3))
    client = house.client()

    page = client.get(f"{SYNC}?since={minutes_ago(3.5)}", headers=HTMX)

    assert "hx-trigger" not in body(page) and "keys-listed" in page["HX-Trigger"]
    assert ASKS.search(body(client.get(SYNC, headers=HTMX)))
