"""Somebody else changed what was to be changed: three values a field, a choice, and nothing sent until it is made."""

import re
import time
from typing import Any
from unittest.mock import patch

import pytest

from keys.models import Change
from tests.pages.acting import body, chosen, conflicting, no_secret, notice, opened, saved, words
from tests.pages.house import DAY, House, form_of

T1, T2 = 1_893_456_000, 1_925_000_000
"""Two moments to come, in Unix seconds."""


def row(answer: Any, label: str) -> list[str]:
    """Cells of the conflict table's row of this field: you saw, it is now, you want."""
    table = body(answer).split('id="conflict"')[1].split("</table>")[0]
    for line in table.split("<tr>")[1:]:
        if words(line.split("</th>")[0]) == label:
            return [words(cell) for cell in re.findall(r'<td data-label="(?!Choose).*?</td>', line, re.S)]
    raise AssertionError(words(table))


@pytest.mark.parametrize(
    ("field", "typed", "theirs", "shown"),
    [
        ("Name", {"name": "Mine"}, {"name": "Theirs"}, ["Staging", "Theirs", "Mine"]),
        ("Status", {"status": "3"}, {"status": 2}, ["enabled", "disabled", "expired"]),
        ("Group", {"group": "vip"}, {"group": "auto"}, ["default", "auto", "vip"]),
        ("Allowlist", {"allow_ips": "10.0.0.1"}, {"allow_ips": "10.0.0.2"}, ["(empty)", "10.0.0.2", "10.0.0.1"]),
        (
            "Quota left",
            {"remain_quota": "1"},
            {"remain_quota": 9_200_000},
            ["$12.40 (6,200,000 units)", "$18.40 (9,200,000 units)", "$0.000002 (1 unit)"],
        ),
    ],
)
def test_it_shows_three_values_and_sends_nothing(
    house: House, field: str, typed: dict[str, Any], theirs: dict[str, Any], shown: list[str]
) -> None:
    answer = conflicting(house, typed, theirs)

    assert answer.status_code == 409 and "Somebody else changed this meanwhile; nothing was sent" in words(answer)
    assert row(answer, field) == shown
    assert house.sandbox.writes() == [] and not Change.objects.exists()


def test_everything_typed_is_still_there(house: House) -> None:
    typed = {"name": "Mine", "allow_ips": "10.0.0.1", "reason": "because", "remain_quota": "1.5", "quota_unit": "usd"}

    answer = conflicting(house, typed, {"name": "Theirs", "group": "vip"})

    form = form_of(body(answer))
    assert {field: form[field] for field in typed} == typed
    assert form["group"] == "vip"  # untouched: as it is now
    assert "choose-name" not in form and form["conflicting"] == "name"  # nothing is chosen for anyone


def test_mine_is_taken(house: House) -> None:
    answer = conflicting(house, {"name": "Mine", "reason": "because"}, {"name": "Theirs", "group": "vip"})

    done = chosen(house, answer, {"name": "mine"})

    assert "Saved and checked at" in notice(done) and "Name: Theirs → Mine" in notice(done)
    assert (house.stored("plain")["name"], house.stored("plain")["group"]) == ("Mine", "vip")


def test_theirs_is_kept_and_the_rest_is_saved(house: House) -> None:
    answer = conflicting(house, {"name": "Mine", "allow_ips": "10.0.0.1"}, {"name": "Theirs"})

    done = chosen(house, answer, {"name": "theirs"})

    assert "Saved and checked at" in notice(done)
    assert (house.stored("plain")["name"], house.stored("plain")["allow_ips"]) == ("Theirs", "10.0.0.1")


def test_theirs_alone_leaves_nothing_to_save(house: House) -> None:
    answer = conflicting(house, {"name": "Mine"}, {"name": "Theirs"})

    done = chosen(house, answer, {"name": "theirs"})

    assert "Nothing to save" in notice(done)
    assert house.sandbox.writes() == [] and house.stored("plain")["name"] == "Theirs"


