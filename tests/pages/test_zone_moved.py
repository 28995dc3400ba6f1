"""Somebody's time zone changes while a key's form is open: what was not touched stays, what was typed means the old."""

from typing import Any
from unittest.mock import patch

import pytest
from django.core import signing

from keys.forms.base import SALT
from keys.models import Person
from tests.pages.acting import opened, saved, words
from tests.pages.house import House, form_of

NEW_YEAR = 1_893_456_000
"""2030-01-01 00:00 UTC, 01:00 in Berlin."""


def moved(to: str) -> None:
    Person.objects.filter(username="lead").update(time_zone=to)


@pytest.fixture
def form(house: House) -> dict[str, Any]:
    moved("Europe/Berlin")
    house.sandbox.console_edit(house.keys["plain"], expired_time=NEW_YEAR)
    shown = opened(house.client(), house)
    assert shown["expired_time"].startswith("2030-01-01T01:00")
    moved("America/New_York")
    return shown


def test_an_untouched_expiry_stays_untouched(house: House, form: dict[str, Any]) -> None:
    answer = saved(house.client(), house, {**form, "name": "Renamed"})

    assert answer.status_code == 200, words(answer)
    assert (house.stored("plain")["name"], house.stored("plain")["expired_time"]) == ("Renamed", NEW_YEAR)


def test_a_typed_moment_means_the_zone_that_the_form_named(house: House, form: dict[str, Any]) -> None:
    saved(house.client(), house, {**form, "expired_time": "2030-01-01T02:00:00"})

    assert house.stored("plain")["expired_time"] == NEW_YEAR + 3600


def test_a_refused_form_keeps_its_zone_and_a_saved_one_has_the_new(house: House, form: dict[str, Any]) -> None:
    refused = saved(house.client(), house, {**form, "name": ""})
    again = form_of(refused.content.decode())
    done = saved(house.client(), house, {**again, "name": "Renamed"})

    assert "Local time in Europe/Berlin" in words(refused) and again["expired_time"] == form["expired_time"]
    assert house.stored("plain")["expired_time"] == NEW_YEAR and done.status_code == 200
    assert "Local time in America/New_York" in words(house.client().get(house.path("plain")))


def test_a_form_that_is_too_old_moves_its_typing_in_its_own_zone(house: House, form: dict[str, Any]) -> None:
    with patch("keys.forms.base.MAX_AGE_S", -1):
        stale = saved(house.client(), house, {**form, "name": "Renamed"})
    saved(house.client(), house, form_of(stale.content.decode()))

    assert stale.status_code == 409
    assert (house.stored("plain")["name"], house.stored("plain")["expired_time"]) == ("Renamed", NEW_YEAR)


@pytest.mark.parametrize("name", [None, "Mars/Olympus"])
def test_a_form_without_a_zone_that_is_known_is_judged_as_ever(house: House, name: str | None) -> None:
    form = opened(house.client(), house)
    content = signing.loads(form["base"], salt=SALT)
    del content["zone"]
    old = signing.dumps({**content, **({"zone": name} if name else {})}, salt=SALT, compress=True)
    moved("Asia/Kathmandu")

    answer = saved(house.client(), house, {**form, "base": old, "expiry": "at", "expired_time": "2030-01-01T05:45:00"})

    assert answer.status_code == 200, words(answer)
    assert house.stored("plain")["expired_time"] == NEW_YEAR
