"""The mirror in a real browser: a list that reads itself anew, and a key put back, with JavaScript and without."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from keys.models import MirrorKey, TeamSync
from tests.e2e.conftest import App, Complaints
from tests.listing.making import furnish_mirror
from tests.mirror.support import sync

pytestmark = pytest.mark.browser


def grown(app: App, settings: Any) -> int:
    """So many keys that one request does not read them all."""
    settings.WAITS = replace(settings.WAITS, slice_s=0.0)
    for number in range(150):
        app.house.sandbox.add_key(app.house.account, name=f"key {number}")
    return 150 + len(app.house.keys)


def test_an_old_list_reads_itself_anew(app: App, page: Any, complaints: Complaints, settings: Any) -> None:
    total = grown(app, settings)
    app.let_in(page, "lead")

    page.goto(f"{app.url}/teams/atlas/sync/")

    expect(page.get_by_text("List as of")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("button", name="Read again")).to_be_visible()
    assert MirrorKey.objects.count() == total
    assert len(app.house.sandbox.requests(operation="list")) == 2


def test_a_list_straight_from_cometapi_stays_under_an_open_key_and_is_offered_anew(
    app: App, page: Any, complaints: Complaints, settings: Any
) -> None:
    total = grown(app, settings)
    app.sign_in(page)
    page.goto(app.url + app.house.list_path)
    expect(page.get_by_text(f"{total} keys, as CometAPI has them now")).to_be_visible()
    page.get_by_role("link", name="key 149").click()
    page.get_by_label("Name", exact=True).fill("Typed meanwhile")
    page.locator("#sync a").wait_for(state="attached")
    assert page.get_by_label("Name", exact=True).input_value() == "Typed meanwhile"

    page.goto(app.url + page.locator("#sync a").get_attribute("href"))
    expect(page.get_by_role("searchbox")).to_be_visible()


def test_an_old_list_of_all_teams_reads_itself_anew_and_what_is_typed_stays(
    app: App, page: Any, complaints: Complaints
) -> None:
    furnish_mirror(app.house)
    TeamSync.objects.update(tried_at=timezone.now() - timedelta(hours=3))
    app.house.sandbox.console_edit(app.house.keys["plain"], name="Staging anew", status=2)
    app.let_in(page, "lead")
    held: list[Any] = []
    page.route("**/keys/sync/**", lambda route: held.append(route), times=1)

    with page.expect_request("**/keys/sync/**"):
        page.goto(f"{app.url}/keys/")
    page.get_by_role("searchbox").fill("typed")
    held[0].continue_()

    expect(page.locator(".keys")).to_contain_text("Staging anew")
    expect(page.get_by_role("navigation", name="Keys by status")).to_contain_text("Disabled 2")
    expect(page.locator("#sync")).to_contain_text("Read from CometAPI just now")
    expect(page.get_by_role("button", name="Read again")).to_be_visible()
    expect(page.get_by_role("searchbox")).to_have_value("typed")


def test_what_is_looked_for_before_the_first_reading_is_answered_after_it(
    app: App, page: Any, complaints: Complaints, settings: Any
) -> None:
    grown(app, settings)
    app.let_in(page, "lead")
    page.goto(f"{app.url}/teams/atlas/keys/?q=key+149")

    page.get_by_role("link", name="key 149").wait_for(timeout=30_000)

    expect(page.locator(".keys tbody[id]")).to_have_count(1)
    expect(page.get_by_text("These keys cannot be searched yet")).to_have_count(0)


def test_it_is_read_and_a_key_put_back_without_javascript(app: App, browser: Any, settings: Any) -> None:
    total = grown(app, settings)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    app.sign_in(page)
    page.goto(f"{app.url}/teams/atlas/sync/")
    page.get_by_role("button", name="Read again").click()
    expect(page.get_by_text(f"100 of {total} keys read")).to_be_visible()
    page.get_by_role("button", name="Go on reading").click()
    expect(page.get_by_text("List as of")).to_be_visible()

    app.house.sandbox.console_edit(app.house.keys["disabled"], status=1)
    sync(app.house.team)
    page.goto(f"{app.url}/teams/")
    page.get_by_role("link", name="See what happened, and disable it again").click()
    page.get_by_role("button", name="Put Leaver's laptop back as it was").click()

    expect(page.get_by_text("Reads disabled at CometAPI")).to_be_visible()
    assert app.house.stored("disabled")["status"] == 2
    page.goto(f"{app.url}/teams/")
    expect(page.get_by_role("alert")).to_have_count(0)
    context.close()
