"""The list of all teams is refreshed behind the page as one team's is: what is old, once each, and no team twice."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from keys.models import AccessToken, Job, Membership, MirrorKey, Person, Team, TeamRole, TeamSync, WorkerLane
from keys.services import jobs, schedule
from keys.types import Lane
from tests.listing.making import listed
from tests.pages.acting import HTMX, body, words
from tests.pages.house import House, add_team, furnish
from tests.support.databases import RealDatabase

SYNC = "/keys/sync/"
MOST_QUERIES = 15


@pytest.fixture
def house(real_db: RealDatabase, sandbox: Any) -> House:
    """The lead sees Atlas, Cygnus and Draco, which can be read, and Boreas, which has no access token."""
    furnished = furnish(sandbox)
    for slug in ("cygnus", "draco"):
        more(furnished, slug)
    secret = add_team("eridanus", "Eridanus", sandbox.add_account(name="Eridanus"))
    listed(secret, timezone.now() - timedelta(hours=3))
    return furnished


def more(house: House, slug: str) -> Team:
    """One more team of the lead's, with a key of its own."""
    account = house.sandbox.add_account(name=slug.title())
    house.sandbox.add_key(account, name=f"of {slug}")
    team = add_team(slug, slug.title(), account)
    Membership.objects.create(person=Person.objects.get(username="lead"), team=team, role=TeamRole.MEMBER)
    return team


def works(lane: str = "ordinary") -> None:
    now = timezone.now()
    WorkerLane.objects.create(name="test:1", lane=lane, started_at=now, heartbeat_at=now)


def team(slug: str) -> Team:
    return Team.objects.get(slug=slug)


def listings(house: House) -> list[int]:
    """The accounts whose keys were listed, in order."""
    return [one["account_id"] for one in house.sandbox.requests(operation="list")]


def test_opening_the_list_asks_for_what_is_old_and_says_so(house: House) -> None:
    client = house.client()
    listed(team("cygnus"), timezone.now() - timedelta(hours=3))

    old = client.get("/keys/")
    assert re.search(rf'hx-post="{SYNC}\?since=\d+" hx-trigger="load"', body(old)) and "Read again" in words(old)
    assert "Read from CometAPI 3 hours ago" in words(old)
    assert house.sandbox.requests() == []

    for slug in ("atlas", "cygnus", "draco"):
        listed(team(slug))
    fresh = client.get("/keys/")
    assert 'hx-trigger="load' not in body(fresh) and "Read again" in words(fresh)
    assert "Read from CometAPI just now , or later" in words(fresh)


def test_the_worker_is_asked_once_for_each_old_team_that_can_be_read(house: House) -> None:
    works()
    listed(team("cygnus"))
    TeamSync.objects.create(
        team=house.team, running_since=timezone.now(), heartbeat_at=timezone.now(), tried_at=timezone.now()
    )
    client = house.client()

    asked = client.post(SYNC, headers=HTMX)
    client.post(SYNC, headers=HTMX)

    assert [(job.team.slug, job.kind, job.lane, job.asked_by) for job in Job.objects.all()] == [
        ("draco", "sync", "ordinary", "lead")
    ]
    assert re.search(rf'hx-get="{SYNC}\?since=\d+" hx-trigger="load delay:2s"', body(asked))
    assert "2 teams are being read" in words(asked) and "Read again" not in words(asked)
    assert "HX-Trigger" not in asked and house.sandbox.requests() == []


def test_a_worker_of_the_other_lane_reads_nothing_and_is_not_waited_for(house: House) -> None:
    works("urgent")
    for slug in ("atlas", "cygnus", "draco"):
        jobs.enqueue("sync", team(slug))

    waiting = house.client().get(SYNC, headers=HTMX)
    house.client().post(SYNC, headers=HTMX)

    assert "being read" not in words(waiting) and "hx-post" in body(waiting)
    assert len(set(listings(house))) == 3


def test_what_is_queued_already_is_not_queued_again(house: House) -> None:
    works()
    first = jobs.enqueue("sync", team("draco"), asked_by="somebody")

    house.client().post(SYNC)

    assert Job.objects.get(team=team("draco")) == first
    assert sorted(Job.objects.values_list("team__slug", flat=True)) == ["atlas", "cygnus", "draco"]


def test_the_page_says_when_all_are_read_and_asks_no_more(house: House) -> None:
    works()
    client = house.client()
    since = int(timezone.now().timestamp())
    client.post(f"{SYNC}?since={since}", headers=HTMX)
    while job := jobs.claim(Lane.ORDINARY):
        schedule.run_job(job)

    done = client.get(f"{SYNC}?since={since}", headers=HTMX)

    assert "hx-trigger" not in body(done) and "keys-listed" in done["HX-Trigger"]
    assert MirrorKey.objects.filter(name="of draco").exists()
    assert len(listings(house)) == 3
    assert set(listings(house)) == {team(slug).account_id for slug in ("atlas", "cygnus", "draco")}


