"""A key that cannot be read is named all the same, with what is unknown of it, its last known state, and Disable."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from keys.models import Change, MirrorKey
from tests.pages.acting import HTMX, body, edited, notice, opened, words
from tests.pages.house import House, form_of
from tests.pages.telling import hit, save


@pytest.fixture
def client(house: House) -> Client:
    client = house.client()
    opened(client, house)
    MirrorKey.objects.update(read_at=timezone.now() - timedelta(hours=3))
    return client


def unread(house: House, client: Client, kind: str = "502", key: str = "plain") -> Any:
    hit(house, "get", kind, times=99)
    return client.get(house.path(key))


def heading(answer: Any) -> str:
    (found,) = re.findall(r"<h1.*?</h1>", body(answer), re.S)
    return words(found)


def test_its_last_known_state_stands_beside_the_trouble(house: House, client: Client) -> None:
    answer = unread(house, client)

    assert answer.status_code == 502 and heading(answer) == "Staging"
    said = words(answer)
    assert "CometAPI did not answer as it should" in said
    assert "Last known state" in said and "Read 3 hours ago" in said and "$12.40" in said


def test_what_is_unknown_is_told_with_who_and_how_long(house: House) -> None:
    hit(house, "update", "503")
    save(house)
    Change.objects.update(created_at=timezone.now() - timedelta(minutes=7))

    said = words(unread(house, house.client("member")))

    assert "Edit key , lead : unknown for 7 minutes" in said and "Checking…" in said


def test_it_can_be_disabled_from_there(house: House, client: Client) -> None:
    page = body(unread(house, client))
    form = form_of('<form id="press" ' + page.split('id="last-known"')[1].split("<form ", 1)[1], "press")
    address = house.path("plain", "disable/")
    assert f'action="{address}"' in page

    not_sent = client.get(client.post(address, form)["Location"])
    assert "Not disabled: nothing was sent" in notice(not_sent) and heading(not_sent) == "Staging"
    house.sandbox.clear_faults()
    form["change_id"] = ""
    done = client.get(client.post(address, form)["Location"])

    assert "Reads disabled at CometAPI" in notice(done) and house.stored("plain")["status"] == 2


@pytest.mark.parametrize(("who", "kind"), [("member", "502"), ("auditor", "502"), ("lead", "401_json")])
def test_not_where_that_may_not_or_cannot_be(house: House, client: Client, who: str, kind: str) -> None:
    answer = unread(house, house.client(who), kind)

    assert heading(answer) == "Staging" and house.path("plain", "disable/") not in body(answer)


def test_one_that_is_gone_is_named_and_not_offered_to_be_disabled(house: House, client: Client) -> None:
    house.sandbox.console_delete(house.keys["plain"])

    answer = client.get(house.path("plain"))

    assert answer.status_code == 404 and heading(answer) == "Staging"
    assert "CometAPI has no such key" in words(answer) and house.path("plain", "disable/") not in body(answer)


def test_one_that_was_never_read_has_no_state_to_show(house: House, client: Client) -> None:
    answer = unread(house, client, key="chinese")

    assert heading(answer) == "Atlas" and "Last known state" not in words(answer)


def test_once_it_is_settled_the_key_s_own_page_comes(house: House) -> None:
    hit(house, "update", "503")
    save(house)
    client = house.client()
    page = unread(house, client)
    path = house.path("plain", f"changes/{Change.objects.get().pk}/?as=unread")
    assert f'hx-get="{path}"' in body(page)

    waiting = client.get(path, headers=HTMX)
    house.sandbox.clear_faults()
    house.sandbox.console_edit(house.keys["plain"], name="New", group="vip")
    Change.objects.update(looked_at=None)
    done = client.get(path, headers=HTMX)

    assert "unknown for" in words(waiting) and f'hx-get="{path}"' in body(waiting)
    assert done["HX-Redirect"] == house.path("plain", f"?change={Change.objects.get().pk}")


def test_hostile_names_stay_text(house: House) -> None:
    client = house.client()
    edited(client, house, {"remain_quota": "1"}, key="hostile")

    answer = unread(house, client, key="hostile")

    assert "<script>alert(1)" not in body(answer) and "\x1b" not in body(answer) and "\u202e" not in body(answer)
