"""3 a.m.: from sign-in to "refused" in three presses, by keyboard alone, on a phone; and without JavaScript."""

from typing import Any

import pytest

from keys.services import syncing
from keys.types import Deadline
from tests.e2e.conftest import App, Complaints

pytestmark = pytest.mark.browser


def test_three_presses_by_keyboard_on_a_phone(page: Any, app: App, complaints: Complaints) -> None:
    assert syncing.sync_slice(app.house.team, Deadline.after(20)).over
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
    page.get_by_role("button", name="Disable 1 key").wait_for()
    page.keyboard.press("Enter")  # 3: it has the focus already
    page.get_by_text("seconds after the paste").wait_for()

    assert "Refused" in page.locator("#verdict").inner_text()
    assert app.house.stored("plain")["status"] == 2
    assert secret.removeprefix("sk-")[:12] not in page.content() and secret not in page.url


def test_it_goes_on_by_itself(page: Any, app: App, complaints: Complaints) -> None:
    assert syncing.sync_slice(app.house.team, Deadline.after(20)).over
    app.house.sandbox.configure(cache_s=4.0)
    app.sign_in(page, "admin")
    page.goto(f"{app.url}/leaks/")
    page.get_by_label("What leaked").fill(app.house.sandbox.secret(app.house.keys["plain"]))
    page.get_by_role("button", name="Find whose keys these are").click()
    page.get_by_role("button", name="Disable 1 key").click()
    page.get_by_text("CometAPI still accepts the secret").wait_for()
    page.get_by_text("seconds after the paste").wait_for()


def test_without_javascript(browser: Any, app: App) -> None:
    assert syncing.sync_slice(app.house.team, Deadline.after(20)).over
    page = browser.new_context(java_script_enabled=False).new_page()
    app.sign_in(page, "lead")
    page.goto(f"{app.url}/leaks/")
    page.get_by_label("What leaked").fill(app.house.sandbox.secret(app.house.keys["plain"]))
    page.get_by_role("button", name="Find whose keys these are").click()
    page.get_by_role("button", name="Disable 1 key").click()
    page.get_by_text("seconds after the paste").wait_for()
    page.context.close()
