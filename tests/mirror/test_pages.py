"""What people see of the mirror: drift and what to do about it, alarms, refreshing, the worker's status."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from keys.models import Drift, Job, Record, TeamSync, WorkerLane
from keys.services import schedule
from tests.mirror.support import sync
from tests.pages.acting import HTMX, body, no_secret, words
from tests.pages.house import House, furnish
from tests.support.databases import RealDatabase


@pytest.fixture
def house(real_db: RealDatabase, sandbox: Any) -> House:
    return furnish(sandbox)


@pytest.fixture
def drifted(house: House) -> House:
    """`plain` was renamed and opened to all elsewhere."""
    sandbox, key_id = house.sandbox, house.keys["plain"]
    sandbox.console_edit(key_id, allow_ips="203.0.113.0/24", remain_quota=6_000_000)
    sync(house.team)
    sandbox.console_edit(key_id, name="Renamed", allow_ips="", remain_quota=7_000_000)
    sync(house.team)
    return house


def works(house: House) -> None:
    now = timezone.now()
    WorkerLane.objects.create(name="test:1", lane="ordinary", started_at=now, heartbeat_at=now)


def only() -> Drift:
    return Drift.objects.get()


def act(client: Client, house: House, verb: str, **typed: Any) -> Any:
    return client.post(f"/teams/atlas/drift/{only().pk}/{verb}/", typed, follow=True)


def test_a_drift_is_shown_with_what_got_weaker(drifted: House) -> None:
    page = drifted.client().get("/teams/atlas/drift/")

    text = words(page)
    assert page.status_code == 200
    assert "Changed elsewhere" in text and "Renamed" in text and "Staging" in text
    assert "203.0.113.0/24 any address" in text
    assert "Allowlist Weaker" in text and "Name Weaker" not in text
    assert "Limit $19.60 (9,800,000 units) $21.60 (10,800,000 units)" in text
    no_secret(drifted, body(page))


def test_what_is_still_to_be_looked_at_is_not_called_nothing(house: House) -> None:
    sync(house.team)
    assert "Nothing was changed elsewhere" in words(house.client().get("/teams/atlas/drift/"))
    house.sandbox.console_edit(house.keys["plain"], name="theirs")
    house.sandbox.fault("500_before", operation="get", times=99)
    sync(house.team)

    page = words(house.client().get("/teams/atlas/drift/"))

    assert "Nothing was found so far One key is still being looked at: it reads otherwise" in page
    assert "Nothing was changed elsewhere" not in page and not Drift.objects.exists()


def test_the_key_and_the_record_tell_of_it(drifted: House) -> None:
    client = drifted.client()

    assert "Somebody changed this key at CometAPI" in words(client.get(drifted.path("plain")))
    assert "1 to look at" in words(client.get("/teams/atlas/"))
    assert "Somebody changed this key" not in words(client.get(drifted.path("arabic")))
    record = words(client.get(f"/history/{only().record_seq}/"))
    assert "Changed elsewhere" in record and "Became weaker Allowlist" in record and "What was changed" in record
    assert "outside" in record


def test_hostile_texts_are_recorded_and_shown(house: House) -> None:
    sync(house.team)
    odd = {"name": "<b>\x00\ud800\u202e=cmd()", "group": "\x1b[31m", "allow_ips": "<i>\n\x00"}
    house.sandbox.console_edit(house.keys["plain"], **odd)
    sync(house.team)

    page = body(house.client().get("/teams/atlas/drift/"))

    assert "&lt;b&gt;\\u0000\\ud800\\u202e=cmd()" in page
    assert only().changed["name"] == ["Staging", odd["name"]]


def test_it_is_put_back_by_the_one_road(drifted: House) -> None:
    drifted.sandbox.spend(drifted.keys["plain"], 1000)

    page = act(drifted.client(), drifted, "put-back", change_id=str(uuid4()))

    assert "Saved and checked" in words(page)
    stored = drifted.stored("plain")
    assert (stored["name"], stored["allow_ips"], stored["remain_quota"]) == ("Staging", "203.0.113.0/24", 5_999_000)
    assert (only().state, only().ended_by) == ("put_back", "lead")
    edits = Record.objects.filter(action="key.edit").order_by("seq")
    assert [record.outcome for record in edits] == ["", "confirmed"]
    assert edits[0].reason == f"Puts back what was changed elsewhere (record {only().record_seq})."
    assert "One key is still being looked at" in words(drifted.client().get("/teams/atlas/drift/"))


def test_what_was_changed_once_more_since_is_not_overwritten(drifted: House) -> None:
    drifted.sandbox.console_edit(drifted.keys["plain"], name="And again")

    act(drifted.client(), drifted, "put-back", change_id=str(uuid4()))

    assert drifted.stored("plain")["name"] == "And again"
    assert drifted.stored("plain")["allow_ips"] == "203.0.113.0/24"


def test_a_refused_put_back_leaves_it_open(drifted: House) -> None:
    drifted.sandbox.fault("refusal", operation="update", message="not today")

    page = act(drifted.client(), drifted, "put-back", change_id=str(uuid4()))

    assert "not today" in words(page)
    assert only().state == "open"


def test_what_cannot_be_put_back_can_be_disabled(house: House) -> None:
    house.sandbox.console_edit(house.keys["plain"], status=4)
    sync(house.team)
    house.sandbox.console_edit(house.keys["plain"], status=1)
    sync(house.team)
    client = house.client()

    page = client.get("/teams/atlas/drift/")
    assert "CometAPI alone sets a key to expired or exhausted" in words(page) and "put-back" not in body(page)
    assert f'action="{house.path("plain", "disable/")}"' in body(page)
    assert "Nothing was sent. Disable the key" in words(act(client, house, "put-back", change_id=str(uuid4())))
    assert only().state == "open"

    client.post(house.path("plain", "disable/"), {"change_id": str(uuid4())})
    assert (only().state, house.stored("plain")["status"]) == ("superseded", 2)


def test_trouble_with_cometapi_leaves_it_open_and_says_so(drifted: House) -> None:
    drifted.sandbox.fault("500_before", operation="get", times=99)

    page = act(drifted.client(), drifted, "put-back", change_id=str(uuid4()))

    assert (page.status_code, only().state) == (502, "open")


def test_a_second_press_does_nothing(drifted: House) -> None:
    path, client, change_id = f"/teams/atlas/drift/{only().pk}/put-back/", drifted.client(), str(uuid4())
    client.post(path, {"change_id": change_id})
    drifted.sandbox.clear_log()

    page = client.post(path, {"change_id": change_id}, follow=True)

    assert "dealt with already" in words(page)
    assert drifted.sandbox.writes() == []


def test_it_is_accepted_with_a_reason_on_record(drifted: House) -> None:
    page = act(drifted.client(), drifted, "accept", reason="  The new  office ")

    assert "Accepted, and on record." in words(page)
    assert (only().state, only().ended_by) == ("accepted", "lead")
    record = Record.objects.get(action="key.drift_accept")
    assert (record.reason, record.actor_role, record.key_id) == ("The new office", "lead", drifted.keys["plain"])
    assert "dealt with already" in words(drifted.client().post(f"/teams/atlas/drift/{only().pk}/accept/", follow=True))


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("  ", "Say why this is all right"),
        ("x" * 501, "at most 500 characters"),
        ("sk-abcdEFGH1234567890abcdEFGH1234567890abcdEFGH1234", "looks like a secret"),
        ("a\u202eb", "Control characters"),
    ],
)
def test_a_bad_reason_is_said_at_its_drift(drifted: House, reason: str, said: str) -> None:
    page = act(drifted.client(), drifted, "accept", reason=reason)

    assert (page.status_code, only().state) == (422, "open")
    assert said in words(page)
    assert "1234567890abcd" not in body(page)


def test_a_member_sees_it_and_may_do_nothing(drifted: House) -> None:
    client = drifted.client("member")

    assert '<form method="post" action="/teams/atlas/drift' not in body(client.get("/teams/atlas/drift/"))
    for verb in ("accept", "put-back"):
        assert act(client, drifted, verb, reason="mine").status_code == 403
    assert act(drifted.client("other"), drifted, "accept", reason="mine").status_code == 404
    assert only().state == "open"


def test_an_absurd_number_is_no_page(drifted: House) -> None:
    path = f"/teams/atlas/drift/{10**30}/accept/"

    assert drifted.client().post(path, {"reason": "mine"}).status_code == 404


def revived(house: House) -> None:
    sync(house.team)
    house.sandbox.console_edit(house.keys["disabled"], status=1)
    sync(house.team)


def test_a_revived_key_is_an_alarm_on_every_page_until_it_is_dealt_with(house: House) -> None:
    alarm = "A disabled key of Atlas has come back to life"
    revived(house)

    for who, told in (("admin", True), ("lead", True), ("member", False), ("auditor", False), ("other", False)):
        for path in ("/teams/", "/history/", "/profile/"):
            assert (alarm in words(house.client(who).get(path))) is told, (who, path)

    page = act(house.client(), house, "put-back", change_id=str(uuid4()))

    assert "Reads disabled" in words(page)
    assert house.stored("disabled")["status"] == 2
    assert alarm not in words(house.client("admin").get("/teams/"))


def test_disabling_it_on_its_own_page_ends_the_alarm_too(house: House) -> None:
    revived(house)

    house.client().post(house.path("disabled", "disable/"), {"change_id": str(uuid4())})

    assert only().state == "superseded"
    assert "come back to life" not in words(house.client().get("/teams/"))


def test_a_revived_key_that_is_deleted_is_no_alarm_and_cannot_be_put_back(house: House) -> None:
    alarm = "A disabled key of Atlas has come back to life"
    revived(house)
    house.sandbox.console_delete(house.keys["disabled"])
    assert alarm in words(house.client().get("/teams/"))  # nobody has read so yet
    sync(house.team)

    assert alarm not in words(house.client().get("/teams/"))
    assert alarm not in words(house.client("admin").get("/teams/"))
    assert "come back to life" not in words(house.client().get("/"))
    page = house.client().get("/teams/atlas/drift/")
    assert "Gone from CometAPI, as was found just now : it cannot be put back." in words(page)
    assert "is enabled again" not in words(page) and "put-back" not in body(page)
    act(house.client(), house, "accept", reason="It was deleted")
    assert only().state == "accepted"


def test_an_old_list_is_refreshed_by_the_worker(house: House) -> None:
    works(house)
    client = house.client("member")
    fresh = body(client.get("/teams/atlas/sync/", headers=HTMX))
    assert "Never read in whole yet" in fresh
    assert re.search(r'hx-post="/teams/atlas/sync/\?since=\d+" hx-trigger="load"', fresh)

    asked = client.post("/teams/atlas/sync/", headers=HTMX)
    assert re.search(r'hx-get="/teams/atlas/sync/\?since=\d+" hx-trigger="load delay:2s"', body(asked))
    client.post("/teams/atlas/sync/", headers=HTMX)
    job = Job.objects.get()
    assert (job.status, job.asked_by) == ("queued", "member")
    assert house.sandbox.requests(operation="list") == []

    schedule.run_job(claimed(job))
    done = client.get("/teams/atlas/sync/", headers=HTMX)
    assert "List as of" in words(done) and "hx-trigger" not in body(done)
    assert "keys-listed" in done["HX-Trigger"]
    client.post("/teams/atlas/sync/")
    assert Job.objects.count() == 1


def claimed(job: Job) -> Job:
    from keys.services import jobs
    from keys.types import Lane

    found = jobs.claim(Lane.ORDINARY)
    assert found == job
    return found


def test_without_a_worker_the_request_reads_and_says_how_far(house: House) -> None:
    page = house.client().post("/teams/atlas/sync/", follow=True)

    assert re.search(r"List as of just now", words(page))
    assert "No background worker is running" in words(page)
    assert TeamSync.objects.get().done == len(house.keys)
    assert not Job.objects.exists()


def test_without_a_worker_a_listing_goes_on_with_each_request(house: House, settings: Any) -> None:
    from dataclasses import replace

    settings.WAITS = replace(settings.WAITS, slice_s=0.0)
    for number in range(105):
        house.sandbox.add_key(house.account, name=f"key {number}")

    page = house.client().post("/teams/atlas/sync/", headers=HTMX)

    assert f"100 of {105 + len(house.keys)} keys read" in words(page) and "Go on reading" in words(page)
    assert re.search(r'hx-post="/teams/atlas/sync/\?since=\d+" hx-trigger="load delay:1s"', body(page))
    assert "Read again" in words(house.client().post("/teams/atlas/sync/", headers=HTMX))


def test_trouble_is_said_where_the_list_is(house: House) -> None:
    house.sandbox.fault("401_json", operation="list", times=9)

    page = house.client().post("/teams/atlas/sync/", headers=HTMX)

    assert "CometAPI refuses the access token" in words(page)
    assert "hx-trigger" not in body(page)


def test_the_status_page_tells_admins_what_goes_on(house: House) -> None:
    client = house.client("admin")
    assert "No worker is running" in words(client.get("/status/"))

    works(house)
    house.sandbox.fault("401_json", operation="list", times=9)
    sync(house.team)
    schedule.run_scheduled("prune")
    text = words(client.get("/status/"))

    assert "No worker is running" not in text and "test:1" in text
    assert "Atlas" in text and "In trouble" in text and "Boreas" in text and "Not read yet" in text
    assert "No background worker" not in text
