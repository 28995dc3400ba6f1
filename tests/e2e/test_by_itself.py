"""What a page asks by itself, over and over, takes nothing from whoever is at it: no letters, no focus, no notice."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import App, Complaints
from tests.e2e.leak_ways import paste

pytestmark = pytest.mark.browser


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
