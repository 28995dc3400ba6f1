"""Disabling and enabling at one press, from a row and from the key's page; "disabled" is said only of what was read."""

from typing import Any
from uuid import uuid4

import pytest

from keys.models import Change, Record
from tests.pages.acting import body, edited, form_of_switch, glance, no_secret, notice, opened, pressed, tone, words
from tests.pages.house import House

ALIVE = ["plain", "expired", "exhausted", "overspent", "unlimited", "restricted", "arabic", "chinese", "hostile"]


@pytest.mark.parametrize("name", ALIVE)
def test_every_key_is_disabled_at_one_press(house: House, name: str) -> None:
    before = house.stored(name)

    answer = pressed(house.client(), house, name, "disable", change_id=str(uuid4()))

    assert (answer.status_code, tone(answer)) == (200, "good")
    assert "Reads disabled at CometAPI, checked at" in notice(answer) and "about a minute" in notice(answer)
    assert body(answer).strip().startswith(f'<tbody id="key-{house.keys[name]}"') and "Disabled" in words(answer)
    assert ">Enable<" in body(answer) and ">Disable<" not in body(answer)
    after = house.stored(name)
    assert after["status"] == 2
    altered = {field for field in before if before[field] != after[field]} - {"status"}
    assert altered == ({"remain_quota"} if name == "overspent" else set())


def test_what_a_disable_had_to_alter_is_said_and_offered_back(house: House) -> None:
    house.sandbox.console_edit(house.keys["overspent"], group="gone")
    client = house.client()

    answer = pressed(client, house, "overspent", "disable")

    said = notice(answer)
    assert "Disabling it also altered: Quota left: −$0.002 (−1,234 units) → $0.000002 (1 unit) Group: gone → " in said
    page = client.get(house.path("overspent"))
    assert "Disabling this key altered these; enabling can put them back" in words(page)
    assert "What is typed in the form is not saved by it." in words(page) and "Disabling takes" not in words(page)
    assert form_of_switch(body(page))["put_back"] == "on"


def test_without_javascript_a_press_leads_to_the_page_that_tells(house: House) -> None:
    client = house.client()
    form = form_of_switch(body(client.get(house.path("plain"))))

    answer = pressed(client, house, "plain", "disable", htmx=False, **form)

    assert (answer.status_code, answer["Location"]) == (303, f"{house.path('plain')}?change={form['change_id']}")
    told = client.get(answer["Location"])
    assert "Reads disabled at CometAPI, checked at" in notice(told) and "Disabled" in glance(told)


def test_a_double_click_is_one_change(house: House) -> None:
    change_id = str(uuid4())

    first, second = (pressed(house.client(), house, "plain", "disable", change_id=change_id) for _ in range(2))

    assert notice(first).split(" Record")[0] == notice(second).split(" Record")[0]
    assert Change.objects.count() == 1 and len(house.sandbox.writes()) == 1


def test_an_id_used_for_something_else_sends_nothing(house: House) -> None:
    form = opened(house.client(), house)
    edited(house.client(), house, {"name": "New", "change_id": form["change_id"]})
    house.sandbox.clear_log()

    answer = pressed(house.client(), house, "plain", "disable", change_id=form["change_id"])

    assert answer.status_code == 409 and "This button was pressed before for something else" in words(answer)
    assert answer["HX-Retarget"] == f"#said-{house.keys['plain']}" and answer["HX-Reswap"] == "innerHTML"
    assert house.sandbox.writes() == []


def test_a_disable_is_never_held(house: House) -> None:
    house.sandbox.fault("503", operation="update", times=1)
    edited(house.client(), house, {"name": "New"})

    answer = pressed(house.client(), house, "plain", "disable")

    assert "Reads disabled at CometAPI" in notice(answer) and "An earlier edit may still arrive." in notice(answer)
    assert house.stored("plain")["status"] == 2