def test_each_field_is_chosen_for_itself(house: House) -> None:
    both = {"name": "Theirs", "remain_quota": 100, "expired_time": 1_893_456_000, "group": "auto"}
    mine = {"name": "Mine", "remain_quota": "7", "expiry": "at", "expired_time": "2031-01-01T00:00:00", "group": "vip"}
    answer = conflicting(house, mine, both)

    choices = {"name": "mine", "remain_quota": "theirs", "expired_time": "theirs", "group": "mine"}
    done = chosen(house, answer, choices)

    assert "Saved and checked at" in notice(done)
    after = house.stored("plain")
    assert {field: after[field] for field in both} == {**both, "name": "Mine", "group": "vip"}


@pytest.mark.parametrize("choice", [{}, {"name": "both"}, {"group": "mine"}])
def test_no_choice_sends_nothing_and_the_choice_is_asked_for(house: House, choice: dict[str, str]) -> None:
    answer = conflicting(house, {"name": "Mine", "reason": "because"}, {"name": "Theirs"})

    again = chosen(house, answer, choice)

    assert again.status_code == 422 and "Choose for each field which value it shall have." in words(again)
    form = form_of(body(again))
    assert (form["name"], form["reason"]) == ("Mine", "because")
    assert row(again, "Name") == ["Staging", "Theirs", "Mine"] and form["conflicting"] == "name"
    assert house.sandbox.writes() == [] and house.stored("plain")["name"] == "Theirs"


def test_after_a_missing_choice_it_can_still_be_chosen(house: House) -> None:
    answer = conflicting(house, {"name": "Mine"}, {"name": "Theirs"})

    done = chosen(house, chosen(house, answer, {}), {"name": "mine"})

    assert "Saved and checked at" in notice(done) and house.stored("plain")["name"] == "Mine"


@pytest.mark.parametrize(("choice", "kept"), [("mine", "Mine"), ("theirs", "Theirs")])
def test_a_fault_found_while_choosing_keeps_the_choice(house: House, choice: str, kept: str) -> None:
    answer = conflicting(house, {"name": "Mine"}, {"name": "Theirs"})
    form = {**form_of(body(answer)), "choose-name": choice, "allow_ips": "10.0.0.1/8"}

    refused = saved(house.client(), house, form)
    mended = {**form_of(body(refused)), "allow_ips": "10.0.0.0/8"}

    assert refused.status_code == 422 and mended["name"] == kept and 'id="conflict"' not in body(refused)
    assert "Saved and checked at" in notice(saved(house.client(), house, mended))
    assert (house.stored("plain")["name"], house.stored("plain")["allow_ips"]) == (kept, "10.0.0.0/8")


def test_what_was_given_up_does_not_come_back_with_the_next_conflict(house: House) -> None:
    answer = conflicting(house, {"name": "Mine", "group": "vip"}, {"name": "Theirs", "group": "auto"})
    house.sandbox.console_edit(house.keys["plain"], group="")

    again = chosen(house, answer, {"name": "theirs", "group": "mine"})
    done = chosen(house, again, {"group": "mine"})

    assert again.status_code == 409 and form_of(body(again))["name"] == "Theirs"
    assert "Saved and checked at" in notice(done)
    assert (house.stored("plain")["name"], house.stored("plain")["group"]) == ("Theirs", "vip")


def test_a_refused_text_is_asked_about_as_it_was_typed(house: House) -> None:
    answer = conflicting(house, {"remain_quota": "1"}, {"remain_quota": 9_200_000})

    again = saved(house.client(), house, {**form_of(body(answer)), "remain_quota": "1.5"})

    assert again.status_code == 422 and row(again, "Quota left")[2] == "1.5"


def test_changed_once_more_it_is_asked_once_more(house: House) -> None:
    answer = conflicting(house, {"name": "Mine"}, {"name": "Theirs"})
    house.sandbox.console_edit(house.keys["plain"], name="Theirs again")

    again = chosen(house, answer, {"name": "mine"})

    assert again.status_code == 409 and row(again, "Name") == ["Theirs", "Theirs again", "Mine"]
    assert house.sandbox.writes() == []


