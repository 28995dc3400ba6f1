"""Leaving a field: the check says what is wrong and what would change, touches no field, and asks upstream nothing."""

import re
from typing import Any

import pytest

from keys.models import Change, Person, Record
from tests.pages.acting import HTMX, Answer, body, no_secret, opened, words
from tests.pages.house import House

SECRET = "sk-" + "aB3dE5gH7jK9" * 4


def checked(house: House, typed: dict[str, Any], *, key: str = "plain", username: str = "lead") -> Answer:
    """Open the page, type, leave the field."""
    client = house.client(username)
    form = {**opened(client, house, key), **typed}
    house.sandbox.clear_log()
    answer = client.post(
        house.path(key, "check/"), {name: text for name, text in form.items() if text is not None}, headers=HTMX
    )
    assert house.sandbox.requests() == [] and not Change.objects.exists() and not Record.objects.exists()
    return answer


def said(answer: Answer) -> dict[str, str]:
    """Field -> what is told of it."""
    parts = re.findall(
        r'<div class="field__said" id="id_(\w+)_said" hx-swap-oob="true">(.*?)</div>', body(answer), re.S
    )
    return {field: words(part) for field, part in parts if words(part)}


def preview(answer: Answer) -> str:
    return words(body(answer).split('<span class="when-idle"', 1)[0])


@pytest.mark.parametrize(
    ("typed", "field", "told"),
    [
        ({"name": ""}, "name", "Give the key a name"),
        ({"name": "x" * 51}, "name", "51 characters"),
        ({"name": f"a {SECRET}"}, "name", "looks like a secret"),
        ({"name": "مفتاح الإنتاج للفريق الجديد"}, "name", "bytes in UTF-8"),
        ({"status": "9"}, "status", "one of the four"),
        ({"allow_ips": "203.0.113.5/24"}, "allow_ips", "Did you mean 203.0.113.0/24?"),
        ({"allow_ips": "1.2.3.4:80"}, "allow_ips", "no port"),
        ({"model_limits_enabled": "on"}, "model_limits", "Name at least one model"),
        ({"remain_quota": "1.5"}, "remain_quota", "Units are whole numbers"),
        ({"remain_quota": "-5"}, "remain_quota", "cannot be negative"),
        ({"remain_quota": "", "quota_mode": "add"}, "remain_quota", "Give an amount"),
        ({"remain_quota": "0.000001", "quota_unit": "usd"}, "remain_quota", "cannot store this amount exactly"),
        ({"expiry": "at"}, "expired_time", "Give a date and time"),
        ({"expiry": "at", "expired_time": "2001-01-01T00:00"}, "expired_time", "has passed"),
        ({"group": "gone"}, "group", "not available"),
        ({"cross_group_retry": "on"}, "cross_group_retry", "only with an automatic group"),
        ({"reason": "x" * 501}, "reason", "501 characters"),
    ],
)
def test_each_rule_is_told_at_its_field(house: House, typed: dict[str, str], field: str, told: str) -> None:
    answer = checked(house, typed)

    assert answer.status_code == 200 and answer["X-Fragment"] == "1"
    assert list(said(answer)) == [field] and told in said(answer)[field], said(answer)
    assert not re.search(r"<(input|select|textarea|form)\b", body(answer))
    no_secret(house, body(answer))
    assert SECRET[3:15] not in body(answer)


@pytest.mark.parametrize(
    ("typed", "shown", "label"),
    [
        ({}, "Nothing is changed", "Save changes"),
        ({"name": "New"}, "1 change Name Staging → New", "Save 1 change"),
        (
            {"quota_mode": "add", "remain_quota": "1", "quota_unit": "usd"},
            "Quota left $12.40 (6,200,000 units) → $13.40 (6,700,000 units)",
            "Save 1 change",
        ),
        (
            {"allow_ips": "10.0.0.1, 10.1.0.0/16", "group": "vip"},
            "those in this list are. 2 changes Allowlist added + 10.0.0.1 added + 10.1.0.0/16 Group default → vip",
            "Save 2 changes",
        ),
        (
            {"unlimited_quota": "on"},
            "spend all that the account has. 1 change Unlimited quota no → yes",
            "Save 1 change",
        ),
        ({"remain_quota": "0"}, "With nothing left, CometAPI refuses every call", "Save 1 change"),
        ({"name": "", "group": "vip"}, "1 field has to be put right before anything can be saved. 1 change", "Save 1"),
    ],
)
def test_what_would_change_is_written_out(house: House, typed: dict[str, str], shown: str, label: str) -> None:
    answer = checked(house, typed)

    assert shown in preview(answer), preview(answer)
    assert label in words(body(answer).split('id="save-label"')[1].split("</span>")[0])


def test_lists_are_shown_by_what_comes_and_goes(house: House) -> None:
    answer = checked(house, {"allow_ips": "203.0.113.0/24\n192.0.2.1", "model_limits": "gpt-4o"}, key="restricted")

    assert "added + 192.0.2.1 removed − 198.51.100.7 removed − 2001:db8::/32" in preview(answer)
    assert "Models removed − claude-sonnet-4" in preview(answer)