@pytest.mark.parametrize("kind", ["429", "503", "500_before", "524", "reset_before"])
def test_what_stays_enabled_is_said_loudly(house: House, kind: str) -> None:
    house.sandbox.fault(kind, operation="update", times=99)

    answer = pressed(house.client(), house, "plain", "disable")

    assert (answer.status_code, tone(answer)) == (200, "bad")
    assert "Not yet disabled: trying again" in notice(answer) and "may still work" in notice(answer)
    assert "Reads disabled" not in words(answer) and 'hx-trigger="every 5s"' in body(answer)
    assert ">Disable<" in body(answer) and len(house.sandbox.writes()) >= 2


def test_looking_again_disables_it_in_the_end(house: House) -> None:
    house.sandbox.fault("503", operation="update", times=99)
    client = house.client()
    pressed(client, house, "plain", "disable")
    house.sandbox.clear_faults()
    path = house.path("plain", f"changes/{Change.objects.get().pk}/?as=row")

    answer = client.get(path, headers={"HX-Request": "true"})

    assert house.stored("plain")["status"] == 2
    assert body(answer).strip().startswith("<tbody") and "Reads disabled at CometAPI" in notice(answer)


def test_a_success_that_leaves_it_enabled_is_no_disable(house: House) -> None:
    house.sandbox.fault("status_ignored", operation="update", times=99)

    answer = pressed(house.client(), house, "plain", "disable")

    assert tone(answer) == "bad" and "Not disabled: the key still reads enabled" in notice(answer)


def test_a_refused_disable_says_that_the_key_still_works(house: House) -> None:
    house.sandbox.fault("refusal", operation="update", times=99, message="no <b>luck</b>")

    answer = pressed(house.client(), house, "plain", "disable")

    assert (answer.status_code, tone(answer)) == (422, "bad")
    assert "Not disabled: CometAPI refused it" in notice(answer) and "still enabled" in notice(answer)
    assert "no <b>luck</b>" in notice(answer) and "<b>luck</b>" not in body(answer)


def test_cometapi_down_says_that_nothing_was_sent(house: House) -> None:
    house.sandbox.down(30)

    answer = pressed(house.client(), house, "plain", "disable")

    assert answer.status_code == 503 and "Not disabled: nothing was sent" in words(answer)
    assert "Reads disabled" not in words(answer) and answer["X-Fragment"] == "1"


def test_a_key_that_is_gone_says_so(house: House) -> None:
    house.sandbox.console_delete(house.keys["plain"])

    answer = pressed(house.client(), house, "plain", "disable")

    assert answer.status_code == 404 and "This key no longer exists at CometAPI" in words(answer)


def test_disabled_it_can_be_enabled_again(house: House) -> None:
    answer = pressed(house.client(), house, "disabled", "enable")

    assert (answer.status_code, tone(answer)) == (200, "good")
    assert "Reads enabled at CometAPI, checked at" in notice(answer) and ">Disable<" in body(answer)
    assert house.stored("disabled")["status"] == 1


def test_enabling_what_is_enabled_changes_nothing(house: House) -> None:
    answer = pressed(house.client(), house, "plain", "enable")

    assert "It already reads enabled" in words(answer)
    assert house.sandbox.writes() == [] and not Record.objects.filter(key_id=house.keys["plain"]).exists()


@pytest.mark.parametrize("htmx", [True, False])
@pytest.mark.parametrize("state", [{"expired_time": 1_700_000_000}, {"remain_quota": 0}, {"remain_quota": -5}])
def test_enabling_what_is_expired_or_dry_says_what_to_mend(house: House, state: dict[str, Any], htmx: bool) -> None:
    house.sandbox.console_edit(house.keys["disabled"], **state)

    answer = pressed(house.client(), house, "disabled", "enable", htmx=htmx)

    assert answer.status_code == 422 and "Not sent, nothing changed" in words(answer)
    assert "Open the key" in words(answer) and ("<!doctype" in body(answer)) is not htmx
    assert house.sandbox.writes() == []


