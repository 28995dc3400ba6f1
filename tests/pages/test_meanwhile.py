"""What somebody else changed in other fields while a form was open: told until something is saved."""

from typing import Any
from unittest.mock import patch

import pytest

from keys.ledger.finding import body_of
from keys.models import Record
from tests.pages.acting import HTMX, body, chosen, conflicting, notice, opened, pressed, saved, words
from tests.pages.house import House, form_of

TOLD = "Changed meanwhile by somebody else, and kept:"
THEIRS = {"name": "Theirs", "group": "vip", "unlimited_quota": True}
REST = f"{TOLD} Unlimited quota: no → yes Group: default → vip"


def meanwhile(answer: Any) -> str:
    """What the form says of it, "" for nothing."""
    _before, there, after = body(answer).partition('id="meanwhile"')
    return words("<" + there + after.split("</ul>")[0]) if there else ""


@pytest.fixture(params=["A", "B", "C"])
def anywhere(request: pytest.FixtureRequest, house: House) -> House:
    house.sandbox.configure(dialect=request.param)
    return house


def test_a_conflict_names_the_other_fields_too(house: House) -> None:
    answer = conflicting(house, {"name": "Mine"}, THEIRS)

    assert answer.status_code == 409 and meanwhile(answer).endswith(REST)
    assert body(answer).index('id="conflict"') < body(answer).index('id="meanwhile"')


@pytest.mark.parametrize("way", ["mine", "theirs"])
def test_it_is_said_and_recorded_once_more_with_what_is_saved(anywhere: House, way: str) -> None:
    house = anywhere
    answer = conflicting(house, {"name": "Mine", "allow_ips": "10.0.0.1"}, THEIRS)

    done = chosen(house, answer, {"name": way})

    rest = REST if way == "mine" else f"{TOLD} Name: Staging → Theirs Unlimited quota: no → yes Group: default → vip"
    assert "Saved and checked at" in notice(done) and rest in notice(done) and meanwhile(done) == ""
    stored = house.stored("plain")
    assert (stored["group"], stored["unlimited_quota"], stored["allow_ips"]) == ("vip", True, "10.0.0.1")
    assert {"group", "unlimited_quota"} <= set(body_of(Record.objects.get(seq=1).text)["moved"])


def test_the_panel_stays_open_to_tell_it(house: House) -> None:
    client = house.client()
    form = {**opened(client, house), "over": "list", "name": "Mine"}
    house.sandbox.console_edit(house.keys["plain"], **THEIRS)
    answer = client.post(house.path("plain"), form, headers=HTMX)

    mine = {**form_of(body(answer)), "over": "list", "choose-name": "mine"}
    done = client.post(house.path("plain"), mine, headers=HTMX)

    assert REST in notice(done) and "HX-Trigger-After-Settle" not in done


def test_two_conflicts_in_a_row_tell_all_of_it(house: House) -> None:
    answer = conflicting(house, {"name": "Mine"}, {"name": "Theirs", "group": "vip"})
    house.sandbox.console_edit(house.keys["plain"], name="Theirs again", allow_ips="10.0.0.1")

    again = chosen(house, answer, {"name": "mine"})
    done = chosen(house, again, {"name": "mine"})

    both = f"{TOLD} Allowlist: (empty) → 10.0.0.1 Group: default → vip"
    assert (answer.status_code, again.status_code) == (409, 409)
    assert meanwhile(again).endswith(both) and both in notice(done)


def test_a_field_of_the_next_conflict_is_asked_about_and_not_said_to_be_kept(house: House) -> None:
    answer = conflicting(house, {"name": "Mine"}, {"name": "Theirs", "group": "vip"})
    house.sandbox.console_edit(house.keys["plain"], group="auto")

    again = chosen(house, answer, {"name": "mine"}, group="")

    assert again.status_code == 409 and form_of(body(again))["conflicting"] == "group"
    assert meanwhile(again) == ""


@pytest.mark.parametrize("more", [{"choose-name": ""}, {"allow_ips": "10.0.0.1/8"}, {"review": "1"}])
def test_it_stays_said_until_something_is_saved(house: House, more: dict[str, str]) -> None:
    answer = conflicting(house, {"name": "Mine"}, THEIRS)

    again = saved(house.client(), house, {**form_of(body(answer)), "choose-name": "mine", **more}, htmx=False)

    assert again.status_code in (200, 422) and meanwhile(again).endswith(REST)


def test_a_button_beside_the_allowlist_keeps_it_without_javascript(house: House) -> None:
    form = form_of(body(conflicting(house, {"name": "Mine"}, THEIRS)))

    again = house.client().post(house.path("plain", "allowlist/"), {**form, "allowlist": "check"})

    assert meanwhile(again).endswith(REST) and 'id="conflict"' in body(again)


