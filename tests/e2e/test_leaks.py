"""3 a.m.: from sign-in to "refused" in three presses, by keyboard alone, on a phone; and without JavaScript."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from keys.views import leak_pages
from tests.e2e.conftest import App, Complaints
from tests.leaks.usage_rows import used
from tests.mirror.support import listed

pytestmark = pytest.mark.browser


def test_three_presses_by_keyboard_on_a_phone(page: Any, app: App, complaints: Complaints) -> None:
    listed(app.house.team)
    secret = app.house.sandbox.secret(app.house.keys["plain"])
    page.set_viewport_size({"width": 360, "height": 740})
    app.sign_in(page, "admin")

    page.get_by_role("link", name="Leaks").focus()
    page.keyboard.press("Enter")  # 1
    page.get_by_label("What leaked").wait_for()
    # The field has the focus already: paste, then two tabs lead past the file to the button.
    page.keyboard.insert_text(f"OPENAI_API_KEY={secret}")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # 2
    expect(page.get_by_role("button", name="Disable 1 key")).to_be_focused()
    page.keyboard.press("Enter")  # 3
    page.get_by_text("seconds after the paste").wait_for()

    assert "Refused" in page.locator("#verdict").inner_text()
    assert app.house.stored("plain")["status"] == 2
    assert secret.removeprefix("sk-")[:12] not in page.content() and secret not in page.url


def test_it_goes_on_by_itself(page: Any, app: App, complaints: Complaints) -> None:
    listed(app.house.team)
    app.house.sandbox.configure(cache_s=20.0)
    app.sign_in(page, "admin")
    page.goto(f"{app.url}/leaks/")
    page.get_by_label("What leaked").fill(app.house.sandbox.secret(app.house.keys["plain"]))
    page.get_by_role("button", name="Find whose keys these are").click()
    page.get_by_role("button", name="Disable 1 key").click()
    page.get_by_text("CometAPI still accepts the secret").wait_for()
    page.get_by_text("seconds after the paste").wait_for(timeout=60_000)


def test_a_press_is_not_lost_when_the_page_looks_again_meanwhile(page: Any, app: App, complaints: Complaints) -> None:
    listed(app.house.team)
    app.sign_in(page, "admin")
    page.goto(f"{app.url}/leaks/")
    page.get_by_label("What leaked").fill(app.house.sandbox.secret(app.house.keys["plain"]))
    page.get_by_role("button", name="Find whose keys these are").click()
    page.get_by_role("button", name="Disable 1 key").hover()

    page.mouse.down()
    with page.expect_response(lambda one: one.request.method == "GET" and re.search(r"/leaks/\d+/$", one.url)):
        page.evaluate("htmx.ajax('GET', location.pathname, {source: '#leak'})")
    page.wait_for_timeout(300)
    page.mouse.up()

    page.get_by_text("seconds after the paste").wait_for()


def test_what_was_held_back_by_a_finger_is_asked_for_once_more(
    page: Any, app: App, complaints: Complaints, monkeypatch: pytest.MonkeyPatch
) -> None:
    for pace in ("BUSY_S", "QUIET_S"):  # never does it look again by itself
        monkeypatch.setattr(leak_pages, pace, 600)
    listed(app.house.team)
    app.sign_in(page, "admin")
    page.goto(f"{app.url}/leaks/")
    page.get_by_label("What leaked").fill(app.house.sandbox.secret(app.house.keys["plain"]))
    page.get_by_role("button", name="Find whose keys these are").click()
    page.locator("#verdict").hover()
    page.evaluate("document.getElementById('leak').dataset.old = 'yes'")

    page.mouse.down()
    with page.expect_response(lambda one: one.request.method == "GET" and re.search(r"/leaks/\d+/$", one.url)):
        page.evaluate("htmx.ajax('GET', location.pathname, {source: '#leak'})")
    page.wait_for_timeout(300)
    assert page.locator("#leak[data-old]").count() == 1
    page.mouse.up()

    page.locator("#leak:not([data-old])").wait_for(timeout=15_000)


def test_without_javascript(browser: Any, app: App) -> None:
    listed(app.house.team)
    page = browser.new_context(java_script_enabled=False).new_page()
    app.sign_in(page, "lead")
    app.house.sandbox.fault("503", operation="v1_models", skip=1, times=2)  # accepted, then twice no answer
    page.goto(f"{app.url}/leaks/")
    page.get_by_label("What leaked").fill(app.house.sandbox.secret(app.house.keys["plain"]))
    page.get_by_role("button", name="Find whose keys these are").click()
    page.get_by_role("button", name="Disable 1 key").click()
    page.get_by_text("Disable pressed").wait_for()
    for _ in range(20):  # tried again at once where there was time for it, else after a moment, by whoever looks
        if page.get_by_text("seconds after the paste").count():
            break
        page.wait_for_timeout(500)
        page.get_by_role("link", name="Look again how it stands").click()
    page.get_by_text("seconds after the paste").wait_for()
    page.get_by_role("link", name="Read CometAPI’s usage log").click()
    page.get_by_text("No request since").wait_for()
    page.get_by_label("Since").fill("last week")
    page.get_by_role("button", name="Read the log").click()
    page.get_by_text("Write date and time as").wait_for()
    assert page.get_by_label("Since").input_value() == "last week"
    page.context.close()


def test_the_usage_log_comes_by_itself_and_stays_while_the_page_looks_again(
    page: Any, app: App, complaints: Complaints
) -> None:
    listed(app.house.team)
    app.house.sandbox.configure(cache_s=600.0)
    used(app.house.sandbox, app.house.keys["plain"], 500_000, ip="203.0.113.66", ago_s=1)
    used(app.house.sandbox, app.house.keys["plain"], 500_000, ip="198.51.100.1", ago_s=86_400 * 5)
    app.sign_in(page, "lead")
    page.goto(f"{app.url}/leaks/")
    page.get_by_label("What leaked").fill(app.house.sandbox.secret(app.house.keys["plain"]))
    page.get_by_role("button", name="Find whose keys these are").click()

    page.locator("#usage").get_by_text("203.0.113.66").wait_for()
    page.locator("dd[id^=today-]").get_by_text("by the usage log").wait_for()
    address = page.url
    page.get_by_label("Since").fill("2026-01-01")
    page.get_by_role("button", name="Disable 1 key").dblclick()
    page.get_by_text("CometAPI still accepts the secret").wait_for()
    with page.expect_response(lambda answer: answer.url == address and answer.status == 200):
        pass  # it has looked again
    assert page.get_by_label("Since").input_value() == "2026-01-01"
    page.locator("dd[id^=today-]").get_by_text("by the usage log").wait_for()
    assert len(app.house.sandbox.requests("PUT")) == 1  # two clicks, one press
    assert len(app.house.sandbox.requests(operation="log")) == 3  # since then, before it, today: not again and again

    page.get_by_role("button", name="Read the log").click()
    page.locator("#usage").get_by_text("198.51.100.1").wait_for()
    assert page.url == f"{address}?since=2026-01-01"
    page.reload()
    page.locator("#usage").get_by_text("198.51.100.1").wait_for()
    assert page.get_by_label("Since").input_value() == "2026-01-01"
