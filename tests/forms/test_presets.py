"""Expiries by one press: the last second of a day in the person's zone, of the day that was shown."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from keys.forms.presets import PRESETS, choices, meant, moment_of
from keys.types import KeyWish
from tests.forms.keyforms import NOW_S, edited, form_of, key

pytestmark = pytest.mark.dbfree


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("preset", "now", "zone", "ends"),
    [
        ("7d", "2026-11-24 04:00", "UTC", "2026-12-01 23:59:59"),
        ("30d", "2026-11-24 04:00", "UTC", "2026-12-24 23:59:59"),
        ("90d", "2026-11-24 04:00", "UTC", "2027-02-22 23:59:59"),
        # It is the 25th there already, and 5:45 ahead.
        ("7d", "2026-11-24 20:00", "Asia/Kathmandu", "2026-12-02 18:14:59"),
        # It is the 23rd there still.
        ("7d", "2026-11-24 04:00", "America/New_York", "2026-12-01 04:59:59"),
        ("7d", "2026-11-24 12:00", "Pacific/Kiritimati", "2026-12-02 09:59:59"),
        # Over a clock change: summer time ends on 25 October, begins on 28 March.
        ("7d", "2026-10-20 12:00", "Europe/Berlin", "2026-10-27 22:59:59"),
        ("7d", "2027-03-24 12:00", "Europe/Berlin", "2027-03-31 21:59:59"),
        # The clock shows 23:59:59 twice that night: the later one.
        ("7d", "2026-10-17 12:00", "America/Scoresbysund", "2026-10-25 01:59:59"),
        ("quarter", "2026-01-01 00:00", "UTC", "2026-03-31 23:59:59"),
        ("quarter", "2026-03-31 23:59", "UTC", "2026-03-31 23:59:59"),
        ("quarter", "2026-04-01 00:00", "UTC", "2026-06-30 23:59:59"),
        ("quarter", "2026-09-30 12:00", "Europe/Berlin", "2026-09-30 21:59:59"),
        ("quarter", "2026-11-24 04:00", "Europe/Berlin", "2026-12-31 22:59:59"),
        # New year has come there already, or not yet.
        ("quarter", "2026-12-31 20:00", "Asia/Kathmandu", "2027-03-31 18:14:59"),
        ("quarter", "2027-01-01 03:00", "America/New_York", "2027-01-01 04:59:59"),
        ("quarter", "2028-02-29 12:00", "UTC", "2028-03-31 23:59:59"),
    ],
)
def test_what_a_preset_means(preset: str, now: str, zone: str, ends: str) -> None:
    found = moment_of(preset, at(now), ZoneInfo(zone))

    assert datetime.fromtimestamp(found, UTC).replace(tzinfo=None) == datetime.fromisoformat(ends)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns"])
def test_it_is_the_same_all_day_and_always_ahead(zone: str) -> None:
    for hour in range(0, 24 * 400, 7):
        now = datetime.fromtimestamp(NOW_S + hour * 3600, UTC)
        local = now.astimezone(ZoneInfo(zone))
        for preset in PRESETS:
            ends = moment_of(preset, now, ZoneInfo(zone))
            wall = datetime.fromtimestamp(ends, ZoneInfo(zone))
            assert ends >= now.timestamp() and (wall.hour, wall.minute, wall.second) == (23, 59, 59)
            same_day = moment_of(preset, local.replace(hour=12, minute=0), ZoneInfo(zone))
            assert ends == same_day, (zone, now, preset)


def test_each_choice_names_its_day() -> None:
    words = dict(choices(at("2026-11-24 20:00"), ZoneInfo("Asia/Kathmandu")))

    assert words["7d:2026-12-02"] == "In 7 days, 2026-12-02"
    assert words["quarter:2026-12-31"] == "End of the quarter, 2026-12-31"


@pytest.mark.parametrize("preset", PRESETS)
def test_what_was_shown_before_midnight_means_the_same_after_it(preset: str) -> None:
    berlin, evening = ZoneInfo("Europe/Berlin"), at("2026-12-31 22:55")  # five to twelve
    (choice,) = (value for value, _words in choices(evening, berlin) if value.startswith(preset))

    assert meant(choice, at("2026-12-31 23:05"), berlin) == moment_of(preset, evening, berlin)
    assert meant(choice, evening, berlin) == moment_of(preset, evening, berlin)


def test_the_day_that_was_chosen_is_offered_and_ticked_again() -> None:
    form = edited(key(), expiry="7d:2026-11-30", name="")

    assert form["expiry"].value() == "7d:2026-11-30" and "In 7 days, 2026-11-30" in str(form["expiry"])
    assert str(form["expiry"]).count("7d") == 1 and str(form["expiry"]).count("checked") == 1


@pytest.mark.parametrize(
    ("choice", "code"),
    [
        ("quarter:2026-11-23", "expiry_past"),
        ("7d:0001-01-01", "expiry_past"),
        *(
            (f"quarter{junk}", "expiry_mode")
            for junk in (":", ":2026-02-30", ":2026-12-31 ", ":0000-01-01", "2026-12-31")
        ),
        *((f"quarter:{junk}", "expiry_mode") for junk in ("20261231", "2026-W53-4", "٢٠٢٦-12-31", "2026-12-31T00:00")),
        ("14d:2026-12-31", "expiry_mode"),
    ],
)
def test_a_day_that_is_past_or_none_is_refused(choice: str, code: str) -> None:
    form = edited(key(), expiry=choice)

    assert [fault.code for fault in form.errors.as_data()["expired_time"]] == [code]


@pytest.mark.parametrize("base", [{}, {"expired_time": -1}, {"expired_time": NOW_S - 5}, {"expired_time": 10**17}])
def test_a_preset_is_the_wish(base: dict[str, Any]) -> None:
    form = edited(key(**base), expiry="7d", zone="UTC")

    assert form.is_valid(), form.errors
    assert form.to_wish() == KeyWish({"expired_time": int(at("2026-12-01 23:59:59").timestamp())})
    assert form["expiry"].value() == "7d"


def test_two_answers_are_a_contradiction() -> None:
    form = edited(key(expired_time=-1), expiry="30d", expired_time="2030-01-01T00:00:00")

    assert "choose “at a moment”" in form.errors["expired_time"][0]


def test_the_radio_buttons_show_what_is_there_and_no_preset() -> None:
    assert 'value="at" required' not in str(form_of(key())["expiry"])
    assert str(form_of(key())["expiry"]).count("checked") == 1 and form_of(key())["expiry"].value() == "at"
    assert form_of(key(expired_time=-1))["expiry"].value() == "never"
