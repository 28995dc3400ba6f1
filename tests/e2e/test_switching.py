"""Disabling beside a form that somebody has typed into: one press, no question, and nothing typed is lost."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import App, Complaints
from tests.e2e.test_editor import on_the_list, open_panel
from tests.e2e.test_flows import ON_PURPOSE

pytestmark = pytest.mark.browser


@pytest.fixture
def lead(app: App, page: Any, complaints: Complaints) -> Iterator[Any]:
    complaints.expected += [*ON_PURPOSE, "htmx:sendAbort", "htmx:afterRequest"]
    app.let_in(page, "lead")
    yield page


def typed(lead: Any) -> None:
    lead.get_by_text("Change owner, purpose and tags").click()
    lead.get_by_label("Owner", exact=True).fill("Ada")
    lead.get_by_label("Name", exact=True).fill("Staging EU")


def kept(lead: Any, app: App) -> None:
    lead.locator("#panel").get_by_text("Reads disabled at CometAPI").wait_for()
    expect(lead.locator(":focus")).to_contain_text("Reads disabled at CometAPI")
    assert lead.get_by_label("Name", exact=True).input_value() == "Staging EU"
    assert lead.get_by_label("Owner", exact=True).input_value() == "Ada"
    assert lead.get_by_label("Status").input_value() == "2"
    assert app.house.stored("plain")["name"] != "Staging EU"


def test_in_the_panel(lead: Any, app: App) -> None:
    editor = open_panel(lead, app)
    typed(lead)
    editor.get_by_role("button", name="Disable Staging").click()

    kept(lead, app)
    assert editor.is_visible() and lead.locator(f"#key-{app.house.keys['plain']}").inner_text().count("Disabled")
    lead.keyboard.press("Escape")
    lead.get_by_role("button", name="Keep editing").click()
    lead.get_by_role("button", name="Save owner").click()
    lead.locator("#note").get_by_text("Saved.").wait_for()
    lead.get_by_role("button", name="Save 1 change").click()
    on_the_list(lead, app)
    assert (app.house.stored("plain")["name"], app.house.stored("plain")["status"]) == ("Staging EU", 2)


def test_on_the_page(lead: Any, app: App) -> None:
    lead.goto(app.url + app.house.path("plain"))
    typed(lead)
    lead.get_by_role("button", name="Disable Staging").click()

    kept(lead, app)
    assert lead.evaluate("window.cometadmin.unsaved()")


def test_a_save_under_way_does_not_hold_it(lead: Any, app: App) -> None:
    editor = open_panel(lead, app)
    hook = app.house.sandbox.pause("before", operation="update", times=1)
    lead.get_by_label("Name", exact=True).fill("Staging EU")
    lead.get_by_label("Name", exact=True).press("Enter")
    assert app.house.sandbox.wait_paused(hook)
    editor.get_by_role("button", name="Disable Staging").click()

    editor.get_by_text("Reads disabled at CometAPI").wait_for()
    app.house.sandbox.release(hook)
    assert app.house.stored("plain")["status"] == 2
    assert lead.get_by_label("Name", exact=True).input_value() == "Staging EU"
