"""The amount of a key's quota beside its unit and its way: what was shown follows, what was typed stays."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import App, Complaints
from tests.e2e.test_flows import ON_PURPOSE

pytestmark = pytest.mark.browser


@pytest.fixture
def lead(app: App, page: Any, complaints: Complaints) -> Iterator[Any]:
    complaints.expected += ON_PURPOSE
    app.let_in(page, "lead")
    app.house.sandbox.console_edit(app.house.keys["plain"], remain_quota=2_000_000)
    page.goto(app.url + app.house.path("plain"))
    yield page


def choose(page: Any, label: str, value: str) -> str:
    page.get_by_label(label, exact=True).select_option(value)
    return str(page.get_by_label("Amount").input_value())


def test_the_amount_that_was_shown_follows_the_unit(lead: Any, app: App) -> None:
    with lead.expect_response("**/check/"):
        assert choose(lead, "Unit", "usd") == "4.00"

    lead.get_by_text("Nothing is changed").wait_for()
    assert not lead.evaluate("window.cometadmin.unsaved()")
    assert choose(lead, "Unit", "units") == "2000000"
    choose(lead, "Unit", "usd")
    lead.get_by_label("Name", exact=True).fill("Staging EU")
    app.house.sandbox.spend(app.house.keys["plain"], 500_000)
    lead.get_by_role("button", name="Save 1 change").click()
    lead.get_by_text("Saved and checked").wait_for()
    assert app.house.stored("plain")["remain_quota"] == 1_500_000


def test_it_is_nothing_to_top_up_by(lead: Any) -> None:
    assert choose(lead, "Remaining quota", "add") == ""
    assert choose(lead, "Remaining quota", "take") == ""
    assert choose(lead, "Unit", "usd") == ""
    assert choose(lead, "Remaining quota", "set") == "4.00"
    assert not lead.evaluate("window.cometadmin.unsaved()")


def test_what_is_typed_is_meant_in_the_unit_chosen_for_it(lead: Any, app: App) -> None:
    choose(lead, "Remaining quota", "add")
    lead.get_by_label("Amount").fill("20")
    assert choose(lead, "Unit", "usd") == "20"
    expect(lead.locator("#quota-told")).to_have_text("= 10,000,000 units · leaves $24.00 (12,000,000 units)")

    lead.get_by_label("Amount").fill("0.000002")
    expect(lead.locator("#quota-told")).to_have_text(re.compile("^= 1 unit · "))


def test_a_quota_that_no_amount_can_say_stays_and_is_told(lead: Any, app: App) -> None:
    lead.goto(app.url + app.house.path("overspent"))
    assert choose(lead, "Unit", "usd") == "-1234"

    lead.get_by_text("The amount is still the one that was shown: give it in USD.").wait_for()
