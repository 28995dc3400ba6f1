"""One key's page: what it shows to whom, that the form stands on what was read, and that no secret is on it."""

import re
from typing import Any

import pytest
from django.test import Client

from keys.models import AccessToken, Person
from tests.pages.acting import HTMX, body, edited, glance, no_secret, opened, pressed, saved, words
from tests.pages.house import House

FIELDS = ["name", "status", "expired_time", "remain_quota", "unlimited_quota", "model_limits_enabled", "model_limits"]
FIELDS += ["allow_ips", "group", "cross_group_retry"]


def test_it_has_every_editable_field_under_its_own_name(house: House) -> None:
    page = body(house.client().get(house.path("restricted")))

    for field in FIELDS:
        assert re.search(rf'<(input|select|textarea)[^>]* name="{field}"', page), field


def test_it_shows_the_key_as_it_is_now(house: House) -> None:
    form = opened(house.client(), house, "restricted")

    assert form["name"] == "Customer portal" and form["status"] == "1"
    assert form["allow_ips"] == "203.0.113.0/24\r\n198.51.100.7\r\n2001:db8::/32"
    assert (form["model_limits_enabled"], form["model_limits"]) == ("on", "gpt-4o\r\nclaude-sonnet-4")
    assert (form["quota_mode"], form["remain_quota"], form["quota_unit"]) == ("set", "500000", "units")
    assert form["expiry"] == "at" and len(form["expired_time"]) == len("2026-11-24T08:00:00")


def test_it_tells_the_effective_status_and_what_is_stored(house: House) -> None:
    client = house.client()

    assert "Expired" in glance(client.get(house.path("expired")))
    overspent = glance(client.get(house.path("overspent")))
    assert "Exhausted" in overspent and "−1,234 units" in overspent and "Stored status enabled" in overspent


def test_every_box_posts_on_when_it_is_ticked(house: House) -> None:
    """Whatever it says now: a box that posts `off` when ticked cannot switch anything on."""
    page = body(house.client().get(house.path("plain")))

    boxes = re.findall(r'<input type="checkbox"[^>]*>', page)

    assert len(boxes) == 3 and all('value="on"' in box for box in boxes)


def test_every_control_has_a_label_and_its_rule_is_tied_to_it(house: House) -> None:
    page = body(house.client().get(house.path("restricted")))
    ids = set(re.findall(r'id="([^"]+)"', page))

    for control in re.findall(r"<(?:input|select|textarea)[^>]* id=\"id_[^>]*>", page):
        here = re.search(r' id="([^"]+)"', control)
        assert here and ('type="hidden"' in control or f'<label for="{here[1]}">' in page), control
        for told in re.findall(r'aria-describedby="([^"]+)"', control):
            assert set(told.split()) <= ids, control
    assert 'cols="None"' not in page


@pytest.mark.parametrize("refused", [False, True])
def test_the_zone_of_the_person_stands_beside_the_expiry(house: House, refused: bool) -> None:
    Person.objects.filter(username="lead").update(time_zone="Asia/Kathmandu")
    client = house.client()

    answer = edited(client, house, {"name": ""}) if refused else client.get(house.path("restricted"))

    rule = re.search(r'<p class="field__rule" id="id_expired_time_helptext">(.*?)</p>', body(answer))
    assert rule and rule[1] == "Local time in Asia/Kathmandu, to the second."


def test_the_expiry_is_shown_and_saved_in_the_persons_zone(house: House) -> None:
    Person.objects.filter(username="lead").update(time_zone="Asia/Kathmandu")  # 5:45 ahead of UTC
    typed = {"expiry": "at", "expired_time": "2030-01-01T05:45:00"}

    answer = edited(house.client(), house, typed)

    assert answer.status_code == 200, words(answer)
    assert house.stored("plain")["expired_time"] == 1_893_456_000
    assert opened(house.client(), house)["expired_time"] == "2030-01-01T05:45:00"


