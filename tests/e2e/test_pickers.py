"""The editors of addresses and models in a real browser: with and without JavaScript, by keyboard, beside a save."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import App, Complaints

pytestmark = pytest.mark.browser
ON_PURPOSE = ["the server responded with a status of 4", "Response Status Error"]
ASK = "Would this address be let in?"


@pytest.fixture
def lead(page: Any, app: App, complaints: Complaints) -> Any:
    complaints.expected += ON_PURPOSE
    app.let_in(page, "lead")
    page.goto(app.url + app.house.path("restricted"))
    return page


@pytest.fixture
def plain_lead(browser: Any, app: App) -> Iterator[Any]:
    """Without JavaScript."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    app.sign_in(page)
    page.goto(app.url + app.house.path("restricted"))
    yield page
    context.close()


def save(page: Any) -> None:
    page.get_by_role("button", name=re.compile("^Save")).click()


def review(page: Any) -> None:
    """The step that stands between typing and saving where there is no JavaScript."""
    page.get_by_role("button", name="Review changes").click()


def addresses(page: Any) -> Any:
    return page.get_by_label("Allowed addresses")


def models(page: Any) -> Any:
    return page.get_by_label("Models", exact=True)


def summary(page: Any, text: str) -> Any:
    return page.locator(".picker__sum", has_text=text)


def tab_to(page: Any, name: str) -> None:
    for _ in range(80):
        page.keyboard.press("Tab")
        if (
            page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText")
            == name
        ):
            return
    raise AssertionError(f"{name} was never in focus")


def test_a_pasted_list_is_read_and_put_right_by_keyboard_alone(lead: Any, app: App) -> None:
    addresses(lead).fill("203.0.113.5/24, 10.0.0.1:80 10.0.0.1 198.51.100.7")
    summary(lead, "4 entries").wait_for()
    expect(addresses(lead)).to_be_focused()

    tab_to(lead, "Take all 2 suggestions")
    lead.keyboard.press("Enter")
    expect(lead.locator(":focus")).to_contain_text("Put 2 entries right.")
    expect(addresses(lead)).to_have_value("203.0.113.0/24\n10.0.0.1\n10.0.0.1\n198.51.100.7")
    tab_to(lead, "Take out 1 needless entry")
    lead.keyboard.press("Enter")
    expect(addresses(lead)).to_have_value("203.0.113.0/24\n10.0.0.1\n198.51.100.7")
    tab_to(lead, "Remove 10.0.0.1")
    lead.keyboard.press("Enter")
    expect(lead.locator(":focus")).to_contain_text("Removed 10.0.0.1.")
    assert app.house.sandbox.writes() == []

    lead.get_by_label("Name").focus()
    lead.keyboard.press("Enter")  # saves, and presses no button of the editor
    lead.get_by_text("Saved and checked at").wait_for()
    assert app.house.stored("restricted")["allow_ips"] == "203.0.113.0/24\n198.51.100.7"


def test_an_address_is_asked_about_by_enter_and_nothing_is_saved(lead: Any, app: App) -> None:
    lead.get_by_label(ASK).fill("203.0.113.9")
    lead.keyboard.press("Enter")
    lead.locator("#allowlist-verdict", has_text="203.0.113.9 is let in by 203.0.113.0/24.").wait_for()
    expect(lead.get_by_label(ASK)).to_be_focused()
    expect(lead.get_by_label(ASK)).to_have_value("203.0.113.9")
    expect(lead.locator("#allowlist li")).to_have_count(1)

    lead.get_by_label(ASK).fill("192.0.2.1")
    lead.locator("#allowlist-verdict", has_text="192.0.2.1 is not let in").wait_for()
    assert app.house.sandbox.writes() == []


def test_opening_the_key_takes_a_tick(lead: Any, app: App) -> None:
    addresses(lead).fill("")
    lead.get_by_text("Without an entry, this key works from every address").wait_for()
    save(lead)
    lead.locator("#form-errors", has_text="Confirm this below").wait_for()
    assert app.house.sandbox.writes() == []

    lead.get_by_label("Yes, whoever has this key may use it from anywhere").check()
    save(lead)
    lead.get_by_text("Saved and checked at").wait_for()
    assert not app.house.stored("restricted")["allow_ips"]


def test_ones_own_address_is_added(lead: Any, app: App) -> None:
    lead.get_by_role("button", name="Add my address, 127.0.0.1").click()
    summary(lead, "Added 127.0.0.1. 4 entries").wait_for()
    save(lead)
    lead.get_by_text("Saved and checked at").wait_for()
    assert app.house.stored("restricted")["allow_ips"].endswith("\n127.0.0.1")


def test_a_reading_takes_nobody_away_and_holds_up_no_save(lead: Any, app: App) -> None:
    lead.get_by_label("Name").fill("")
    save(lead)
    expect(lead.locator(":focus")).to_have_id("form-errors")
    addresses(lead).press_sequentially("10.0.0.1\n")
    summary(lead, "4 entries").wait_for()
    expect(addresses(lead)).to_be_focused()

    asked: list[Any] = []
    lead.route("**/allowlist/", lambda route: asked.append(route))  # never answered
    lead.get_by_label("Name").fill("New")
    with lead.expect_request("**/allowlist/"):
        addresses(lead).fill("10.0.0.2")
    save(lead)
    lead.get_by_text("Saved and checked at").wait_for()
    assert len(asked) == 1 and app.house.stored("restricted")["allow_ips"] == "10.0.0.2"


