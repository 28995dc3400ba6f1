"""The panel over the list under hasty hands: closed while it reads, pressed twice, beside it, and while it saves."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import App, Complaints
from tests.e2e.test_editor import on_the_list, open_panel
from tests.e2e.test_flows import ON_PURPOSE
from tests.e2e.ways import panel_edited

pytestmark = pytest.mark.browser
UNSAVED = "window.cometadmin.unsaved()"


@pytest.fixture
def lead(app: App, page: Any, complaints: Complaints) -> Iterator[Any]:
    complaints.expected += [*ON_PURPOSE, "htmx:sendAbort", "htmx:sendError", "htmx:afterRequest", "net::ERR_FAILED"]
    app.let_in(page, "lead")
    yield page


def reading(lead: Any, app: App) -> int:
    """The panel of a key that CometAPI takes its time to tell of; what it waits for."""
    hook: int = app.house.sandbox.pause("before", operation="get", key_id=app.house.keys["plain"])
    lead.goto(app.url + app.house.list_path)
    lead.get_by_role("link", name="Staging", exact=True).click()
    lead.get_by_text("Reading the key…").wait_for()
    assert app.house.sandbox.wait_paused(hook)
    return hook


def test_another_key_opened_meanwhile_is_alone_in_it(lead: Any, app: App) -> None:
    hook = reading(lead, app)
    lead.keyboard.press("Escape")
    on_the_list(lead, app)

    lead.get_by_role("link", name="Customer portal").click()
    app.house.sandbox.release(hook)

    lead.locator("#editor #key-form").wait_for()
    lead.wait_for_timeout(500)
    expect(lead.locator("#editor #key-form")).to_have_count(1)
    expect(lead.locator("#editor-title")).to_have_text("Customer portal")
    expect(lead.get_by_text("Reading the key…")).to_have_count(0)


def test_closed_while_it_reads_it_stays_closed_and_empty(lead: Any, app: App) -> None:
    hook = reading(lead, app)
    lead.keyboard.press("Escape")
    lead.keyboard.press("Escape")
    app.house.sandbox.release(hook)

    on_the_list(lead, app)
    lead.wait_for_timeout(500)
    expect(lead.locator("#editor > *")).to_have_count(0)
    assert lead.url == app.url + app.house.list_path


def test_two_clicks_on_a_key_open_it(lead: Any, app: App) -> None:
    lead.goto(app.url + app.house.list_path)
    lead.get_by_role("link", name="Staging", exact=True).dblclick()

    lead.locator("#editor #key-form").wait_for()
    assert lead.url == app.url + app.house.path("plain")


def test_a_selection_that_ends_beside_it_does_not_close_it(lead: Any, app: App) -> None:
    editor = open_panel(lead, app)
    box = lead.get_by_label("Name", exact=True).bounding_box()
    lead.mouse.move(box["x"] + 60, box["y"] + box["height"] / 2)
    lead.mouse.down()
    lead.mouse.move(20, 300, steps=5)
    lead.mouse.up()

    lead.wait_for_timeout(300)
    assert editor.is_visible() and lead.url == app.url + app.house.path("plain")


def test_nothing_can_be_typed_while_it_is_saved(lead: Any, app: App) -> None:
    open_panel(lead, app)
    hook = app.house.sandbox.pause("before", operation="update")
    lead.get_by_label("Name", exact=True).fill("Staging EU")
    lead.get_by_label("Name", exact=True).press("Enter")
    assert app.house.sandbox.wait_paused(hook)
    lead.keyboard.type("lost")

    assert lead.get_by_label("Name", exact=True).input_value() == "Staging EU"
    app.house.sandbox.release(hook)
    on_the_list(lead, app)
    assert app.house.stored("plain")["name"] == "Staging EU"


def test_who_saved_on_a_lost_line_stands_where_they_stood(lead: Any, app: App) -> None:
    open_panel(lead, app)
    lead.get_by_label("Name", exact=True).fill("Staging EU")
    lead.route("**/keys/**", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    lead.get_by_label("Name", exact=True).press("Enter")
    lead.locator("#live .notice").wait_for()

    expect(lead.locator(":focus")).to_have_id("id_name")
    lead.keyboard.type(", too")
    assert lead.get_by_label("Name", exact=True).input_value() == "Staging EU, too"


def test_what_a_button_wrote_is_asked_about_too(lead: Any, app: App) -> None:
    open_panel(lead, app)
    lead.get_by_role("button", name=re.compile("^Add my address")).click()
    lead.get_by_role("button", name="Save 1 change").wait_for()
    lead.keyboard.press("Escape")
    lead.get_by_role("button", name="Keep editing").click()
    assert lead.evaluate(UNSAVED)
    lead.get_by_role("button", name=re.compile("^Remove")).click()
    lead.get_by_text("Nothing is changed").wait_for()

    assert not lead.evaluate(UNSAVED)
    lead.keyboard.press("Escape")
    on_the_list(lead, app)


def test_half_a_moment_counts_as_typed(lead: Any, app: App) -> None:
    open_panel(lead, app)
    lead.get_by_label("Expiry").focus()
    lead.keyboard.type("03012027")

    expect(lead.get_by_label("At a moment")).to_be_checked()
    assert lead.evaluate(UNSAVED)
    lead.get_by_label("Name", exact=True).fill("Staging EU")
    lead.get_by_role("button", name=re.compile("^Save")).click()
    lead.locator("#form-errors").get_by_text("Give a date and time").first.wait_for()
    assert app.house.sandbox.writes() == []


def test_a_day_chosen_after_a_refused_moment_is_what_is_meant(lead: Any, app: App) -> None:
    open_panel(lead, app)
    lead.get_by_label("Expiry").fill("2031-01-01T10:00")
    lead.get_by_label("Amount").fill("abc")
    lead.get_by_role("button", name=re.compile("^Save")).click()
    lead.locator("#form-errors").wait_for()

    lead.get_by_label("Amount").fill("6200000")
    lead.get_by_label("In 30 days").check()
    lead.get_by_role("button", name="Save 1 change").click()

    on_the_list(lead, app)
    assert 0 < app.house.stored("plain")["expired_time"] < 1_900_000_000


def test_who_types_into_a_field_in_conflict_wants_what_they_type(lead: Any, app: App) -> None:
    open_panel(lead, app)
    app.house.sandbox.console_edit(app.house.keys["plain"], name="Theirs")
    lead.get_by_label("Name", exact=True).fill("Mine")
    lead.get_by_role("button", name=re.compile("^Save")).click()
    lead.get_by_label("Keep what it is now").check()
    lead.get_by_label("Name", exact=True).fill("Mine, after all")

    expect(lead.get_by_label("Take mine")).to_be_checked()
    lead.get_by_role("button", name="Save 1 change").click()
    on_the_list(lead, app)
    assert app.house.stored("plain")["name"] == "Mine, after all"


def test_on_a_phone_what_follows_of_four_changes_is_in_sight(app: App, page: Any, complaints: Complaints) -> None:
    app.let_in(page, "lead")
    page.set_viewport_size({"width": 360, "height": 740})
    panel_edited(page, app)

    last = page.locator(".preview__warnings li").last.bounding_box()
    shown = page.locator("#preview").bounding_box()

    assert page.locator(".preview__warnings li").count() == 3
    assert last["y"] + last["height"] <= shown["y"] + shown["height"]


def saving(lead: Any, app: App) -> int:
    """A new name that CometAPI takes its time to take; what it waits for."""
    open_panel(lead, app)
    hook: int = app.house.sandbox.pause("before", operation="update")
    lead.get_by_label("Name", exact=True).fill("Staging EU")
    lead.get_by_label("Name", exact=True).press("Enter")
    assert app.house.sandbox.wait_paused(hook)
    return hook


@pytest.mark.parametrize("way", ["Escape", "Escape twice", "Close", "beside", "Back"])
def test_while_it_saves_it_stays_and_says_so(lead: Any, app: App, way: str) -> None:
    hook = saving(lead, app)
    if way == "Close":
        lead.locator("#editor").get_by_role("link", name="Close").click()
    elif way == "beside":
        lead.mouse.click(20, 300)
    elif way == "Back":
        lead.go_back()
    else:
        for _ in way.split():
            lead.keyboard.press("Escape")

    lead.locator("#live").get_by_text("This is being saved").wait_for()
    assert not lead.locator("#leave").is_visible() and lead.locator("#editor").is_visible()
    assert lead.url == app.url + app.house.path("plain")
    app.house.sandbox.release(hook)
    lead.locator("#toast").get_by_text("Staging EU: saved and checked at").wait_for()
    on_the_list(lead, app)
    expect(lead.get_by_text("This is being saved")).to_have_count(0)
    assert lead.locator(f"#key-{app.house.keys['plain']} th").inner_text().startswith("Staging EU")


def test_a_save_that_does_not_arrive_no_longer_says_that_it_is_under_way(lead: Any, app: App) -> None:
    open_panel(lead, app)
    held: list[Any] = []
    lead.route(f"**{app.house.path('plain')}", lambda route: held.append(route))  # noqa: PLW0108  (a builtin is none to it)
    lead.get_by_label("Name", exact=True).fill("Staging EU")
    lead.get_by_label("Name", exact=True).press("Enter")
    lead.keyboard.press("Escape")
    lead.get_by_text("This is being saved").wait_for()
    held[0].abort()

    lead.get_by_text("Not sent: CometAdmin cannot be reached").wait_for()
    expect(lead.get_by_text("This is being saved")).to_have_count(0)
    lead.keyboard.press("Escape")
    lead.get_by_role("button", name="Keep editing").wait_for()


def test_the_question_goes_when_nothing_is_left_to_lose(lead: Any, app: App) -> None:
    """It was asked before the save began, which nobody can press under it but by a script."""
    open_panel(lead, app)
    lead.get_by_label("Name", exact=True).fill("Staging EU")
    lead.keyboard.press("Escape")
    lead.locator("#leave").wait_for()
    lead.locator("#key-form").evaluate("(form) => form.requestSubmit()")

    lead.locator("#toast").wait_for()
    on_the_list(lead, app)
    assert not lead.locator("#leave").is_visible()


def test_the_question_stays_for_the_note(lead: Any, app: App) -> None:
    open_panel(lead, app)
    lead.get_by_text("Change owner, purpose and tags").click()
    lead.get_by_label("Owner", exact=True).fill("Ada")
    lead.get_by_label("Name", exact=True).fill("Staging EU")
    lead.keyboard.press("Escape")
    lead.locator("#leave").wait_for()
    lead.locator("#key-form").evaluate("(form) => form.requestSubmit()")

    lead.locator("#toast").wait_for(state="attached")
    assert lead.locator("#leave").is_visible()
    lead.get_by_role("button", name="Throw it away").click()
    on_the_list(lead, app)
