"""A panel that looks again brings up to date everything on the page that tells of the change, not its notice alone."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from keys.models import Change
from keys.services import schedule
from keys.types import Deadline
from tests.pages.acting import HTMX, body, edited, glance, notice, pressed, words
from tests.pages.house import House, form_of
from tests.pages.telling import hit, save


def carried_out_unread(house: House) -> None:
    """CometAPI does what it is asked, but nobody can read it."""
    hit(house, "update", "500_after")
    hit(house, "get", "502", skip=1, times=99)


def looked(house: House, who: str = "lead", **more: str) -> Any:
    path = house.path("plain", f"changes/{Change.objects.get().pk}/")
    return house.client(who).get(path, {"as": "panel", **more}, headers=HTMX)


def beside(answer: Any, root: str) -> str:
    """The words of a part that comes beside the answer, by its id."""
    found = re.search(rf'<(\w+)[^>]* id="{root}"[^>]* hx-swap-oob="true".*?</\1>', body(answer), re.S)
    assert found, body(answer)
    return words(found[0])


def test_the_panel_asks_for_all_of_it(house: House) -> None:
    answer = save(house, after=lambda: carried_out_unread(house))

    assert f'/changes/{Change.objects.get().pk}/?as=panel"' in body(answer)


def test_while_it_is_unknown_each_answer_tells_for_how_long(house: House) -> None:
    save(house, after=lambda: carried_out_unread(house))
    Change.objects.update(created_at=timezone.now() - timedelta(minutes=7))

    answer = looked(house)

    assert "unknown for 7 minutes" in beside(answer, "unknown") and "Checking…" in notice(answer)
    assert not form_of(body(answer)) and 'id="glance"' not in body(answer)


def test_once_it_is_settled_everything_that_tells_of_it_comes_anew(house: House) -> None:
    save(house, after=lambda: carried_out_unread(house))
    house.sandbox.clear_faults()

    answer = looked(house)

    assert "Saved: read at" in notice(answer) and "unknown" not in beside(answer, "unknown")
    assert beside(answer, "key-name") == "New" and "As CometAPI has it now" in glance(answer)
    assert "Unknown" not in beside(answer, "key-history") and "Applied" in beside(answer, "key-history")
    assert form_of(body(answer))["name"] == "New" and "data-taken" in body(answer) and "data-dirty" not in body(answer)
    assert f'id="key-{house.keys["plain"]}"' not in body(answer)
    assert f'id="key-{house.keys["plain"]}"' in body(looked(house, over="list"))


def test_who_may_only_look_gets_the_settings(house: House) -> None:
    save(house, after=lambda: carried_out_unread(house))
    house.sandbox.clear_faults()

    answer = looked(house, "member")

    assert "Name New" in beside(answer, "settings") and not form_of(body(answer))


def test_what_did_not_arrive_is_not_taken_for_saved(house: House) -> None:
    hit(house, "update", "503")
    save(house)
    past = timedelta(hours=1)
    Change.objects.update(sent_until=timezone.now() - past, created_at=timezone.now() - past, looked_at=None)

    answer = looked(house)

    assert "It did not arrive" in notice(answer) and "data-taken" not in body(answer)


def test_settled_by_somebody_else_it_is_told_though_the_key_cannot_be_read(house: House) -> None:
    save(house, after=lambda: carried_out_unread(house))
    house.sandbox.clear_faults()
    looked(house)
    hit(house, "get", "502", times=99)

    answer = looked(house)

    assert answer.status_code == 200 and "Saved: read at" in notice(answer) and 'id="glance"' not in body(answer)


def test_an_old_link_to_a_change_shows_the_key_as_it_is_now(house: House) -> None:
    client = house.client()
    told = edited(client, house, {"name": "New"}, htmx=False)["Location"]
    house.sandbox.console_edit(house.keys["plain"], name="Newer")

    page = client.get(told)

    assert "Saved and checked" in notice(page) and '<bdi id="key-name">Newer</bdi>' in body(page)


@pytest.mark.parametrize(("minutes", "seconds"), [(0, 5), (0.5, 10), (1.5, 20), (4, 30), (60, 60)])
def test_the_longer_it_is_unknown_the_less_often_it_looks(house: House, minutes: float, seconds: int) -> None:
    save(house, after=lambda: carried_out_unread(house))
    Change.objects.update(created_at=timezone.now() - timedelta(minutes=minutes))

    assert f'hx-trigger="every {seconds}s"' in body(looked(house))


def test_a_key_that_may_still_work_is_looked_at_more_often(house: House) -> None:
    house.sandbox.fault("503", operation="update", times=999)
    pressed(house.client(), house, "plain", "disable")
    hit(house, "get", "502", times=99)
    Change.objects.update(created_at=timezone.now() - timedelta(hours=1))

    assert 'hx-trigger="every 10s"' in body(looked(house))


def test_a_look_by_anybody_within_the_last_seconds_will_do(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    save(house, after=lambda: carried_out_unread(house))
    change = Change.objects.get()
    Change.objects.update(sent_until=timezone.now() - timedelta(minutes=1))
    schedule.settle_due(Deadline.after(30))
    house.sandbox.clear_log()

    for _ in range(3):
        assert "Checking" in notice(looked(house))
    assert house.sandbox.requests() == []

    Change.objects.update(looked_at=timezone.now() - timedelta(minutes=1))
    looked(house)
    reads = len(house.sandbox.requests())
    looked(house, "member")
    assert len(house.sandbox.requests()) == reads > 0
    assert Change.objects.get().state == change.state


def test_who_opens_the_key_has_it_read_but_not_twice_for_the_same(house: House) -> None:
    save(house, after=lambda: carried_out_unread(house))
    house.sandbox.clear_faults()
    hit(house, "update", "503")
    client = house.client()
    client.get(house.path("plain"))
    edited(client, house, {"group": "default"})
    house.sandbox.clear_log()

    assert "Checking" in notice(client.get(house.path("plain")))

    assert len(house.sandbox.requests(operation="get")) == 2
