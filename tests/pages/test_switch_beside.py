"""The button beside a key's form: pressed once, and whatever was typed in the form stands in the one that comes."""

from typing import Any

import pytest

from keys.models import Change
from tests.pages.acting import HTMX, body, form_of_switch, glance, notice, opened, pressed, saved, tone, words
from tests.pages.house import House, form_of

TYPED = {
    "name": "Staging EU",
    "quota_mode": "add",
    "remain_quota": "1.5",
    "quota_unit": "usd",
    "reason": "A better name",
}


def beside(house: House, verb: str, typed: dict[str, Any], *, key: str = "plain", **theirs: Any) -> Any:
    """As htmx posts it: the button's own form over the fields of the key's. theirs: changed elsewhere in between."""
    client = house.client()
    page = body(client.get(house.path(key)))
    posted = {**form_of(page), **typed, **form_of_switch(page), "over": "list"}
    if theirs:
        house.sandbox.console_edit(house.keys[key], **theirs)
    house.sandbox.clear_log()
    return client.post(house.path(key, f"{verb}/"), posted, headers={**HTMX, "HX-Target": "live"})


def test_the_button_takes_the_form_along(house: House) -> None:
    page = body(house.client().get(house.path("plain"))).split('id="glance"')[1].split("</section>")[0]

    assert 'hx-include="#key-form" hx-sync="#key-form:replace"' in page and 'hx-target="#live"' in page


def test_disabling_keeps_what_is_typed_on_the_key_as_it_is_now(house: House) -> None:
    answer = beside(house, "disable", TYPED, group="vip")

    assert (answer["HX-Retarget"], answer["HX-Reswap"], tone(answer)) == ("#panel", "outerHTML", "good")
    assert "Reads disabled at CometAPI" in notice(answer) and "Disabled" in glance(answer)
    form = form_of(body(answer))
    assert {field: form[field] for field in TYPED} == TYPED
    assert (form["status"], form["group"]) == ("2", "vip") and "data-dirty" in body(answer)
    assert house.stored("plain")["status"] == 2 and Change.objects.count() == 1
    assert "editor-saved" not in answer.headers.get("HX-Trigger-After-Settle", "")
    assert "key-read" in answer["HX-Trigger-After-Settle"]

    again = saved(house.client(), house, form)
    assert "Saved and checked" in notice(again), words(again)
    stored = house.stored("plain")
    assert (stored["name"], stored["remain_quota"], stored["status"], stored["group"]) == (
        "Staging EU",
        6_950_000,
        2,
        "vip",
    )


def test_only_what_somebody_else_changed_is_called_theirs(house: House) -> None:
    answer = beside(house, "disable", TYPED, group="vip")

    said = words(answer).split("Changed meanwhile by somebody else, and kept")
    assert "Status" not in said[-1].split("Identity")[0]


def test_nothing_typed_nothing_is_to_be_saved(house: House) -> None:
    answer = beside(house, "disable", {})

    assert "data-dirty" not in body(answer) and "Nothing is changed" not in words(answer)
    assert form_of(body(answer))["status"] == "2"


@pytest.mark.parametrize("typed", [{"reason": "Because"}, {"remain_quota": "abc"}])
def test_what_saving_would_not_count_stays_unsaved_too(house: House, typed: dict[str, str]) -> None:
    answer = beside(house, "disable", typed)

    assert "data-dirty" in body(answer)
    assert {field: form_of(body(answer))[field] for field in typed} == typed


def test_enabling_keeps_it_too(house: House) -> None:
    answer = beside(house, "enable", {"name": "Old laptop"}, key="disabled")

    form = form_of(body(answer))
    assert (form["name"], form["status"], house.stored("disabled")["status"]) == ("Old laptop", "1", 1)


def test_what_is_refused_is_said_where_nothing_typed_stands(house: House) -> None:
    answer = beside(house, "enable", TYPED, key="disabled", remain_quota=0)

    assert answer.status_code == 422 and "Not sent, nothing changed" in words(answer)
    assert "HX-Retarget" not in answer and "HX-Reswap" not in answer and 'id="panel"' not in body(answer)


def test_what_cannot_be_read_keeps_the_form_as_it_was(house: House) -> None:
    form = {**opened(house.client(), house), **TYPED}
    house.sandbox.fault("503", operation="get", times=99)
    house.sandbox.fault("503", operation="update", times=99)

    answer = house.client().post(house.path("plain", "disable/"), form, headers={**HTMX, "HX-Target": "live"})

    assert "may still work" in words(answer), words(answer)
    if answer.headers.get("HX-Retarget") == "#panel":
        assert {field: form_of(body(answer))[field] for field in TYPED} == TYPED
    else:
        assert 'id="panel"' not in body(answer)


def test_without_a_form_of_ours_the_key_is_shown_as_it_is(house: House) -> None:
    client = house.client()

    answer = client.post(house.path("plain", "disable/"), {"name": "Forged"}, headers={**HTMX, "HX-Target": "live"})

    assert form_of(body(answer))["name"] == "Staging" and "Reads disabled" in notice(answer)


def test_a_row_is_answered_as_ever(house: House) -> None:
    assert body(pressed(house.client(), house, "plain", "disable")).strip().startswith("<tbody")
