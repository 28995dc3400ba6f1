"""Extending an expired key, topping up an exhausted one, “and enable it”: so it ends in every dialect."""

import time
from typing import Any

import pytest

from keys.types import Status
from tests.pages.acting import body, edited, notice, opened, saved, words
from tests.pages.house import House, form_of

STORED: dict[str, dict[str, Any]] = {
    "expired": {"status": 3, "expired_time": int(time.time()) - 9_000},
    "exhausted": {"status": 4, "remain_quota": 0},
}
GIVEN = {
    "expired": {"expiry": "30d"},
    "exhausted": {"quota_mode": "add", "remain_quota": "2", "quota_unit": "usd"},
}


def ran_out(house: House, name: str, dialect: str) -> None:
    house.sandbox.configure(dialect=dialect)
    house.sandbox.console_edit(house.keys[name], **STORED[name])


@pytest.mark.parametrize("dialect", ["A", "B", "C"])
@pytest.mark.parametrize("name", STORED)
def test_it_is_enabled_in_two_steps(house: House, name: str, dialect: str) -> None:
    ran_out(house, name, dialect)

    answer = edited(house.client(), house, GIVEN[name], key=name)

    assert answer.status_code == 200 and "Saved and checked at" in notice(answer), words(answer)
    assert house.stored(name)["status"] == 1 and house.sandbox.would_serve(house.keys[name])
    first, second = house.sandbox.writes()
    assert first["body"]["status"] == STORED[name]["status"] and "status_only" not in str(first["query"])
    assert second["body"]["status"] == 1 and "status_only" in str(second["query"])


@pytest.mark.parametrize("dialect", ["A", "B", "C"])
@pytest.mark.parametrize("name", STORED)
def test_without_the_tick_the_status_stays(house: House, name: str, dialect: str) -> None:
    ran_out(house, name, dialect)

    answer = edited(house.client(), house, {**GIVEN[name], "and_enable": None}, key=name)

    assert "Saved and checked at" in notice(answer)
    assert house.stored(name)["status"] == STORED[name]["status"] and len(house.sandbox.writes()) == 1


def test_a_renamed_one_is_not_enabled(house: House) -> None:
    ran_out(house, "expired", "A")

    answer = edited(house.client(), house, {"name": "New"}, key="expired")

    assert "Saved and checked at" in notice(answer) and house.stored("expired")["status"] == 3


def test_saved_as_it_came_sends_nothing(house: House) -> None:
    ran_out(house, "exhausted", "A")

    answer = edited(house.client(), house, {}, key="exhausted")

    assert "Nothing to save" in notice(answer) and house.sandbox.writes() == []


@pytest.mark.parametrize(("choice", "status"), [("mine", Status.ENABLED), ("theirs", Status.DISABLED)])
def test_somebody_disabled_it_meanwhile(house: House, choice: str, status: int) -> None:
    """The tick is a wish about the status: it is asked about, and what is chosen is what happens."""
    ran_out(house, "expired", "A")
    client = house.client()
    form = opened(client, house, "expired")
    house.sandbox.console_edit(house.keys["expired"], status=2)

    asked = saved(client, house, {**form, "expiry": "30d"}, key="expired")
    done = saved(client, house, {**form_of(body(asked)), "choose-status": choice}, key="expired")

    assert asked.status_code == 409 and 'name="conflicting" value="status"' in body(asked)
    assert "Saved and checked at" in notice(done), words(done)
    assert house.stored("expired")["status"] == status
    assert house.stored("expired")["expired_time"] > time.time() + 86_400


def test_pressed_twice_it_is_one_change(house: House) -> None:
    ran_out(house, "expired", "A")
    client = house.client()
    form = {**opened(client, house, "expired"), "expiry": "quarter"}

    one, other = saved(client, house, form, key="expired"), saved(client, house, form, key="expired")

    assert "Saved and checked at" in notice(one) and "Saved and checked at" in notice(other)
    assert len(house.sandbox.writes()) == 2
