"""Typing into the editor in a real browser: checked as one leaves a field, counted in both units, and never lost."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from keys.models import KeyNote
from keys.rules import RuleBroken, format_usd, parse_amount
from tests.e2e.conftest import App, Complaints
from tests.e2e.test_editor import on_the_list, open_panel
from tests.e2e.test_flows import ON_PURPOSE
from tests.e2e.ways import sign_in_beside

pytestmark = pytest.mark.browser
SAVE = re.compile("^Save")


@pytest.fixture
def lead(app: App, page: Any, complaints: Complaints) -> Iterator[Any]:
    complaints.expected += ON_PURPOSE
    app.let_in(page, "lead")
    yield page


def test_leaving_a_field_tells_its_fault_and_takes_nobody_away(lead: Any, app: App) -> None:
    open_panel(lead, app)
    addresses = lead.get_by_label("Allowed addresses")
    addresses.fill("203.0.113.5/24")
    lead.get_by_label("Name", exact=True).focus()

    lead.locator("#id_allow_ips_said").get_by_text("Did you mean 203.0.113.0/24?").wait_for()
    expect(lead.locator(":focus")).to_have_id("id_name")
    expect(addresses).to_have_attribute("aria-invalid", "true")
    assert "id_allow_ips_error" in str(addresses.get_attribute("aria-describedby"))
    assert addresses.input_value() == "203.0.113.5/24" and app.house.sandbox.writes() == []
    addresses.fill("203.0.113.0/24")
    lead.get_by_role("button", name="Save 1 change").wait_for()
    expect(lead.locator("#id_allow_ips_said")).to_be_empty()
    expect(addresses).not_to_have_attribute("aria-invalid", "true")


def told(amount: str, unit: str) -> str | None:
    """What stands beside an amount: the server's own rules, in words."""
    try:
        units = parse_amount(amount, unit, 500_000)
    except RuleBroken as broken:
        if broken.broken[0].code == "amount_high":
            return "too much"
        return None
    return f"= {units:,} {'unit' if units == 1 else 'units'}" if unit == "usd" else f"= {format_usd(units, 500_000)}"


AMOUNTS = [
    *("0", "1", "100000", "123456789", "500000000000000", "9007199254740993", "1,234,567", "1 000", "12\u202f345"),
    *("1.5", "$1", "", "abc", "1,5", "1.000,5", "-3", "0x10", "1e3", "007", "٣", "0." + "0" * 70),
]
DOLLARS = [
    "0.20",
    "$0.20",
    "0.000002",
    "0.000001",
    "1",
    "1,000.50",
    "1,5",
    "12.4",
    "999999999.999998",
    "0.",
    ".5",
    "1 000.1",
]


def test_both_units_are_told_exactly_as_one_types(lead: Any, app: App) -> None:
    open_panel(lead, app)
    shown = lead.locator("#quota-told")
    for unit, amounts in (("units", AMOUNTS), ("usd", DOLLARS)):
        lead.get_by_label("Unit", exact=True).select_option(unit)
        for amount in amounts:
            lead.get_by_label("Amount").fill(amount)
            expected = told(amount, unit)
            found = shown.inner_text() if shown.is_visible() else None
            assert found == expected or expected == "too much", (amount, unit)


def test_what_it_leaves_is_told_too(lead: Any, app: App) -> None:
    open_panel(lead, app)
    shown = lead.locator("#quota-told")
    for mode, amount, leaves in (
        ("add", "1", "leaves $12.400002 (6,200,001 units)"),
        ("take", "200000", "leaves $12.00 (6,000,000 units)"),
        ("take", "7000000", "leaves $0.00 (0 units)"),
        ("add", "9007199254740993", "leaves $18,014,398,521.881986 (9,007,199,260,940,993 units)"),
    ):
        lead.get_by_label("Remaining quota").select_option(mode)
        lead.get_by_label("Amount").fill(amount)
        expect(shown).to_contain_text(leaves)


def test_taking_away_from_an_overspent_key_leaves_no_more_than_before(lead: Any, app: App) -> None:
    open_panel(lead, app, "Batch translations")
    lead.get_by_label("Remaining quota").select_option("take")
    lead.get_by_label("Amount").fill("100")
    lead.keyboard.press("Tab")

    expect(lead.get_by_text("Nothing is left to take away.").first).to_be_visible()
    expect(lead.locator("#quota-told")).to_have_text("= $0.0002")


def test_a_day_that_is_chosen_and_a_moment_that_is_typed(lead: Any, app: App) -> None:
    open_panel(lead, app, "Customer portal")
    moment = lead.get_by_label("Expiry", exact=True)
    before = moment.input_value()

    moment.fill("2031-01-01T00:00:07")
    expect(lead.get_by_label("At a moment")).to_be_checked()
    lead.get_by_label("In 30 days").check()
    expect(moment).to_have_value(before)
    lead.get_by_role("button", name="Save 1 change").click()
    on_the_list(lead, app)
    assert app.house.stored("restricted")["expired_time"] % 86_400 == 86_399


