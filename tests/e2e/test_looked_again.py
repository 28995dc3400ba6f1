"""A page that looks again by itself: what it says of a settled change is said everywhere, and nothing typed is lost."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import App, Complaints
from tests.e2e.test_editor import open_panel
from tests.e2e.test_flows import ON_PURPOSE

pytestmark = pytest.mark.browser
SAVE = re.compile("^Save")


@pytest.fixture
def lead(app: App, page: Any, complaints: Complaints) -> Any:
    complaints.expected += ON_PURPOSE
    app.let_in(page, "lead")
    return page


def saved_unread(page: Any, app: App) -> None:
    """The key has its new name, but nobody can read it."""
    page.get_by_text("the usage log has it").wait_for()  # which reads the key as well
    app.house.sandbox.fault("500_after", operation="update", times=1)
    app.house.sandbox.fault("502", operation="get", skip=1, times=999)
    page.get_by_label("Name", exact=True).fill("Staging EU")
    page.get_by_role("button", name="Save 1 change").click()
    page.get_by_text("Checking…", exact=True).wait_for()
    expect(page.locator("#unknown")).to_contain_text("unknown for")


def told_everywhere(page: Any) -> None:
    page.get_by_text("Saved: read at").wait_for()
    expect(page.locator("#unknown")).to_be_hidden()
    expect(page.locator("#key-name")).to_have_text("Staging EU")
    expect(page.locator("#key-history")).not_to_contain_text("Unknown")
    expect(page.locator("#glance")).to_contain_text("As CometAPI has it now")


def test_a_settled_change_is_told_everywhere_on_the_page(lead: Any, app: App) -> None:
    lead.goto(app.url + app.house.path("plain"))
    saved_unread(lead, app)
    app.house.sandbox.clear_faults()

    told_everywhere(lead)

    expect(lead.locator("#preview")).to_be_empty()
    assert not lead.evaluate("window.cometadmin.unsaved()")
    lead.get_by_label("Name", exact=True).fill("Staging 2")
    lead.get_by_role("button", name="Save 1 change").click()
    lead.get_by_text("Saved and checked").wait_for()
    assert app.house.stored("plain")["name"] == "Staging 2"


def test_and_in_the_panel_over_the_list(lead: Any, app: App) -> None:
    open_panel(lead, app)
    saved_unread(lead, app)
    app.house.sandbox.clear_faults()

    told_everywhere(lead)

    row = lead.locator(f"#key-{app.house.keys['plain']}")
    expect(row).to_contain_text("Staging EU")
    assert not lead.evaluate("window.cometadmin.unsaved()")


def test_what_was_typed_since_stays(lead: Any, app: App) -> None:
    lead.goto(app.url + app.house.path("plain"))
    saved_unread(lead, app)
    lead.get_by_label("Reason").fill("and because")
    app.house.sandbox.clear_faults()

    told_everywhere(lead)

    expect(lead.get_by_label("Reason")).to_have_value("and because")
    expect(lead.get_by_label("Name", exact=True)).to_have_value("Staging EU")
    lead.get_by_label("Allowed addresses").fill("203.0.113.0/24")
    lead.get_by_role("button", name=SAVE).click()
    lead.get_by_text("Saved and checked").wait_for()
    assert (app.house.stored("plain")["name"], app.house.stored("plain")["allow_ips"]) == (
        "Staging EU",
        "203.0.113.0/24",
    )