def test_without_a_worker_requests_read_one_after_the_other(house: House, settings: Any) -> None:
    settings.WAITS = replace(settings.WAITS, slice_s=0.0)
    for number in range(105):
        house.sandbox.add_key(house.account, name=f"key {number}")
    listed(team("cygnus"), timezone.now() - timedelta(hours=1))
    listed(team("draco"), timezone.now() - timedelta(hours=2))
    client, since = house.client(), int(timezone.now().timestamp())
    pages = [client.post(f"{SYNC}?since={since}", headers=HTMX) for _ in range(4)]

    # Never read: first; begun: gone on with before anything else; then the oldest.
    atlas = house.account.id
    assert listings(house) == [atlas, atlas, team("draco").account_id, team("cygnus").account_id]
    assert f"One team is being read: 100 of {105 + len(house.keys)} keys read" in words(pages[0])
    assert "Go on reading" in words(pages[0])
    assert ["keys-listed" in page.get("HX-Trigger", "") for page in pages] == [False, False, False, True]
    assert "hx-trigger" not in body(pages[-1])


def test_a_list_that_takes_long_is_not_read_over_and_over(house: House) -> None:
    """What was read since the page was opened is not old to it, however long ago that is by now."""
    opened = datetime.now(UTC) - timedelta(hours=1)
    for slug in ("atlas", "cygnus", "draco"):
        listed(team(slug), opened + timedelta(seconds=1))
    client = house.client()

    asked = client.post(f"{SYNC}?since={int(opened.timestamp())}", headers=HTMX)
    assert listings(house) == [] and "keys-listed" in asked["HX-Trigger"]

    client.post(SYNC)
    assert len(listings(house)) == 3


@pytest.mark.parametrize("since", ["soon", "-1", "9" * 30, "99999999999", "\u0663"])
def test_an_absurd_moment_is_now(house: House, since: str) -> None:
    house.client().post(f"{SYNC}?since={since}", headers=HTMX)

    assert len(listings(house)) == 3


def test_without_javascript_it_is_a_page(house: House) -> None:
    page = house.client().post(SYNC, follow=True)

    assert page.redirect_chain == [(SYNC, 303)]
    assert "Reading the keys" in words(page) and "Read from CometAPI just now , or later" in words(page)


def test_why_one_could_not_be_read_holds_up_no_other_and_is_said(house: House) -> None:
    AccessToken.objects.filter(team=house.team).update(sealed=AccessToken.objects.get(team=team("draco")).sealed)

    page = house.client().post(SYNC, follow=True)

    assert "The keys of Atlas could not be read" in words(page)
    assert set(TeamSync.objects.exclude(listed_at=None).values_list("team__slug", flat=True)) >= {"cygnus", "draco"}


def test_who_has_nothing_that_can_be_read_is_offered_nothing(house: House) -> None:
    page = house.client("other").get("/keys/")

    assert "Read again" not in words(page) and 'hx-trigger="load' not in body(page)


def test_many_teams_cost_no_more_statements(house: House) -> None:
    works()
    client = house.client()
    listed(house.team, timezone.now() - timedelta(hours=3))
    few = asked(client.get, "/keys/")
    for number in range(40):
        listed(more(house, f"team-{number}"), timezone.now() - timedelta(hours=3))

    assert asked(client.get, "/keys/") == few <= MOST_QUERIES
    assert asked(client.post, SYNC, headers=HTMX) <= MOST_QUERIES
    assert Job.objects.count() == 43


def asked(press: Any, *args: Any, **more: Any) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert press(*args, **more).status_code == 200
    return len(queries)


def test_a_worker_that_begins_with_none_of_them_is_not_waited_for_without_end(house: House) -> None:
    works()
    client, opened = house.client(), int((timezone.now() - timedelta(minutes=2)).timestamp())
    client.post(f"{SYNC}?since={opened}", headers=HTMX)
    assert Job.objects.count() == 3

    page = client.get(f"{SYNC}?since={opened}", headers=HTMX)

    assert 'hx-trigger="load' not in body(page) and "HX-Trigger" not in page and "Wait once more" in words(page)
    assert "was asked 2 minutes ago to read the keys of 3 teams and has not come to any yet" in words(page)
    again = client.post(SYNC, headers=HTMX)
    assert 'hx-trigger="load' in body(again) and "3 teams are being read" in words(again)
    # One of them was begun: the others have their turn after it.
    TeamSync.objects.update_or_create(team=team("draco"), defaults={"tried_at": timezone.now()})
    assert 'hx-trigger="load' in body(client.get(f"{SYNC}?since={opened}", headers=HTMX))


def test_a_listing_of_one_that_its_process_has_left_is_asked_for_anew(house: House) -> None:
    works()
    for slug in ("atlas", "cygnus", "draco"):
        listed(team(slug))
    long_ago = timezone.now() - timedelta(minutes=5)
    TeamSync.objects.filter(team=team("draco")).update(running_since=long_ago, tried_at=long_ago)
    client = house.client()

    page = client.get("/keys/")

    asked = re.search(rf'hx-post="({SYNC}\?since=\d+)" hx-trigger="load"', body(page))
    assert asked and "One team is being read" not in words(page)
    client.post(asked[1], headers=HTMX)
    assert [job.team.slug for job in Job.objects.all()] == ["draco"]
