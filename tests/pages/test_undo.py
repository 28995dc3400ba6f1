"""Undo, offered by what is said after a change, with and without JavaScript; and for how long a change is unknown."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from keys.ledger.finding import body_of
from keys.models import Change, Record
from tests.pages.acting import (
    HTMX,
    body,
    edited,
    form_of_switch,
    glance,
    no_secret,
    notice,
    opened,
    pressed,
    saved,
    tone,
    words,
)
from tests.pages.house import House, form_of

PANEL = '<div class="beside" id="panel"'


def undo_form(answer: Any) -> tuple[str, dict[str, str]]:
    """Where the button posts to, and what."""
    found = re.search(r'<form method="post" action="([^"]+/undo/[^"]+)".*?</form>', body(answer), re.S)
    assert found, words(answer)
    (change_id,) = re.findall(r'name="change_id" value="([^"]+)"', found[0])
    return found[1], {"change_id": change_id}


def undone(house: House, answer: Any, *, target: str = "", who: str = "lead", **more: str) -> Any:
    """target: what htmx swaps, "" for a browser without JavaScript."""
    address, form = undo_form(answer)
    return house.client(who).post(address, {**form, **more}, headers={**HTMX, "HX-Target": target} if target else {})


@pytest.mark.parametrize("dialect", ["A", "B", "C"])
def test_a_saved_edit_is_undone_in_the_panel(house: House, dialect: str) -> None:
    house.sandbox.configure(dialect=dialect)
    answer = edited(house.client(), house, {"name": "New", "group": "vip"})

    back = undone(house, answer, target="panel")

    assert (back.status_code, tone(back)) == (200, "good") and "Saved and checked at" in notice(back)
    assert body(back).strip().startswith(PANEL)
    assert (house.stored("plain")["name"], house.stored("plain")["group"]) == ("Staging", "default")
    assert "Undo this change" in notice(back)  # of the undoing itself


def test_without_javascript_it_leads_to_the_page_that_tells(house: House) -> None:
    client = house.client()
    answer = client.get(edited(client, house, {"name": "New"}, htmx=False)["Location"])

    back = undone(house, answer)

    assert back.status_code == 303
    told = client.get(back["Location"])
    assert "Saved and checked at" in notice(told) and house.stored("plain")["name"] == "Staging"


def test_a_disable_is_undone_in_its_row(house: House) -> None:
    answer = pressed(house.client(), house, "plain", "disable")
    assert "Undo: enable it again" in notice(answer)

    back = undone(house, answer, target=f"key-{house.keys['plain']}")

    assert body(back).strip().startswith("<tbody") and "Reads enabled at CometAPI" in notice(back)
    assert house.stored("plain")["status"] == 1


def test_an_enable_is_undone_by_disabling(house: House) -> None:
    answer = pressed(house.client(), house, "disabled", "enable")
    assert "Undo: disable it again" in notice(answer)

    assert "Reads disabled" in notice(undone(house, answer, target=f"key-{house.keys['disabled']}"))
    assert house.stored("disabled")["status"] == 2


def test_a_double_press_is_one_change(house: House) -> None:
    answer = edited(house.client(), house, {"quota_mode": "add", "remain_quota": "500"})
    address, form = undo_form(answer)
    client = house.client()

    first, second = (client.post(address, form) for _ in range(2))

    assert first["Location"] == second["Location"] and house.stored("plain")["remain_quota"] == 6_200_000
    assert Record.objects.filter(key_id=house.keys["plain"]).count() == 4


def test_a_conflict_shows_the_three_values_and_can_be_decided(house: House) -> None:
    answer = edited(house.client(), house, {"name": "Mine"})
    house.sandbox.console_edit(house.keys["plain"], name="Theirs")
    house.sandbox.clear_log()

    back = undone(house, answer, target="panel")

    assert back.status_code == 409 and house.sandbox.writes() == []
    said = words(back)
    assert "Name Mine Theirs Staging" in said and 'name="answers"' in body(back)
    in_row = undone(house, answer, target=f"key-{house.keys['plain']}")
    assert in_row.status_code == 409 and "Somebody else has changed the same field since" in words(in_row)


def test_a_top_up_that_is_spent_is_taken_back_in_the_editor(house: House) -> None:
    client, more = house.client(), {"quota_mode": "add", "remain_quota": "1000000"}
    answer = edited(client, house, {**more, "name": "New"})
    house.sandbox.spend(house.keys["plain"], 6_600_000)
    house.sandbox.clear_log()

    back, page = (undone(house, answer, target=target) for target in ("panel", ""))
    in_row = undone(house, answer, target=f"key-{house.keys['plain']}")

    told = "So much is spent by now that taking this back leaves nothing."
    for seen in (back, page, in_row):
        assert seen.status_code == 409 and told in words(seen) and house.sandbox.writes() == []
    assert "Quota left: With nothing left, CometAPI refuses every call of this key." in words(back)
    form = form_of(body(back))
    assert (form["name"], form["quota_mode"], form["remain_quota"]) == ("Staging", "take", "1000000")
    assert "Saved and checked" in notice(saved(client, house, form)) and house.stored("plain")["remain_quota"] == 0
    assert body_of(Record.objects.get(seq=3).text)["answers"] == 1


def test_of_a_top_up_that_is_spent_whole_the_rest_is_taken_back_in_the_editor(house: House) -> None:
    client, more = house.client(), {"quota_mode": "add", "remain_quota": "1000000"}
    answer = edited(client, house, {**more, "name": "New"})
    house.sandbox.spend(house.keys["plain"], 7_200_000)

    back = undone(house, answer, target="panel")

    assert back.status_code == 409 and "spent by now: nothing is left to take away." in words(back)
    form = form_of(body(back))
    assert (form["name"], form["quota_mode"], form["remain_quota"]) == ("Staging", "set", "0")
    assert "Saved and checked" in notice(saved(client, house, form)) and house.stored("plain")["remain_quota"] == 0


def test_what_cannot_be_enabled_any_more_says_why(house: House) -> None:
    answer = pressed(house.client(), house, "plain", "disable")
    house.sandbox.console_edit(house.keys["plain"], remain_quota=0)

    back = undone(house, answer, target=f"key-{house.keys['plain']}")

    assert back.status_code == 422 and "A key without quota cannot be enabled" in words(back)
    assert house.stored("plain")["status"] == 2


def test_disabled_once_more_it_stays_disabled(house: House) -> None:
    answer = pressed(house.client(), house, "plain", "disable")
    pressed(house.client("admin"), house, "plain", "disable")

    for target in ("", "panel", f"key-{house.keys['plain']}"):
        back = undone(house, answer, target=target)

        assert back.status_code == 409 and "The key was disabled once more since" in words(back)
        assert body(back).strip().startswith(PANEL) is (target == "panel")
    assert house.stored("plain")["status"] == 2


def test_while_another_change_is_unknown_it_is_held(house: House) -> None:
    answer = edited(house.client(), house, {"name": "New"})
    house.sandbox.fault("503", operation="update", times=1)
    edited(house.client(), house, {"group": "vip"})
    house.sandbox.clear_log()

    back = undone(house, answer, target="panel")

    assert back.status_code == 409 and "Another change of this key is under way" in words(back)
    assert body(back).strip().startswith(PANEL) and house.sandbox.writes() == []


def test_the_same_button_for_something_else_is_refused(house: House) -> None:
    answer = edited(house.client(), house, {"name": "New"})
    house.sandbox.clear_log()

    back = undone(house, answer, target="panel", change_id=str(Change.objects.get().pk))

    assert back.status_code == 409 and "This button was pressed before for something else" in words(back)
    assert body(back).strip().startswith(PANEL) and house.sandbox.writes() == []


def test_on_the_change_s_own_page_it_works_without_a_panel(house: House) -> None:
    edited(house.client(), house, {"name": "New"})
    page = house.client().get(house.path("plain", f"changes/{Change.objects.get().pk}/"))

    assert "hx-post" not in re.search(r"<form[^>]+/undo/[^>]+>", body(page))[0]  # type: ignore[index]
    assert undone(house, page).status_code == 303 and house.stored("plain")["name"] == "Staging"


@pytest.mark.parametrize(("who", "status"), [("member", 403), ("auditor", 403), ("other", 404)])
def test_who_may_not_edit_is_refused_and_it_is_recorded(house: House, who: str, status: int) -> None:
    answer = edited(house.client(), house, {"name": "New"})
    house.sandbox.clear_log()

    assert undone(house, answer, who=who).status_code == status
    assert house.sandbox.requests() == [] and Record.objects.first().action == "access.denied"  # type: ignore[union-attr]


def test_who_may_not_edit_is_not_offered_it(house: House) -> None:
    client = house.client()
    location = edited(client, house, {"name": "New"}, htmx=False)["Location"]

    assert "Undo this change" in words(client.get(location))
    assert "Undo" not in words(house.client("member").get(location))


def test_a_change_of_another_key_is_not_found(house: House) -> None:
    edited(house.client(), house, {"name": "New"})
    change = Change.objects.get()

    for path in (house.path("restricted", f"undo/{change.pk}/"), house.path("plain", f"undo/{uuid4()}/")):
        assert house.client().post(path).status_code == 404
    assert house.client().get(house.path("plain", f"undo/{change.pk}/")).status_code == 405


@pytest.mark.parametrize("kind", ["refusal", "503"])
def test_nothing_is_offered_for_what_did_not_come_about(house: House, kind: str) -> None:
    house.sandbox.fault(kind, operation="update", times=9)

    assert "Undo" not in words(edited(house.client(), house, {"name": "New"}))


def test_upstream_trouble_is_told_as_of_any_change(house: House) -> None:
    answer = edited(house.client(), house, {"name": "New"})
    house.sandbox.down(30)

    back = undone(house, answer, target="panel")

    assert back.status_code == 503 and "Not sent, nothing changed" in notice(back)
    assert body(back).strip().startswith(PANEL)


def unknown(house: House, minutes: int = 7) -> None:
    house.sandbox.fault("503", operation="update", times=9)
    edited(house.client(), house, {"name": "New", "reason": "why not"})
    Change.objects.update(created_at=timezone.now() - timedelta(minutes=minutes))


def test_what_is_unknown_stands_on_top_of_the_history_with_how_long(house: House) -> None:
    unknown(house)

    for who in ("lead", "member", "auditor"):
        page = words(house.client(who).get("/history/"))
        assert "Not known yet what became of these Edit key Staging" in page, who
        assert "unknown for 7 minutes" in page and "record 1" in page, page
    assert "Not known yet" not in words(house.client("other").get("/history/"))
    assert "Not known yet" in words(house.client().get(f"/history/?team=atlas&key={house.keys['plain']}"))
    assert "Not known yet" not in words(house.client().get(f"/history/?team=atlas&key={house.keys['chinese']}"))


def test_and_on_the_key_until_it_is_settled(house: House) -> None:
    unknown(house)

    assert "unknown for 7 minutes" in words(house.client("member").get(house.path("plain")))
    assert "unknown for" not in words(house.client().get(house.path("chinese")))

    Change.objects.update(sent_until=timezone.now() - timedelta(minutes=6))
    opened(house.client(), house)  # reads the key long enough after
    page = house.client().get(house.path("plain"))
    assert "unknown for" not in words(page) and "Enabled" in glance(page)
    assert "Not known yet" not in words(house.client().get("/history/"))


def test_the_page_s_own_switch_is_still_the_one_that_is_pressed(house: House) -> None:
    answer = house.client().get(edited(house.client(), house, {"name": "New"}, htmx=False)["Location"])

    assert form_of_switch(body(answer))["change_id"] != undo_form(answer)[1]["change_id"]


def test_no_secret_in_any_answer(house: House) -> None:
    answer = edited(house.client(), house, {"name": "New"}, key="hostile")

    no_secret(house, body(answer), body(undone(house, answer, target="panel")), body(house.client().get("/history/")))