def test_what_already_reads_as_wanted_is_no_conflict(house: House) -> None:
    answer = conflicting(house, {"name": "Same"}, {"name": "Same"})

    assert answer.status_code == 200 and "Nothing to save" in notice(answer)
    assert house.sandbox.writes() == []


def test_two_top_ups_are_a_conflict_and_mine_adds_to_what_is_there(house: House) -> None:
    answer = conflicting(house, {"quota_mode": "add", "remain_quota": "1000"}, {"remain_quota": 9_200_000})

    done = chosen(house, answer, {"remain_quota": "mine"})

    assert answer.status_code == 409 and row(answer, "Quota left")[2].endswith("(9,201,000 units)")
    assert "Saved and checked at" in notice(done)
    assert house.stored("plain")["remain_quota"] == 9_201_000


def test_hostile_values_stay_text_and_no_secret_is_shown(house: House) -> None:
    evil = "<img src=x onerror=alert(1)>\u202e"

    answer = conflicting(house, {"name": "Mine"}, {"name": evil})

    assert "<img" not in body(answer) and "\u202e" not in body(answer)
    assert "&lt;img src=x onerror=alert(1)&gt;\\u202e" in body(answer)
    no_secret(house, body(answer))


def test_without_javascript_it_is_a_whole_page(house: House) -> None:
    client = house.client()
    form = opened(client, house)
    house.sandbox.console_edit(house.keys["plain"], name="Theirs")

    answer = saved(client, house, {**form, "name": "Mine"}, htmx=False)
    done = saved(client, house, {**form_of(body(answer)), "choose-name": "mine"}, htmx=False)

    assert answer.status_code == 409 and "<h1>" in body(answer) and 'id="conflict"' in body(answer)
    assert done.status_code == 303 and house.stored("plain")["name"] == "Mine"


@pytest.mark.parametrize("theirs", [-1, T2])
@pytest.mark.parametrize("way", ["mine", "theirs"])
def test_a_day_chosen_by_one_press_is_no_moment_typed(house: House, theirs: int, way: str) -> None:
    house.sandbox.console_edit(house.keys["plain"], expired_time=T1)

    answer = conflicting(house, {"expiry": "30d"}, {"expired_time": theirs})
    again = chosen(house, answer, {})
    done = chosen(house, again, {"expired_time": way})

    wanted = row(answer, "Expiry")[2]
    assert answer.status_code == 409 and "A moment is given" not in words(answer)
    assert again.status_code == 422 and "A moment is given" not in words(again) and row(again, "Expiry")[2] == wanted
    after = house.stored("plain")["expired_time"]
    assert after == theirs if way == "theirs" else abs(after - time.time() - 30 * DAY) < 2 * DAY, notice(done)


@pytest.mark.parametrize("more", [{}, {"expired_time": "2031-01-01T00:00:00"}])
def test_what_both_want_is_not_faulted_beside_a_conflict(house: House, more: dict[str, str]) -> None:
    house.sandbox.console_edit(house.keys["plain"], expired_time=T1)

    typed = {"expiry": "never", "name": "Mine", **more}
    answer = conflicting(house, typed, {"expired_time": -1, "name": "Theirs"})
    done = chosen(house, answer, {"name": "mine"})

    assert form_of(body(answer))["conflicting"] == "name" and "A moment is given" not in words(answer)
    assert "Saved and checked at" in notice(done)
    assert (house.stored("plain")["name"], house.stored("plain")["expired_time"]) == ("Mine", -1)


def test_a_moment_typed_beside_a_chosen_day_is_asked_about_as_ever(house: House) -> None:
    typed = {"expiry": "30d", "expired_time": "2031-01-01T00:00:00"}
    client = house.client()
    form = {**opened(client, house), **typed}

    with patch("keys.forms.base.MAX_AGE_S", -1):
        stale = saved(client, house, form)

    assert stale.status_code == 409 and form_of(body(stale))["expired_time"] == typed["expired_time"]
    assert "A moment is given and a day is chosen" in words(stale)
