"""The same press twice is one change; a form that is too old, forged or used before saves nothing and loses nothing."""

import threading
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connections

from tests.pages.acting import body, edited, notice, opened, saved, words
from tests.pages.house import House, form_of


def test_a_double_click_is_one_change(house: House) -> None:
    form = {**opened(house.client(), house), "quota_mode": "add", "remain_quota": "1000"}

    first, second = (saved(house.client(), house, form) for _ in range(2))

    assert (first.status_code, second.status_code) == (200, 200)
    assert notice(first).split(" Record")[0] == notice(second).split(" Record")[0]
    assert len(house.sandbox.writes()) == 1 and house.stored("plain")["remain_quota"] == 6_201_000


def test_two_presses_at_the_same_moment_are_one_change(house: House) -> None:
    form = {**opened(house.client(), house), "quota_mode": "add", "remain_quota": "1000"}
    answers: list[Any] = []
    start = threading.Barrier(2)

    def press() -> None:
        client = house.client()
        start.wait()
        answers.append(saved(client, house, form))
        connections.close_all()

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [answer.status_code for answer in answers] == [200, 200]
    assert all("Saved and checked at" in notice(answer) for answer in answers)
    assert len(house.sandbox.writes()) == 1 and house.stored("plain")["remain_quota"] == 6_201_000


def test_the_same_id_with_other_content_is_a_new_attempt(house: House) -> None:
    client = house.client()
    form = opened(client, house)
    saved(client, house, {**form, "name": "First"})
    house.sandbox.clear_log()

    answer = saved(client, house, {**form, "name": "Second", "reason": "because"})

    again = form_of(body(answer))
    assert answer.status_code == 409 and "This form was sent before with other content" in words(answer)
    assert (again["name"], again["reason"]) == ("Second", "because") and again["change_id"] != form["change_id"]
    assert house.sandbox.writes() == [] and house.stored("plain")["name"] == "First"
    assert "Saved and checked at" in notice(saved(client, house, again))
    assert house.stored("plain")["name"] == "Second"


def test_anothers_change_id_says_nothing_of_it(house: House) -> None:
    form = opened(house.client(), house)
    saved(house.client(), house, {**form, "name": "First"})

    answer = edited(house.client("admin"), house, {"name": "Second", "change_id": form["change_id"]})

    assert answer.status_code == 409 and house.stored("plain")["name"] == "First"


@pytest.mark.parametrize("base", ["", "x", "é", "\x00".join("ab"), "tampered", "others", "another key's"])
def test_a_base_that_is_not_ours_saves_nothing_and_keeps_what_was_typed(house: House, base: str) -> None:
    client = house.client()
    form = opened(client, house)
    bases = {
        "tampered": form["base"][:20] + ("B" if form["base"][20] == "A" else "A") + form["base"][21:],
        "others": opened(house.client("admin"), house)["base"],
        "another key's": opened(client, house, "arabic")["base"],
    }

    answer = saved(client, house, {**form, "base": bases.get(base, base), "name": "New", "reason": "because"})

    again = form_of(body(answer))
    assert answer.status_code == 409 and "This form was not made for you and this key" in words(answer)
    assert (again["name"], again["reason"], again["base"] != base) == ("New", "because", True)
    assert house.sandbox.writes() == []
    assert "Saved and checked at" in notice(saved(client, house, again))


def test_an_old_form_says_so_and_can_be_saved_then(house: House) -> None:
    client = house.client()
    form = opened(client, house)
    house.sandbox.console_edit(house.keys["plain"], group="vip")

    with patch("keys.forms.base.MAX_AGE_S", timedelta(seconds=-1)):
        answer = saved(client, house, {**form, "name": "New"})

    again = form_of(body(answer))
    assert answer.status_code == 409 and "This form is too old" in words(answer)
    assert (again["name"], again["group"]) == ("New", "vip") and house.sandbox.writes() == []
    saved(client, house, again)
    assert (house.stored("plain")["name"], house.stored("plain")["group"]) == ("New", "vip")
