"""The first road in a real browser, as a team lead walks it; the console stays silent, and what is said is stored."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import App, Complaints

pytestmark = pytest.mark.browser
ON_PURPOSE = [
    "the server responded with a status of 4",
    "Response Status Error",
]  # 409 and 422 are answers, and swapped
Fill = Callable[[Any], None]


@pytest.fixture(params=["A", "B"])
def lead(request: pytest.FixtureRequest, app: App, page: Any, complaints: Complaints) -> Iterator[Any]:
    """A page of somebody who is signed in as lead, in dialect A and B."""
    app.house.sandbox.configure(dialect=request.param)
    complaints.expected += ON_PURPOSE
    app.let_in(page, "lead")
    yield page


def open_key(page: Any, app: App, name: str = "plain") -> None:
    page.goto(app.url + app.house.path(name))


def save(page: Any) -> None:
    page.get_by_role("button", name=re.compile("^Save")).click()


def review(page: Any) -> None:
    """The step that stands between typing and saving where there is no JavaScript."""
    page.get_by_role("button", name="Review changes").click()


def choose(label: str, value: str) -> Fill:
    return lambda page: page.get_by_label(label, exact=True).select_option(value)


def fill(label: str, text: str) -> Fill:
    return lambda page: page.get_by_label(label, exact=True).fill(text)


def tick(label: str) -> Fill:
    return lambda page: page.get_by_label(label, exact=True).check()


EDITS: dict[str, tuple[list[Fill], dict[str, Any]]] = {
    "name": ([fill("Name", "Zürich 测试")], {"name": "Zürich 测试"}),
    "status": ([choose("Status", "3")], {"status": 3}),
    "allow_ips": ([fill("Allowed addresses", "10.0.0.1, 10.1.0.0/16")], {"allow_ips": "10.0.0.1\n10.1.0.0/16"}),
    "models": (
        [tick("Restrict models"), fill("Models", "gpt-4o\nclaude-sonnet-4")],
        {"model_limits_enabled": True, "model_limits": "gpt-4o,claude-sonnet-4"},
    ),
    "unlimited_quota": ([tick("Unlimited quota")], {"unlimited_quota": True}),
    "set to": ([fill("Amount", "12345")], {"remain_quota": 12_345}),
    "top up": (
        [choose("Remaining quota", "add"), fill("Amount", "0.20"), choose("Unit", "usd")],
        {"remain_quota": 6_300_000},
    ),
    "take away": ([choose("Remaining quota", "take"), fill("Amount", "200000")], {"remain_quota": 6_000_000}),
    "expired_time": (
        [tick("At a moment"), fill("Expiry", "2031-01-01T00:00:07")],
        {"expired_time": 1_924_992_007},
    ),
    "group": ([choose("Group", "vip")], {"group": "vip"}),
    "cross_group_retry": (
        [choose("Group", "auto"), tick("Cross-group retry")],
        {"group": "auto", "cross_group_retry": True},
    ),
}


def test_each_field_is_edited(lead: Any, app: App) -> None:
    for name, (fills, stored) in EDITS.items():
        app.house.sandbox.console_edit(app.house.keys["plain"], **START)
        open_key(lead, app)
        for one in fills:
            one(lead)
        lead.get_by_label("Reason").fill(f"for {name}")
        save(lead)
        lead.get_by_text("Saved and checked at").wait_for()
        key = app.house.stored("plain")
        assert {field: key[field] for field in stored} == stored, name
        assert lead.locator("#key-history").get_by_text(f"for {name}").count() == 1


START: dict[str, Any] = {
    "name": "Staging",
    "status": 1,
    "allow_ips": "",
    "model_limits_enabled": False,
    "model_limits": "",
    "unlimited_quota": False,
    "remain_quota": 6_200_000,
    "expired_time": -1,
    "group": "default",
    "cross_group_retry": False,
}


def test_a_refused_allowlist_keeps_what_was_typed_and_is_mended(lead: Any, app: App) -> None:
    open_key(lead, app)
    typed = "203.0.113.5/24\n10.0.0.1:80\nhello"
    lead.get_by_label("Allowed addresses").fill(typed)
    lead.get_by_label("Reason").fill("Office only")
    save(lead)

    summary = lead.locator("#form-errors")
    summary.wait_for()
    assert "Not saved: 3 things have to be put right" in summary.inner_text()
    assert "Did you mean 203.0.113.0/24?" in summary.inner_text()
    expect(lead.locator(":focus")).to_have_id("form-errors")
    assert lead.get_by_label("Allowed addresses").input_value() == typed
    assert lead.get_by_label("Reason").input_value() == "Office only"
    assert app.house.sandbox.writes() == []

    summary.get_by_role("link", name="Allowed addresses").first.click()
    expect(lead.locator(":focus")).to_have_id("id_allow_ips")
    lead.get_by_label("Allowed addresses").fill("203.0.113.0/24")
    save(lead)
    lead.get_by_text("Saved and checked at").wait_for()
    assert app.house.stored("plain")["allow_ips"] == "203.0.113.0/24"


@pytest.mark.parametrize(("choice", "name"), [("Take mine", "Mine"), ("Keep what it is now", "Theirs")])
def test_a_conflict_is_resolved(lead: Any, app: App, choice: str, name: str) -> None:
    open_key(lead, app)
    app.house.sandbox.console_edit(app.house.keys["plain"], name="Theirs")
    lead.get_by_label("Name").fill("Mine")
    lead.get_by_label("Group", exact=True).select_option("vip")
    save(lead)

    conflict = lead.locator("#conflict")
    conflict.wait_for()
    expect(lead.locator(":focus")).to_have_id("conflict")
    assert conflict.locator("tbody td bdi").all_inner_texts() == ["Staging", "Theirs", "Mine"]
    assert app.house.sandbox.writes() == []
    conflict.get_by_label(choice).check()
    save(lead)

    lead.get_by_text("Saved and checked at").wait_for()
    assert lead.locator("h1").inner_text() == name == app.house.stored("plain")["name"]
    assert app.house.stored("plain")["group"] == "vip" and conflict.count() == 0


def test_an_overspent_key_is_disabled_from_its_row_and_enabled_again_from_its_page(lead: Any, app: App) -> None:
    lead.goto(app.url + app.house.list_path)
    lead.get_by_role("button", name="Disable Batch translations").click()
    row = lead.locator(f"#key-{app.house.keys['overspent']}")
    row.get_by_text("Reads disabled at CometAPI, checked at").wait_for()

    assert app.house.stored("overspent")["status"] == 2
    row.get_by_role("button", name="Enable Batch translations").wait_for()
    expect(lead.locator(":focus")).to_contain_text("Reads disabled")

    app.house.sandbox.console_edit(app.house.keys["overspent"], remain_quota=500_000)
    open_key(lead, app, "overspent")
    lead.get_by_role("button", name="Enable Batch translations").click()
    lead.get_by_text("Reads enabled at CometAPI, checked at").wait_for()
    assert app.house.stored("overspent")["status"] == 1


def test_checking_ends_by_itself(lead: Any, app: App) -> None:
    open_key(lead, app)
    app.house.sandbox.fault("503", operation="update", times=1)
    lead.get_by_label("Name").fill("New")
    save(lead)
    lead.locator(".notice__title", has_text="Checking…").wait_for()
    app.house.sandbox.console_edit(app.house.keys["plain"], name="New")

    lead.get_by_text("Saved: read at").wait_for(timeout=60_000)
    assert len(app.house.sandbox.writes()) == 1


def test_a_double_click_is_one_change(lead: Any, app: App) -> None:
    open_key(lead, app)
    app.house.sandbox.configure(latency_s=0.2)
    lead.get_by_label("Remaining quota").select_option("add")
    lead.get_by_label("Amount").fill("1000")
    lead.get_by_role("button", name=re.compile("^Save")).dblclick()

    lead.get_by_text("Saved and checked at").wait_for()
    assert app.house.stored("plain")["remain_quota"] == 6_201_000 and len(app.house.sandbox.writes()) == 1


def test_an_edit_by_keyboard_alone(lead: Any, app: App) -> None:
    open_key(lead, app)
    press = lead.keyboard.press
    for _ in range(40):
        press("Tab")
        if lead.evaluate("document.activeElement.id") == "id_name":
            break
    press("Control+A")
    lead.keyboard.type("By keyboard")
    press("Enter")

    lead.get_by_text("Saved and checked at").wait_for()
    assert app.house.stored("plain")["name"] == "By keyboard"
    expect(lead.locator(":focus")).to_contain_text("Saved and checked at")


@pytest.mark.parametrize("dialect", ["A", "B"])
def test_the_same_road_without_javascript(browser: Any, app: App, dialect: str) -> None:
    app.house.sandbox.configure(dialect=dialect)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    app.sign_in(page)
    open_key(page, app)
    page.get_by_label("Allowed addresses").fill("203.0.113.5/24")
    page.get_by_label("Name").fill("Plain")
    review(page)
    assert "Did you mean 203.0.113.0/24?" in page.locator("#form-errors").inner_text()
    assert page.get_by_label("Name").input_value() == "Plain"
    page.get_by_label("Allowed addresses").fill("203.0.113.0/24")
    review(page)
    page.locator("#preview").get_by_text("2 changes").wait_for()
    assert app.house.sandbox.writes() == []
    app.house.sandbox.console_edit(app.house.keys["plain"], name="Theirs")
    save(page)
    page.locator("#conflict").get_by_label("Take mine").check()
    review(page)
    save(page)

    page.get_by_text("Saved and checked at").wait_for()
    assert "?change=" in page.url
    page.reload()
    page.get_by_text("Saved and checked at").wait_for()
    assert len(app.house.sandbox.writes()) == 1
    stored = app.house.stored("plain")
    assert (stored["name"], stored["allow_ips"]) == ("Plain", "203.0.113.0/24")
    page.get_by_role("button", name="Disable Plain").click()
    page.get_by_text("Reads disabled at CometAPI, checked at").wait_for()
    assert app.house.stored("plain")["status"] == 2
    context.close()
