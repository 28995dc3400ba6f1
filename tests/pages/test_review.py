"""Without JavaScript a step of its own shows what will change; nothing is sent by it, and the next press saves."""

import re
from typing import Any

import pytest

from keys.models import Change
from tests.pages.acting import Answer, body, opened, saved, words
from tests.pages.house import House, form_of


def reviewed(house: House, typed: dict[str, Any], key: str = "plain") -> Answer:
    client = house.client()
    return saved(client, house, {**opened(client, house, key), **typed, "review": "1"}, key=key, htmx=False)


def test_it_shows_what_would_change_and_sends_nothing(house: House) -> None:
    answer = reviewed(house, {"name": "New", "remain_quota": "0", "reason": "because"})

    page = words(answer)
    assert answer.status_code == 200 and "<h1>" in body(answer)
    assert "2 changes Name Staging → New Quota left" in page and "With nothing left" in page
    assert "Save 2 changes" in page and "Review again" in page
    assert house.sandbox.writes() == [] and not Change.objects.exists()


def test_the_next_press_saves_exactly_that(house: House) -> None:
    form = form_of(body(reviewed(house, {"name": "New", "allow_ips": "10.0.0.1", "reason": "because"})))

    done = saved(house.client(), house, form, htmx=False)

    assert done.status_code == 303
    assert (house.stored("plain")["name"], house.stored("plain")["allow_ips"]) == ("New", "10.0.0.1")
    assert len(house.sandbox.writes()) == 1


def test_a_mistake_is_told_first(house: House) -> None:
    answer = reviewed(house, {"name": "", "allow_ips": "10.0.0.1"})

    assert answer.status_code == 422 and "Give the key a name" in words(answer)
    assert form_of(body(answer))["allow_ips"] == "10.0.0.1" and house.sandbox.writes() == []


def test_nothing_changed_is_said(house: House) -> None:
    answer = reviewed(house, {})

    assert answer.status_code == 200 and "Nothing is changed: nothing would be sent." in words(answer)


def test_the_page_offers_the_step_first(house: House) -> None:
    page = body(house.client().get(house.path("plain")))

    assert page.index('name="review" value="1"') < page.index('id="save-label"')


def by_enter(answer: Answer) -> str:
    """The form's first submit button, which Enter in any of its fields presses."""
    form = body(answer).split('<form id="key-form"')[1].split("</form>")[0]
    found = re.search(r'<button[^>]*type="submit"[^>]*>', form)
    assert found and "visually-hidden" in found[0] and 'tabindex="-1"' in found[0]
    return found[0]


def test_enter_is_the_step_and_after_it_saves(house: House) -> None:
    fresh, wrong = house.client().get(house.path("plain")), reviewed(house, {"name": ""})

    for answer in (fresh, wrong):
        assert 'name="review" value="1"' in by_enter(answer) and "without-script" in by_enter(answer)
    assert "name=" not in by_enter(reviewed(house, {"name": "New"}))


def test_with_javascript_enter_saves(house: House) -> None:
    """The script takes away what is without it."""
    page = body(house.client().get(house.path("plain")))

    answer = re.sub(r"<button[^>]*without-script[^>]*>.*?</button>", "", page)
    first = re.search(r'<button[^>]*type="submit"[^>]*>', answer.split('<form id="key-form"')[1])

    assert first and "visually-hidden" in first[0] and "name=" not in first[0]


def test_the_usage_log_has_its_say(house: House) -> None:
    house.sandbox.spend(house.keys["plain"], 100_000)

    answer = reviewed(house, {"remain_quota": "99999"})

    assert "This is less than the last 7 days used: $0.20." in words(answer)


@pytest.mark.parametrize("fault", ["html_200", "404", "garbage", "500_before"])
def test_without_a_usage_log_it_says_nothing_of_it(house: House, fault: str) -> None:
    house.sandbox.fault(fault, operation="log", times=9)

    answer = reviewed(house, {"remain_quota": "99999"})

    assert answer.status_code == 200 and "last 7 days" not in words(answer) and "1 change" in words(answer)
