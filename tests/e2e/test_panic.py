"""All keys of a team, in the browser: pressed, disabled, enabled again; by keyboard alone; without a worker."""

from typing import Any

import pytest

from keys.models import Panic
from tests.e2e.conftest import App, Complaints
from tests.e2e.panic_ways import listed, worker

pytestmark = pytest.mark.browser


def statuses(app: App) -> set[int]:
    return {app.house.stored(name)["status"] for name in app.house.keys}


def test_press_all_disabled_and_back_by_keyboard_on_a_phone(page: Any, app: App, complaints: Complaints) -> None:
    listed(app)
    page.set_viewport_size({"width": 360, "height": 740})
    app.sign_in(page)
    page.goto(f"{app.url}/teams/atlas/keys/")
    page.get_by_role("link", name="Disable all keys of this team").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Type the number").focus()
    page.keyboard.insert_text("9")
    page.keyboard.press("Tab")
    page.keyboard.insert_text("stolen")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Disable 9 keys"
    with worker():
        page.keyboard.press("Enter")
        page.get_by_text("All 9 read disabled").wait_for(timeout=60_000)
        assert statuses(app) == {2}
        page.get_by_role("button", name="Enable these 9 keys again").focus()
        page.keyboard.press("Enter")
        page.get_by_text("What is undone by this").wait_for()
        page.get_by_text("It has ended without all of it").wait_for(timeout=60_000)
    assert app.house.stored("plain")["status"] == 1 and app.house.stored("disabled")["status"] == 2
    assert {item.name for item in Panic.objects.latest("pk").items.exclude(state="done")} >= {"Old importer"}


def test_without_a_worker_the_open_page_goes_on_by_itself(page: Any, app: App, complaints: Complaints) -> None:
    listed(app)
    app.sign_in(page, "admin")
    page.goto(f"{app.url}/teams/atlas/panic/")
    page.get_by_label("Type the number").fill("9")
    page.get_by_role("button", name="Disable 9 keys").click()
    page.get_by_text("No background worker is running").first.wait_for()
    page.get_by_text("All 9 read disabled").wait_for(timeout=60_000)
    assert statuses(app) == {2}


def test_without_javascript(browser: Any, app: App) -> None:
    listed(app)
    page = browser.new_context(java_script_enabled=False).new_page()
    app.sign_in(page)
    page.goto(f"{app.url}/teams/atlas/panic/")
    page.get_by_label("Type the number").fill("9")
    page.get_by_role("button", name="Disable 9 keys").click()
    for _ in range(60):
        if page.get_by_text("All 9 read disabled").count():
            break
        page.get_by_role("button", name="Go on now").click()
        page.wait_for_load_state()
    assert statuses(app) == {2}
    page.context.close()