def test_what_follows_comes_first_with_the_name_of_its_field(house: House) -> None:
    typed = {"name": "New", "allow_ips": "", "allow_ips_confirmed": "everyone", "remain_quota": "0"}

    told = preview(answer := checked(house, typed, key="restricted"))

    assert told.startswith("Allowlist: Without addresses the key works from everywhere. Quota left: With nothing left")
    assert "refuses every call of this key. 3 changes Name" in told and body(answer).count("With nothing left") == 1


def test_of_a_long_list_the_first_entries_are_shown_and_the_others_counted(house: House) -> None:
    more = preview(checked(house, {"allow_ips": _many(400)}, key="restricted"))

    assert "10.0.0.8 and 392 more added removed" in more and "10.0.0.9" not in more
    eight = preview(checked(house, {"allow_ips": _many(8)}))
    assert "+ 10.0.0.8" in eight and "more added" not in eight


def _many(count: int) -> str:
    return "\n".join(f"10.0.{n // 250}.{n % 250 + 1}" for n in range(count))


def test_while_a_field_is_typed_in_its_fault_waits_and_the_others_are_told(house: House) -> None:
    typed = {"allow_ips": "203.0.113.", "name": ""}

    answer = checked(house, {**typed, "typing": "allow_ips"})
    right = checked(house, {"allow_ips": "203.0.113.1", "typing": "allow_ips"})

    assert list(said(answer)) == ["name"] and 'id="id_allow_ips_said"' not in body(answer)
    assert "2 fields have to be put right" in preview(answer)
    assert 'id="id_allow_ips_said"' in body(right)  # and what was told before is taken away at once


def test_an_hour_that_comes_twice_asks_which(house: House) -> None:
    Person.objects.filter(username="lead").update(time_zone="Europe/Berlin")
    twice = {"expiry": "at", "expired_time": "2030-10-27T02:30:00"}

    asked = checked(house, twice)
    shown = checked(house, {**twice, "fold-shown": "1", "expired_time_fold": "later"})
    gone = checked(house, {"expiry": "at", "expired_time": "2030-10-27T12:30:00", "fold-shown": "1"})

    assert '<div id="expiry-fold" hx-swap-oob="true">' in body(asked) and "The later one" in words(asked)
    assert "expiry-fold" not in body(shown) and "2030-10-27 02:30:00 CET" in preview(shown)
    assert '<div id="expiry-fold" hx-swap-oob="true">' in body(gone) and "The later one" not in words(gone)


def test_two_steps_are_said(house: House) -> None:
    house.sandbox.console_edit(house.keys["expired"], status=3)

    assert "Sent in two steps" in preview(checked(house, {"expiry": "30d"}, key="expired"))


@pytest.mark.parametrize("base", ["", "junk", None])
def test_a_form_of_nobody_is_told_so(house: House, base: str | None) -> None:
    answer = checked(house, {"base": base, "name": "Mine"})

    assert answer.status_code == 409 and "was not made for you and this key" in words(answer)


def test_somebody_elses_form_and_another_keys_are_nobodys(house: House) -> None:
    theirs = opened(house.client("admin"), house)["base"]
    other = opened(house.client(), house, "arabic")["base"]

    assert [checked(house, {"base": base}).status_code for base in (theirs, other)] == [409, 409]


@pytest.mark.parametrize(("username", "status"), [("member", 403), ("auditor", 403), ("other", 404)])
def test_who_may_not_edit_is_refused(house: House, username: str, status: int) -> None:
    form = opened(house.client(), house)

    assert house.client(username).post(house.path("plain", "check/"), form, headers=HTMX).status_code == status


def test_only_a_post_is_a_check(house: House) -> None:
    assert house.client().get(house.path("plain", "check/")).status_code == 405


def test_hostile_typing_stays_text(house: House) -> None:
    answer = checked(house, {"name": "<img src=x>\u202e", "allow_ips": "<b>", "model_limits": "<i>\n=cmd()"})

    assert not re.search(r"<(img|b|i)\b", body(answer)) and "\u202e" not in body(answer)


def wanted(answer: Answer) -> dict[str, str]:
    found = re.findall(r'<bdi class="prewrap" id="want-(\w+)" hx-swap-oob="true">(.*?)</bdi>', body(answer), re.S)
    return {field: words(value) for field, value in found}


@pytest.mark.parametrize("way", ["", "mine", "theirs"])
def test_in_a_conflict_it_tells_what_is_wanted_by_now(house: House, way: str) -> None:
    typed = {"name": "Mine, after all", "remain_quota": "1.5", "group": "vip", "choose-name": way}

    answer = checked(house, {**typed, "conflicting": ["name", "remain_quota", "secret"]})

    assert wanted(answer) == {"name": "Mine, after all", "remain_quota": "1.5"}
    assert ("Name" in preview(answer)) == (way != "theirs")


def test_without_a_conflict_it_tells_nothing_of_that(house: House) -> None:
    assert wanted(checked(house, {"name": "New"})) == {}


def test_a_secret_that_is_wanted_is_not_told_back(house: House) -> None:
    assert SECRET not in body(checked(house, {"name": f"a {SECRET}", "conflicting": "name"}))
