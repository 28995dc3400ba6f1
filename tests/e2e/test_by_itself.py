"""What a page asks by itself, over and over, takes nothing from whoever is at it: no letters, no focus, no notice."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from keys.models import Record, TeamSync, WorkerLane
from tests.e2e.conftest import App, Complaints
from tests.e2e.leak_ways import paste
from tests.e2e.test_editor import on_the_list, open_panel
from tests.e2e.ways import sign_in_beside
from tests.listing.making import furnish_mirror

pytestmark = pytest.mark.browser
SYNC = re.compile("/sync/")


@pytest.fixture
def admin(app: App, page: Any, complaints: Complaints) -> Iterator[Any]:
    app.sign_in(page, "admin")
    yield page


def looked_again(page: Any) -> None:
    """The part of a leak that moves has come anew."""
    page.evaluate("document.getElementById('leak').dataset.old = 'yes'")
    page.locator("#leak:not([data-old])").wait_for(timeout=15_000)


def test_a_note_is_typed_on_while_the_leak_looks_again(admin: Any, app: App) -> None:
    paste(admin, app, "plain")
    expect(admin.locator(":focus")).to_have_id("leak-press")

    admin.locator("#id_note").focus()
    admin.keyboard.type("seen ")
    looked_again(admin)
    admin.wait_for_timeout(100)
    admin.keyboard.type("in a log")

    expect(admin.locator(":focus")).to_have_id("id_note")
    expect(admin.locator("#id_note")).to_have_value("seen in a log")
    assert app.house.sandbox.writes() == []


def being_read(app: App) -> None:
    """A worker is reading the list of atlas: its pages ask every two seconds how far it is."""
    furnish_mirror(app.house)
    now = timezone.now()
    WorkerLane.objects.create(name="host:1", lane="ordinary", started_at=now, heartbeat_at=now, doing="sync atlas")
    running = {"running_since": now, "heartbeat_at": now, "total": 10_000, "done": 3_400}
    TeamSync.objects.update_or_create(team=app.house.team, defaults=running)


def test_the_toast_stays_while_the_list_is_read_and_a_lost_line_is_said_once_beside_it(
    admin: Any, app: App, complaints: Complaints
) -> None:
    complaints.expected += ["ERR_INTERNET_DISCONNECTED", "htmx:sendError", "htmx:afterRequest"]
    being_read(app)
    open_panel(admin, app)
    admin.get_by_label("Name", exact=True).fill("Staging EU")
    with admin.expect_response(SYNC):
        admin.get_by_role("button", name="Save 1 change").click()
        on_the_list(admin, app)
    with admin.expect_response(SYNC):
        pass
    expect(admin.locator("#toast").get_by_role("button", name="Undo this change")).to_be_visible()

    stale = admin.get_by_text("CometAdmin cannot be reached: what you see here may be out of date.")
    admin.context.set_offline(True)
    stale.wait_for()
    with admin.expect_event("requestfailed", timeout=15_000):  # asked once more
        pass
    expect(stale).to_have_count(1)
    expect(admin.locator("#toast")).to_be_visible()

    admin.context.set_offline(False)
    expect(stale).to_have_count(0, timeout=15_000)
    expect(admin.locator("#toast")).to_be_visible()


def test_rows_come_anew_only_when_nothing_is_under_way_or_said_beneath_them(admin: Any, app: App) -> None:
    furnish_mirror(app.house)
    admin.goto(f"{app.url}/teams/atlas/keys/")
    admin.evaluate("document.querySelector('.keys').dataset.old = 'yes'")
    app.house.sandbox.configure(latency_s=0.2)
    asked: list[str] = []
    # The counts over them are asked for without a page.
    admin.on("request", lambda request: asked.append(request.url) if "/atlas/keys/?page=" in request.url else None)

    admin.get_by_role("button", name="Disable Staging").click()
    admin.evaluate("htmx.trigger(document.body, 'keys-listed')")
    admin.get_by_text("Reads disabled at CometAPI").wait_for()
    admin.wait_for_timeout(4_000)  # longer than it waits

    expect(admin.get_by_text("Reads disabled at CometAPI")).to_be_visible()
    assert asked == []
    admin.evaluate("document.querySelector('.keys .notice').remove()")
    admin.locator(".keys:not([data-old])").wait_for()


def test_rows_that_were_asked_for_before_a_press_do_not_come_over_its_answer(admin: Any, app: App) -> None:
    furnish_mirror(app.house)
    admin.goto(f"{app.url}/teams/atlas/keys/")
    held: list[Any] = []
    admin.route(re.compile(r"/atlas/keys/\?page="), lambda route: held.append(route))
    admin.evaluate("htmx.trigger(document.body, 'keys-listed')")
    admin.get_by_role("button", name="Disable Staging").click()
    admin.get_by_text("Reads disabled at CometAPI").wait_for()

    with admin.expect_response(re.compile(r"/atlas/keys/\?page=")):
        held[0].continue_()
    admin.wait_for_timeout(300)

    expect(admin.get_by_text("Reads disabled at CometAPI")).to_be_visible()


def test_a_note_outlives_the_session_while_the_leak_looks_again(admin: Any, app: App, complaints: Complaints) -> None:
    complaints.expected.append("the server responded with a status of 401")
    paste(admin, app, "plain")
    address = admin.url
    admin.locator("#id_note").fill("seen in a log")
    admin.context.clear_cookies()

    admin.get_by_text("Your session has ended. What you typed is still here.").wait_for(timeout=15_000)
    with admin.expect_response(lambda answer: answer.status == 401, timeout=15_000):
        admin.evaluate("document.querySelector('#live p').dataset.first = 'yes'")
    expect(admin.locator("#live p[data-first]")).to_have_count(1)  # said once
    sign_in_beside(admin, "admin")
    looked_again(admin)
    assert admin.url == address
    admin.get_by_role("button", name="Add to the record").click()

    admin.wait_for_url(address)
    admin.get_by_text("What was read").wait_for()
    assert Record.objects.filter(reason__contains="seen in a log").exists()


def test_the_reason_for_a_panic_outlives_the_session_and_the_list_is_asked_for_again(
    admin: Any, app: App, complaints: Complaints
) -> None:
    complaints.expected.append("the server responded with a status of 401")
    being_read(app)
    admin.goto(f"{app.url}/teams/atlas/panic/")
    admin.get_by_label("Reason").fill("stolen")
    admin.context.clear_cookies()

    admin.get_by_text("Your session has ended. What you typed is still here.").wait_for()
    with admin.expect_response(lambda answer: "/sync/" in answer.url and answer.status == 200):
        sign_in_beside(admin, "admin")

    expect(admin.get_by_label("Reason")).to_have_value("stolen")


def test_an_owner_that_was_typed_before_signing_in_anew_is_saved_at_the_second_press(
    admin: Any, app: App, complaints: Complaints
) -> None:
    complaints.expected += ["the server responded with a status of 403", "Response Status Error"]
    furnish_mirror(app.house)
    admin.goto(app.url + app.house.path("expired", "note/"))
    admin.locator("#note summary").click()
    admin.locator("#note").get_by_label("Owner").fill("Bo Ek")
    admin.context.clear_cookies()
    beside = admin.context.new_page()
    app.sign_in(beside, "admin")
    beside.close()
    admin.bring_to_front()

    admin.get_by_role("button", name="Save owner, purpose and tags").click()
    admin.get_by_text("You are signed in again: save now.").wait_for()
    admin.get_by_role("button", name="Save owner, purpose and tags").click()

    admin.locator("#note").get_by_text("Saved.").wait_for()


def test_who_stands_on_a_link_stands_on_it_when_the_leak_has_looked_again(admin: Any, app: App) -> None:
    paste(admin, app, "plain", "unlimited")
    link = admin.locator("#leak article").nth(1).get_by_role("link", name="Disable all its keys")
    link.focus()

    looked_again(admin)

    expect(link).to_be_focused()


def test_a_press_that_did_not_work_says_the_way_out(admin: Any, app: App, complaints: Complaints) -> None:
    complaints.expected += ["the server responded with a status of 500", "Response Status Error"]
    furnish_mirror(app.house)
    admin.goto(f"{app.url}/teams/atlas/keys/")
    admin.route("**/disable/", lambda route: route.fulfill(status=500))
    admin.get_by_role("button", name="Disable Staging").click()
    admin.get_by_text("This did not work (answer 500).").wait_for()
    expect(admin.locator("#live")).to_contain_text("Load the page anew and try again.")