def test_expired_it_is_mended_and_enabled_in_one_save(house: House) -> None:
    house.sandbox.console_edit(house.keys["expired"], status=3)

    answer = edited(
        house.client(), house, {"status": "1", "expiry": "at", "expired_time": "2031-01-01T00:00:00"}, key="expired"
    )

    assert "Saved and checked at" in notice(answer), notice(answer)
    assert (house.stored("expired")["status"], house.stored("expired")["expired_time"]) == (1, 1_924_992_000)


def test_saved_in_part_says_which(house: House) -> None:
    house.sandbox.console_edit(house.keys["exhausted"], status=4)
    house.sandbox.fault("refusal", operation="update", nth=2, times=1, message="not now")

    answer = edited(house.client(), house, {"status": "1", "remain_quota": "500000"}, key="exhausted")

    said = notice(answer)
    assert tone(answer) == "warn" and "Saved in part: CometAPI refused the rest" in said and "not now" in said
    assert "Reads as wanted: Quota left" in said and "Wanted, and what it reads: Status: enabled → exhausted" in said


@pytest.mark.parametrize(("back", "group"), [({"put_back": "on"}, "vip"), ({}, "")])
def test_enabling_puts_back_what_disabling_altered_if_asked(house: House, back: dict[str, str], group: str) -> None:
    name = "密" * 20  # 20 characters, 60 bytes
    house.sandbox.console_edit(house.keys["plain"], name=name, group="vip")
    house.sandbox.configure(name_rule="bytes")
    client = house.client()
    pressed(client, house, "plain", "disable")
    house.sandbox.configure(name_rule="chars")
    form = form_of_switch(body(client.get(house.path("plain"))))
    assert house.stored("plain")["name"] == "密" * 16 and form.pop("put_back") == "on"

    answer = pressed(client, house, "plain", "enable", htmx=False, **form, **back)

    assert "Reads enabled at CometAPI" in notice(client.get(answer["Location"]))
    stored = house.stored("plain")
    assert (stored["status"], stored["group"], stored["name"] == name) == (1, group, bool(back))


def test_enabling_is_held_while_another_change_is_unknown(house: House) -> None:
    house.sandbox.fault("503", operation="update", times=1)
    edited(house.client(), house, {"name": "New"}, key="disabled")
    house.sandbox.clear_log()

    answer = pressed(house.client(), house, "disabled", "enable")

    assert answer.status_code == 409 and "Another change of this key is under way" in words(answer)
    assert house.sandbox.writes() == []


@pytest.mark.parametrize("verb", ["enable/", "disable/", "", "undo/5f0c6c1e-7a44-4a53-9c52-0d3a3c9b8a11/"])
def test_a_number_that_no_key_can_have_is_no_page(house: House, verb: str) -> None:
    """A record cannot hold it, and so nothing may be done to it."""
    answers = [house.client().post(f"{house.list_path}{number}/{verb}") for number in (2**63, 10**40)]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert house.sandbox.requests() == []


def test_no_secret_in_any_answer(house: House) -> None:
    client = house.client()
    answers = [pressed(client, house, name, "disable") for name in ALIVE]
    answers += [pressed(client, house, name, "enable") for name in ALIVE]

    no_secret(house, *map(body, answers))
    assert all("<script>alert" not in body(answer) and "\u202e" not in body(answer) for answer in answers)


def test_of_a_key_that_is_not_enabled_nothing_says_that_it_works(house: House) -> None:
    house.sandbox.console_edit(house.keys["plain"], status=4)
    house.sandbox.fault("status_ignored", operation="update", times=99)
    ignored = notice(pressed(house.client(), house, "plain", "disable"))
    house.sandbox.clear_faults()
    house.sandbox.fault("refusal", operation="update", times=99)
    refused = notice(pressed(house.client(), house, "plain", "disable"))
    house.sandbox.clear_faults()
    house.sandbox.fault("503", operation="get", times=99)
    unsent = notice(pressed(house.client(), house, "plain", "disable"))

    assert "Not disabled: the key reads otherwise" in ignored and "is not disabled" in refused
    assert "The key may still work" in unsent
    assert not any("still works" in said or "still enabled" in said for said in (ignored, refused, unsent))
