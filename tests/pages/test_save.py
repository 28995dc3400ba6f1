"""Saving the form: each field, nothing else; nothing typed is lost, nothing is sent that must not be."""

from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from keys.models import Change, Record
from tests.pages.acting import body, edited, glance, no_secret, notice, opened, saved, tone, words
from tests.pages.house import House, form_of

OWN = ("csrfmiddlewaretoken", "base", "change_id")
SECRET = "sk-" + "Zk3Qw8Lp" * 6  # noqa: S105


def typed_in(form: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in form.items() if name not in OWN}


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ({"name": "Zürich 测试"}, {"name": "Zürich 测试"}),
        ({"status": "3"}, {"status": 3}),
        ({"expiry": "at", "expired_time": "2030-01-01T00:00:01"}, {"expired_time": 1_893_456_001}),
        ({"remain_quota": "1"}, {"remain_quota": 1}),
        ({"quota_mode": "add", "remain_quota": "0.20", "quota_unit": "usd"}, {"remain_quota": 6_300_000}),
        ({"quota_mode": "take", "remain_quota": "200000"}, {"remain_quota": 6_000_000}),
        ({"unlimited_quota": "on"}, {"unlimited_quota": True, "remain_quota": 6_200_000}),
        ({"model_limits_enabled": "on", "model_limits": "b, a"}, {"model_limits_enabled": True, "model_limits": "b,a"}),
        ({"allow_ips": "10.0.0.1, 10.1.0.0/16\r\n2001:DB8::1"}, {"allow_ips": "10.0.0.1\n10.1.0.0/16\n2001:db8::1"}),
        ({"group": "vip"}, {"group": "vip"}),
        ({"group": "auto", "cross_group_retry": "on"}, {"group": "auto", "cross_group_retry": True}),
    ],
)
def test_each_field_is_saved_and_nothing_else_is_altered(
    house: House, typed: dict[str, Any], stored: dict[str, Any]
) -> None:
    before = house.stored("plain")

    answer = edited(house.client(), house, typed)

    assert answer.status_code == 200 and "Saved and checked at" in notice(answer), words(answer)
    after = house.stored("plain")
    altered = {field for field in before if before[field] != after[field]}
    assert altered == {field for field, value in stored.items() if before[field] != value}
    assert {field: after[field] for field in stored} == stored


def test_saved_the_panel_alone_comes_back_fresh(house: House) -> None:
    form = opened(house.client(), house)

    answer = saved(house.client(), house, {**form, "name": "New", "reason": "A better name"})

    assert answer.status_code == 200 and tone(answer) == "good"
    assert "<!doctype" not in body(answer) and 'id="panel"' in body(answer)
    assert '<bdi id="key-name" hx-swap-oob="true">New</bdi>' in body(answer)
    fresh = form_of(body(answer))
    assert fresh["name"] == "New" and fresh["reason"] == ""
    assert fresh["change_id"] != form["change_id"] and fresh["base"] != form["base"]
    assert "As CometAPI has it now" in glance(answer) and "“A better name”" not in notice(answer)
    assert "A better name" in words(answer)


def test_without_javascript_it_leads_to_a_page_that_tells(house: House) -> None:
    client = house.client()
    form = opened(client, house)

    answer = saved(client, house, {**form, "name": "New"}, htmx=False)

    assert (answer.status_code, answer["Location"]) == (303, f"{house.path('plain')}?change={form['change_id']}")
    told = client.get(answer["Location"])
    assert "Saved and checked at" in notice(told) and "<h1>" in body(told) and form_of(body(told))["name"] == "New"


def test_status_disabled_is_a_disable(house: House) -> None:
    answer = edited(house.client(), house, {"status": "2"})

    assert "Reads disabled at CometAPI, checked at" in notice(answer) and house.stored("plain")["status"] == 2


def test_an_unchanged_form_sends_nothing(house: House) -> None:
    for name in house.keys:
        form = opened(house.client(), house, name)
        house.sandbox.clear_log()

        answer = saved(house.client(), house, form, key=name)

        assert answer.status_code == 200 and "Nothing to save" in notice(answer), (name, words(answer))
        assert "already reads" not in notice(answer), "nothing was read"
    assert house.sandbox.writes() == [] and not Change.objects.exists()
    assert not Record.objects.filter(key_id__in=house.keys.values()).exists()


BAD = {
    "name": "x" * 51,
    "expiry": "at",
    "expired_time": "2001-02-03T04:05:06",
    "quota_mode": "take",
    "remain_quota": "1.5",
    "quota_unit": "units",
    "allow_ips": "10.0.0.1/8\r\n1.2.3.4:80\r\n010.1.1.1\r\n10.0.0.1-10.0.0.9\r\nfe80::1%eth0\r\n10.0.*.*\r\nhello",
    "model_limits_enabled": "on",
    "model_limits": "",
    "cross_group_retry": "on",
    "reason": "Why not, \u202a<b>you</b>?",
}