def test_hostile_names_stay_text(house: House) -> None:
    client = house.client()
    for answer in (
        client.get(house.path("hostile")),
        edited(client, house, {"reason": "x", "name": ""}, key="hostile"),
    ):
        page = body(answer)

        assert "<script>alert" not in page and "\x1b" not in page and "\u202e" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;\\u001b[31m\\u202eevil" in page


def test_hostile_settings_stay_text(house: House) -> None:
    evil = '"></textarea><img src=x onerror=alert(1)>\u202e'
    house.sandbox.console_edit(house.keys["plain"], allow_ips=evil, group=evil, model_limits=evil)

    for username in ("lead", "member"):
        page = body(house.client(username).get(house.path("plain")))

        assert "<img" not in page and "\u202e" not in page
        assert "&lt;img src=x onerror=alert(1)&gt;" in page


@pytest.mark.parametrize("username", ["member", "auditor"])
def test_who_may_not_edit_sees_settings_and_no_form(house: House, username: str) -> None:
    page = body(house.client(username).get(house.path("restricted")))

    assert 'id="key-form"' not in page and "<form" not in page.split('id="panel"')[1]
    assert "You may look at this key, not change it." in page
    for told in ("Customer portal", "203.0.113.0/24", "gpt-4o,claude-sonnet-4", "500,000 units"):
        assert told in page


@pytest.mark.parametrize("username", ["member", "auditor"])
@pytest.mark.parametrize("rest", ["", "disable/", "enable/"])
def test_who_may_not_edit_is_refused_and_nothing_is_sent(house: House, username: str, rest: str) -> None:
    form = opened(house.client("lead"), house)
    house.sandbox.clear_log()

    answer = house.client(username).post(house.path("plain", rest), {**form, "name": "Mine"})

    assert answer.status_code == 403
    assert house.sandbox.requests() == []


@pytest.mark.parametrize("rest", ["", "disable/", "enable/", "changes/00000000-0000-0000-0000-000000000000/"])
def test_another_team_is_not_there(house: House, rest: str) -> None:
    client, key_id = house.client("lead"), house.keys["plain"]
    house.sandbox.clear_log()

    for slug in ("hidden", "nowhere"):
        path = f"/teams/{slug}/keys/{key_id}/{rest}"
        answer = client.get(path) if rest.startswith("changes") else client.post(path, {"name": "Mine"})
        assert answer.status_code == 404
        assert house.client("other").get(house.path("plain")).status_code == 404
    assert house.sandbox.requests() == []


def test_signed_out_goes_to_the_sign_in(house: House) -> None:
    assert Client().post(house.path("plain"))["Location"].startswith("/accounts/login/")
    answer = Client().post(house.path("plain"), headers=HTMX)
    assert answer.status_code == 401 and answer["HX-Redirect"].startswith("/accounts/login/")


def test_a_press_must_be_a_post(house: House) -> None:
    client = house.client()
    house.sandbox.clear_log()

    assert client.get(house.path("plain", "disable/")).status_code == 405
    assert client.get(house.path("plain", "enable/")).status_code == 405
    assert house.sandbox.requests() == []


def test_a_key_that_is_not_there(house: House) -> None:
    answer = house.client().get(f"{house.list_path}999999/")

    assert answer.status_code == 404 and "CometAPI has no such key" in words(answer)


def test_another_accounts_key_is_not_there(house: House) -> None:
    foreign = house.sandbox.add_key(house.sandbox.add_account(name="Boreas"), name="Theirs")

    answer = house.client().get(f"{house.list_path}{foreign}/")

    assert answer.status_code == 404 and "Theirs" not in body(answer)


@pytest.mark.parametrize("kind", ["500_before", "html_200", "stall_before_headers", "401_json", "429"])
def test_trouble_is_told_with_what_still_works(house: House, kind: str) -> None:
    house.sandbox.fault(kind, operation="get", times=50, **({"seconds": 5} if kind.startswith("stall") else {}))

    answer = house.client().get(house.path("plain"))

    assert answer.status_code == 502 and "What still works" in words(answer)


def test_without_access_token_it_says_who_can_add_one(house: House) -> None:
    AccessToken.objects.all().delete()

    assert "An admin can add one" in words(house.client().get(house.path("plain")))


def test_no_secret_is_on_any_page(house: House) -> None:
    client = house.client()
    answers: list[Any] = [client.get(house.path(name)) for name in house.keys]
    answers += [edited(client, house, {"name": "New"}), edited(client, house, {"name": ""})]
    answers += [pressed(client, house, "plain", "disable"), pressed(client, house, "plain", "enable")]
    form = opened(client, house)
    house.sandbox.console_edit(house.keys["plain"], name="Theirs")
    answers += [saved(client, house, {**form, "name": "Mine"}), client.get("/history/")]

    no_secret(house, *map(body, answers), *(str(answer.headers) for answer in answers))