def test_a_refusal_says_it_once(house: House) -> None:
    answer = conflicting(house, {"name": "Mine"}, THEIRS)
    house.sandbox.fault("refusal", operation="update", times=9)

    refused = chosen(house, answer, {"name": "mine"})

    assert refused.status_code == 422 and REST in notice(refused) and meanwhile(refused) == ""


def test_without_javascript_the_page_after_saving_says_it(house: House) -> None:
    client = house.client()
    form = {**opened(client, house), "name": "Mine"}
    house.sandbox.console_edit(house.keys["plain"], **THEIRS)

    answer = saved(client, house, form, htmx=False)
    done = saved(client, house, {**form_of(body(answer)), "choose-name": "mine"}, htmx=False)

    assert answer.status_code == 409 and "<h1>" in body(answer) and meanwhile(answer).endswith(REST)
    assert REST in notice(client.get(done["Location"]))


def test_nothing_left_to_save_says_it_too(house: House) -> None:
    answer = conflicting(house, {"name": "Mine"}, {"name": "Theirs", "group": "vip"})

    done = chosen(house, answer, {"name": "theirs"})

    assert "Nothing to save" in notice(done)
    assert meanwhile(done).endswith(f"{TOLD} Name: Staging → Theirs Group: default → vip")


def test_counters_and_what_cometapi_does_by_itself_are_nobodys_change(house: House) -> None:
    client = house.client()
    form = {**opened(client, house, "expired"), "name": "Mine"}
    house.sandbox.spend(house.keys["expired"], 500)
    house.sandbox.console_edit(house.keys["expired"], name="Theirs", status=3)  # as CometAPI marks it when it is used

    answer = saved(client, house, form, key="expired")

    assert answer.status_code == 409 and meanwhile(answer) == ""


def test_a_form_that_is_too_old_tells_it(house: House) -> None:
    client = house.client()
    form = {**opened(client, house), "name": "Mine"}
    house.sandbox.console_edit(house.keys["plain"], group="vip")

    with patch("keys.forms.base.MAX_AGE_S", -1):
        answer = saved(client, house, form)
    done = saved(client, house, form_of(body(answer)))

    told = f"{TOLD} Group: default → vip"
    assert answer.status_code == 409 and meanwhile(answer).endswith(told)
    assert "Saved and checked at" in notice(done) and told in notice(done)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_form_that_was_sent_before_tells_it_and_not_its_own(house: House, when: str) -> None:
    client = house.client()
    form = {**opened(client, house), "quota_mode": "add", "remain_quota": "1000", "allow_ips": "10.0.0.1"}
    if when == "before":
        house.sandbox.console_edit(house.keys["plain"], group="vip")
    saved(client, house, form)
    house.sandbox.spend(house.keys["plain"], 500)
    if when == "after":
        house.sandbox.console_edit(house.keys["plain"], group="vip")

    answer = saved(
        client, house, {**form, "remain_quota": "6200000", "quota_mode": "set", "allow_ips": "", "name": "New"}
    )

    assert answer.status_code == 409 and "This form was sent before" in words(answer)
    assert meanwhile(answer).endswith(f"{TOLD} Group: default → vip")


def test_of_a_form_that_was_sent_before_and_came_to_nothing_known_its_own_is_not_anybodys(house: House) -> None:
    client = house.client()
    form = opened(client, house)
    house.sandbox.fault("500_after", operation="update", times=1)
    house.sandbox.fault("503", operation="get", skip=1, times=9)  # all but the reading before the update
    saved(client, house, {**form, "group": "vip"})
    house.sandbox.clear_faults()

    answer = saved(client, house, {**form, "name": "New"})

    assert answer.status_code == 409 and house.stored("plain")["group"] == "vip" and meanwhile(answer) == ""


def test_a_form_of_somebody_else_tells_nothing(house: House) -> None:
    client = house.client()
    form = {**opened(client, house), "base": "forged", "name": "Mine"}
    house.sandbox.console_edit(house.keys["plain"], group="vip")

    answer = saved(client, house, form)

    assert answer.status_code == 409 and meanwhile(answer) == ""


def test_a_fresh_form_tells_nothing(house: House) -> None:
    answer = conflicting(house, {"name": "Mine"}, THEIRS)
    chosen(house, answer, {"name": "mine"})

    page = house.client().get(house.path("plain"))
    disabled = pressed(house.client(), house, "plain", "disable")

    assert meanwhile(page) == meanwhile(disabled) == ""