@pytest.mark.parametrize("htmx", [True, False])
def test_a_refused_form_keeps_everything_typed_and_sends_nothing(house: House, htmx: bool) -> None:
    form = {**opened(house.client(), house), **BAD, "reason": "Why not, <b>you</b>?"}
    house.sandbox.clear_log()

    answer = saved(house.client(), house, form, htmx=htmx)

    assert answer.status_code == 422 and ("<!doctype" in body(answer)) is not htmx
    assert typed_in(form_of(body(answer))) == typed_in(form)
    assert house.sandbox.requests() == [] and not Change.objects.exists()
    assert "As it was when this form was made" in glance(answer)


def test_every_fault_is_named_and_counted(house: House) -> None:
    answer = edited(house.client(), house, {"allow_ips": BAD["allow_ips"], "name": ""})

    summary = body(answer).split('id="form-errors"')[1].split("</ul>")[0]
    assert summary.count("<li>") == 8 and "Not saved: 8 things have to be put right" in summary
    assert summary.count('href="#id_allow_ips"') == 7 and summary.count('href="#id_name"') == 1
    for said in ("Did you mean 10.0.0.0/8?", "no port", "leading zeros", "hello is not an IP address"):
        assert words(answer).count(said) >= 2  # in the summary, and at the field
    assert body(answer).count('aria-invalid="true"') == 2


def test_one_fault_is_one_thing(house: House) -> None:
    assert "Not saved: one thing has to be put right" in words(edited(house.client(), house, {"name": ""}))


def test_a_refused_form_can_be_mended_and_saved(house: House) -> None:
    client = house.client()
    refused = form_of(body(edited(client, house, {"allow_ips": "10.0.0.1/8", "name": "New", "reason": "So"})))

    answer = saved(client, house, {**refused, "allow_ips": "10.0.0.0/8"})

    assert "Saved and checked at" in notice(answer)
    assert (house.stored("plain")["name"], house.stored("plain")["allow_ips"]) == ("New", "10.0.0.0/8")
    assert Record.objects.filter(key_id=house.keys["plain"], outcome="confirmed").exists()


@pytest.mark.parametrize("field", ["name", "reason", "allow_ips", "model_limits"])
@pytest.mark.parametrize("own", [True, False])
def test_a_typed_secret_is_refused_and_not_shown_again(house: House, field: str, own: bool) -> None:
    secret = house.sandbox.secret(house.keys["chinese"]) if own else SECRET
    client = house.client()
    form = opened(client, house)
    house.sandbox.clear_log()

    answer = saved(client, house, {**form, field: f"of {secret}"})

    assert answer.status_code == 422 and "This looks like a secret" in words(answer)
    assert secret[3:15] not in body(answer)
    no_secret(house, body(answer))
    assert house.sandbox.requests() == [] and not Change.objects.exists()


def test_an_access_token_typed_as_a_reason_is_not_shown_again(house: House) -> None:
    answer = edited(house.client(), house, {"name": "New", "reason": f"with {house.account.token}"})

    assert answer.status_code == 422
    no_secret(house, body(answer))
    assert house.stored("plain")["name"] == "Staging"


def test_fields_that_were_not_posted_stay_as_they_are(house: House) -> None:
    client = house.client()
    form = opened(client, house, "restricted")
    before = house.stored("restricted")

    answer = saved(client, house, {"base": form["base"], "change_id": str(uuid4()), "name": "New"}, key="restricted")

    assert "Saved and checked at" in notice(answer)
    after = house.stored("restricted")
    assert {field for field in before if before[field] != after[field]} == {"name"}


def test_no_rename_is_refused_for_an_untouched_field_that_breaks_a_rule(house: House) -> None:
    house.sandbox.console_edit(house.keys["expired"], allow_ips="10.0.0.1/8,x")
    assert "10.0.0.1/8 has host bits set" in words(house.client().get(house.path("expired")))

    answer = edited(house.client(), house, {"name": "New"}, key="expired")

    assert "Saved and checked at" in notice(answer)
    assert (house.stored("expired")["name"], house.stored("expired")["allow_ips"]) == ("New", "10.0.0.1/8,x")


def test_spending_meanwhile_is_no_conflict(house: House) -> None:
    client = house.client()
    form = opened(client, house)
    house.sandbox.spend(house.keys["plain"], 5_000)

    answer = saved(client, house, {**form, "remain_quota": "100"})

    assert "Saved and checked at" in notice(answer) and house.stored("plain")["remain_quota"] == 100


def test_what_moved_meanwhile_is_kept_and_mentioned(house: House) -> None:
    client = house.client()
    form = opened(client, house)
    house.sandbox.console_edit(house.keys["plain"], group="vip")

    answer = saved(client, house, {**form, "name": "New"})

    assert "Changed meanwhile by somebody else, and kept: Group: default → vip" in notice(answer)
    assert (house.stored("plain")["name"], house.stored("plain")["group"]) == ("New", "vip")


def test_the_record_says_who_and_why(house: House) -> None:
    edited(house.client(), house, {"name": "New", "reason": "A better name"})

    intent = Record.objects.filter(key_id=house.keys["plain"]).order_by("seq").first()
    assert intent is not None and intent.actor and intent.time <= timezone.now()
    assert "A better name" in intent.text