def test_without_javascript_the_list_is_put_right_by_buttons(plain_lead: Any, app: App) -> None:
    page = plain_lead
    addresses(page).fill("203.0.113.5/24, 10.0.0.1 10.0.0.1")
    page.get_by_label("Reason").fill("kept")
    page.get_by_label(ASK).fill("10.0.0.1")
    page.get_by_role("button", name="Check").click()
    page.get_by_text("10.0.0.1 is let in: it is an entry itself.").wait_for()
    page.get_by_label(ASK).fill("")
    page.get_by_role("button", name="Check").click()
    page.get_by_role("button", name="Write 203.0.113.0/24").click()
    page.get_by_role("button", name="Take out 1 needless entry").click()
    page.get_by_role("button", name="Remove 10.0.0.1").click()
    assert addresses(page).input_value() == "203.0.113.0/24"
    page.get_by_role("button", name="Remove 203.0.113.0/24").click()
    assert page.get_by_label("Reason").input_value() == "kept" and app.house.sandbox.writes() == []

    review(page)
    assert "Confirm this below" in page.locator("#form-errors").inner_text()
    page.get_by_label("Yes, whoever has this key").check()
    review(page)
    save(page)
    page.get_by_text("Saved and checked at").wait_for()
    assert not app.house.stored("restricted")["allow_ips"]


def test_models_are_found_ticked_and_taken_out_by_keyboard_alone(lead: Any, app: App) -> None:
    tab_to(lead, "Choose from the catalogue")
    lead.keyboard.press("Enter")
    expect(lead.get_by_label("Search the catalogue")).to_be_focused()
    lead.keyboard.type("gpt-5-mi")
    lead.get_by_text("1 found").wait_for()
    lead.keyboard.press("Enter")  # no wish to save
    for _ in range(3):  # the list itself, its provider, the box
        lead.keyboard.press("Tab")
    lead.keyboard.press("Space")
    expect(models(lead)).to_have_value("gpt-4o\nclaude-sonnet-4\ngpt-5-mini")
    summary(lead, "3 models chosen").wait_for()
    lead.keyboard.press("Space")
    expect(models(lead)).to_have_value("gpt-4o\nclaude-sonnet-4")
    summary(lead, "2 models chosen").wait_for()

    lead.keyboard.press("Space")
    summary(lead, "3 models chosen").wait_for()
    lead.get_by_role("button", name="Remove gpt-4o").press("Enter")
    expect(lead.locator(":focus")).to_contain_text("Removed gpt-4o.")
    lead.get_by_label("Search the catalogue").fill("")
    expect(lead.get_by_label("gpt-4o", exact=True)).not_to_be_checked()
    expect(lead.locator("summary", has_text="openai")).to_contain_text("1 of 16 chosen")

    save(lead)
    lead.get_by_text("Saved and checked at").wait_for()
    assert app.house.stored("restricted")["model_limits"] == "claude-sonnet-4,gpt-5-mini"


def test_what_is_typed_ticks_and_what_is_unknown_stays(lead: Any, app: App) -> None:
    lead.get_by_role("button", name="Choose from the catalogue").click()
    lead.get_by_label("Search the catalogue").wait_for()
    models(lead).fill("our/own:v1, gpt-5 gpt-4o")
    expect(lead.get_by_label("gpt-5", exact=True)).to_be_checked()
    lead.get_by_text("1 not in the catalogue", exact=True).wait_for()
    lead.get_by_label("gpt-4o", exact=True).uncheck()
    expect(models(lead)).to_have_value("our/own:v1\ngpt-5")

    save(lead)
    lead.get_by_text("Saved and checked at").wait_for()
    assert app.house.stored("restricted")["model_limits"] == "our/own:v1,gpt-5"


def test_opening_the_catalogue_touches_nothing(lead: Any, app: App) -> None:
    app.house.sandbox.console_edit(app.house.keys["restricted"], model_limits="gpt-4o, gpt-5")
    lead.reload()
    lead.get_by_role("button", name="Choose from the catalogue").click()
    lead.get_by_label("Search the catalogue").fill("g")
    lead.get_by_text("found").wait_for()
    save(lead)
    lead.get_by_text("nothing was sent").first.wait_for()
    assert app.house.sandbox.writes() == []


def test_without_javascript_models_are_ticked_on_a_page_of_their_own(plain_lead: Any, app: App) -> None:
    page = plain_lead
    models(page).fill("our/own:v1\ngpt-4o")
    page.get_by_label("Name").fill("New")
    page.get_by_role("button", name="Choose from the catalogue").click()
    page.locator("summary", has_text="anthropic").click()
    page.get_by_label("claude-haiku-4-5").check()
    page.get_by_label("gpt-4o", exact=True).uncheck()
    page.get_by_role("button", name="Take these into the form").click()

    assert (
        models(page).input_value() == "our/own:v1\nclaude-haiku-4-5"
        and page.get_by_label("Name").input_value() == "New"
    )
    assert app.house.sandbox.writes() == []
    review(page)
    save(page)
    page.get_by_text("Saved and checked at").wait_for()
    assert app.house.stored("restricted")["model_limits"] == "our/own:v1,claude-haiku-4-5"