def test_a_lost_line_loses_nothing(lead: Any, app: App, complaints: Complaints) -> None:
    complaints.expected += ["ERR_INTERNET_DISCONNECTED", "htmx:sendError", "htmx:afterRequest"]
    editor = open_panel(lead, app)
    lead.context.set_offline(True)
    lead.get_by_label("Name", exact=True).fill("Typed offline")
    lead.get_by_label("Reason").focus()
    editor.get_by_text("Not checked: CometAdmin cannot be reached.").wait_for()
    lead.get_by_role("button", name=SAVE).click()
    editor.get_by_text("Not sent: CometAdmin cannot be reached. What you typed is still here.").wait_for()

    lead.context.set_offline(False)
    assert lead.get_by_label("Name", exact=True).input_value() == "Typed offline"
    lead.get_by_role("button", name=SAVE).click()
    on_the_list(lead, app)
    assert app.house.stored("plain")["name"] == "Typed offline"


def test_an_ended_session_loses_nothing(lead: Any, app: App) -> None:
    editor = open_panel(lead, app)
    lead.get_by_label("Name", exact=True).fill("Typed before")
    lead.context.clear_cookies()
    lead.get_by_role("button", name=SAVE).click()
    editor.get_by_text("Your session has ended. What you typed is still here.").wait_for()
    assert app.house.sandbox.writes() == []

    sign_in_beside(lead, "lead")
    editor.get_by_text("You are signed in again: save now.").wait_for()
    lead.get_by_role("button", name=SAVE).click()

    on_the_list(lead, app)
    assert app.house.stored("plain")["name"] == "Typed before"


def owner(page: Any) -> Any:
    return page.locator("#note").get_by_label("Owner")


def test_an_owner_that_is_typed_stays_when_the_key_is_saved_and_is_saved_after_it(lead: Any, app: App) -> None:
    editor = open_panel(lead, app)
    lead.locator("#note summary").click()
    owner(lead).fill("Bo Ek")
    lead.get_by_label("Name", exact=True).fill("Staging EU")
    lead.get_by_role("button", name="Save 1 change").click()

    lead.locator("#toast").get_by_text("Staging EU: saved and checked at").wait_for()
    expect(owner(lead)).to_be_visible()
    expect(owner(lead)).to_have_value("Bo Ek")
    lead.keyboard.press("Escape")
    lead.get_by_role("button", name="Keep editing").click()
    lead.get_by_role("button", name="Save owner, purpose and tags").click()
    editor.locator("#note").get_by_text("Saved.").wait_for()
    lead.keyboard.press("Escape")
    on_the_list(lead, app)
    assert KeyNote.objects.get(key_id=app.house.keys["plain"]).owner == "Bo Ek"


def test_an_owner_that_was_refused_is_asked_about_and_thrown_away_on_request(lead: Any, app: App) -> None:
    open_panel(lead, app)
    lead.locator("#note summary").click()
    owner(lead).fill("sk-" + "aB3dE5gH7jK9" * 4)
    lead.get_by_role("button", name="Save owner, purpose and tags").click()
    lead.locator("#note #form-errors").wait_for()
    lead.keyboard.press("Escape")
    lead.get_by_role("button", name="Throw it away").click()
    on_the_list(lead, app)


def test_what_is_typed_to_look_something_up_is_not_asked_about(lead: Any, app: App) -> None:
    open_panel(lead, app)
    lead.locator("[data-find], [data-line]").first.evaluate("one => { one.value = 'gpt'; }")
    lead.keyboard.press("Escape")
    on_the_list(lead, app)


def test_taking_a_change_back_asks_before_typing_is_lost(lead: Any, app: App) -> None:
    lead.goto(app.url + app.house.path("plain"))
    lead.get_by_label("Name", exact=True).fill("Staging EU")
    lead.get_by_role("button", name=SAVE).click()
    lead.get_by_text("Saved and checked at").wait_for()
    lead.get_by_label("Name", exact=True).fill("Typed since")

    lead.get_by_role("button", name="Undo this change").click()
    lead.get_by_role("button", name="Keep editing").click()
    expect(lead.get_by_label("Name", exact=True)).to_have_value("Typed since")
    assert app.house.stored("plain")["name"] == "Staging EU"
    lead.get_by_role("button", name="Undo this change").click()
    lead.get_by_role("button", name="Throw it away").click()
    expect(lead.get_by_label("Name", exact=True)).to_have_value("Staging")
    assert app.house.stored("plain")["name"] == "Staging"


@pytest.mark.parametrize("seconds", [0, 7])
@pytest.mark.parametrize("name", ["Staging", "ü \u202e\u0007 \n<b> ·", " "])
def test_what_nobody_touched_is_not_unsaved(lead: Any, app: App, seconds: int, name: str) -> None:
    """A browser writes some values otherwise than it got them: a whole minute without its seconds."""
    moment = (int(time.time()) // 60 + 60 * 24) * 60 + seconds
    app.house.sandbox.console_edit(app.house.keys["plain"], expired_time=moment, name=name)
    lead.goto(app.url + app.house.list_path)
    lead.locator(f"#key-{app.house.keys['plain']} th a").click()
    lead.locator("#editor #key-form").wait_for()

    lead.keyboard.press("Escape")

    on_the_list(lead, app)
    lead.locator(f"#key-{app.house.keys['plain']} th a").click()
    lead.get_by_label("Amount").fill("750000")
    lead.get_by_role("button", name="Save 1 change").click()
    on_the_list(lead, app)
    lead.locator("#toast").wait_for()
    assert app.house.stored("plain")["expired_time"] == moment and app.house.stored("plain")["name"] == name