def test_three_hundred_entries_stay_handy(lead: Any, app: App) -> None:
    addresses(lead).fill("\n".join(f"10.0.{n // 250}.{n % 250}" for n in range(300)))
    summary(lead, "300 entries").wait_for()
    assert lead.locator("#allowlist .picker__list").bounding_box()["height"] < 300
    lead.get_by_label(ASK).fill("10.0.1.49")
    expect(lead.locator("#allowlist li")).to_have_count(1)
    lead.get_by_role("button", name="Remove 10.0.1.49").click()
    summary(lead, "299 entries").wait_for()


def test_a_long_list_is_one_stop_of_the_tab_key_and_stays_where_it_was(lead: Any, app: App) -> None:
    addresses(lead).fill("\n".join(f"10.0.0.{n}" for n in range(100)))
    summary(lead, "100 entries").wait_for()
    entries = lead.locator("#allowlist .picker__list")
    entries.focus()
    lead.keyboard.press("Tab")
    expect(entries.locator(":focus")).to_have_count(0)

    entries.focus()
    for _ in range(60):
        lead.keyboard.press("ArrowDown")
    lead.keyboard.press("ArrowUp")
    expect(lead.locator(":focus")).to_have_accessible_name("Remove 10.0.0.58")
    at = entries.evaluate("list => list.scrollTop")
    lead.keyboard.press("Enter")

    expect(lead.locator(":focus")).to_contain_text("Removed 10.0.0.58.")
    assert at > 500 and abs(entries.evaluate("list => list.scrollTop") - at) < 60


CHOSEN = [f"gpt-4o-{n}" for n in range(9)] + ["gpt-4o"]
IN_SIGHT = """() => {
  const sum = document.querySelector("#models-chosen .picker__sum").getBoundingClientRect();
  const there = document.elementFromPoint(sum.left + 4, sum.top + sum.height / 2);
  return sum.top >= 0 && document.getElementById("models-chosen").contains(there);
}"""
HIDDEN = """() => {
  const on = document.activeElement, box = (on.closest("label") ?? on).getBoundingClientRect();
  const over = document.elementFromPoint(box.left + 8, box.top + Math.min(12, box.height / 2));
  const free = over && (on.closest("label") ?? on).contains(over);
  return free || box.height > 200 ? "" : `${on.outerHTML.slice(0, 80)} under ${over?.outerHTML.slice(0, 60)}`;
}"""


@pytest.mark.parametrize("where", ["page", "panel"])
def test_on_a_phone_what_is_chosen_stays_in_sight_and_hides_no_focus(lead: Any, app: App, where: str) -> None:
    lead.set_viewport_size({"width": 360, "height": 640})
    if where == "panel":
        lead.goto(app.url + app.house.list_path)
        lead.get_by_role("link", name="Customer portal").click()
    models(lead).fill("\n".join(CHOSEN))
    summary(lead, "10 models chosen").wait_for()
    lead.get_by_role("button", name="Choose from the catalogue").click()
    lead.get_by_label("Search the catalogue").wait_for()
    shelves = lead.locator("#models-catalogue summary")
    shelves.first.wait_for()

    for way in ("Tab", "Shift+Tab"):
        for _ in range(shelves.count() + 16):
            lead.keyboard.press(way)
            assert lead.evaluate(HIDDEN) == ""
            if lead.evaluate("document.activeElement.closest('#models-catalogue') !== null"):
                assert lead.evaluate(IN_SIGHT), lead.evaluate("document.activeElement.outerHTML")
    shelves.last.evaluate("shelf => shelf.closest('.picker__shelves').scrollIntoView({block: 'end'})")
    assert lead.evaluate(IN_SIGHT)
    chosen, catalogue = lead.locator("#models-chosen"), lead.locator(".picker__shelves")
    assert chosen.bounding_box()["height"] <= 160 and catalogue.bounding_box()["height"] >= 150
    lead.get_by_role("button", name="Remove gpt-4o-8").click()
    summary(lead, "9 models chosen").wait_for()


def test_in_a_conflict_a_button_beside_the_list_is_seen_in_what_is_wanted(lead: Any, app: App) -> None:
    addresses(lead).fill("203.0.113.9")
    app.house.sandbox.console_edit(app.house.keys["restricted"], allow_ips="198.51.100.9")
    save(lead)
    wanted = lead.locator("#want-allow_ips")
    expect(wanted).to_have_text("203.0.113.9")

    lead.get_by_role("button", name="Add my address").click()
    expect(wanted).to_have_text("203.0.113.9\n127.0.0.1")
    addresses(lead).fill("203.0.113.10")
    expect(wanted).to_have_text("203.0.113.10")
