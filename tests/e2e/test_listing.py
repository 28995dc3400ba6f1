"""The list of keys in a real browser: search, filters and order move the address, Back works, and so does no script."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from keys.models import MirrorKey
from tests.e2e.conftest import App, Complaints
from tests.listing.making import altered, furnish_mirror

pytestmark = pytest.mark.browser
SECRET = "sk-" + "aB3dE5gH7jK9" * 4


@pytest.fixture
def lead(app: App, page: Any, complaints: Complaints) -> Iterator[Any]:
    complaints.expected += ["the server responded with a status of 4", "Response Status Error"]
    furnish_mirror(app.house)
    app.let_in(page, "lead")
    yield page


@pytest.fixture(params=["script", "no script"])
def either(request: pytest.FixtureRequest, app: App, browser: Any) -> Iterator[Any]:
    """With JavaScript and without."""
    furnish_mirror(app.house)
    context = browser.new_context(java_script_enabled=request.param == "script")
    page = context.new_page()
    app.sign_in(page)
    yield page
    context.close()


def names(page: Any) -> list[str]:
    return [text.split("\n")[0] for text in page.locator(".keys tbody[id] th").all_inner_texts()]


def test_search_filter_sort_and_back(either: Any, app: App) -> None:
    page = either
    page.goto(f"{app.url}/teams/atlas/keys/")
    assert len(names(page)) == 9

    page.get_by_role("searchbox").fill("anna")
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**/keys/?q=anna")
    expect(page.locator(".keys tbody[id]")).to_have_count(1)
    assert names(page) == ["Staging"]

    page.go_back()
    page.wait_for_url("**/teams/atlas/keys/")
    expect(page.locator(".keys tbody[id]")).to_have_count(9)

    page.get_by_role("link", name="Exhausted 2").click()
    page.wait_for_url("**/keys/?status=exhausted")
    expect(page.locator(".keys tbody[id]")).to_have_count(2)
    page.locator(".keys thead").get_by_role("link", name="Used").first.click()
    page.wait_for_url("**/keys/?status=exhausted&sort=-used")
    expect(page.locator("th[aria-sort='descending']")).to_contain_text("Used")
    assert names(page) == ["Evaluation run", "Batch translations"]


def test_filters_in_the_panel_and_a_view_of_ones_own(either: Any, app: App) -> None:
    page = either
    page.goto(f"{app.url}/keys/")
    page.locator(".search__more summary").click()
    page.get_by_label("Expires within").fill("14")
    page.get_by_role("button", name="Show these keys").click()
    page.wait_for_url("**/keys/?expiring=14")
    expect(page.locator(".keys tbody[id]")).to_have_count(1)

    page.locator(".views summary").click()
    page.get_by_label("Name for what is filtered now").fill("Soon over")
    page.get_by_role("button", name="Save view").click()
    page.get_by_text("View “Soon over” saved.").wait_for()
    page.goto(f"{app.url}/teams/atlas/keys/")
    page.locator(".views summary").click()
    page.get_by_role("link", name="Soon over").click()
    page.wait_for_url("**/teams/atlas/keys/?expiring=14")
    assert names(page) == ["Customer portal"]


def test_a_secret_never_gets_into_the_address(either: Any, app: App) -> None:
    page, asked = either, []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{app.url}/teams/atlas/keys/")
    page.get_by_role("searchbox").fill(SECRET)
    page.get_by_role("button", name="Search").click()

    page.get_by_text("This looks like a secret").wait_for()

    assert not any(SECRET[3:15] in url for url in [page.url, *asked])
    assert SECRET[3:15] not in page.content()


def test_a_key_is_disabled_from_the_row(either: Any, app: App) -> None:
    page = either
    page.goto(f"{app.url}/keys/?q=staging")

    page.get_by_role("button", name="Disable Staging").click()

    page.get_by_text(re.compile("Reads disabled at CometAPI")).first.wait_for()
    assert app.house.stored("plain")["status"] == 2


def test_the_counts_over_the_list_tell_what_a_press_on_a_row_did(lead: Any, app: App) -> None:
    lead.goto(f"{app.url}/teams/atlas/keys/?sort=name")
    counts = lead.get_by_role("navigation", name="Keys by status")
    expect(counts).to_contain_text("Disabled 1")

    lead.get_by_role("button", name="Disable Staging").click()
    expect(counts).to_contain_text("Disabled 2")
    expect(lead.get_by_text("Reads disabled at CometAPI")).to_be_visible()
    expect(lead.locator(".notice:focus")).to_be_visible()

    lead.get_by_role("button", name="Undo: enable it again").click()
    expect(counts).to_contain_text("Disabled 1")
    # And when a listing behind the page has ended.
    MirrorKey.objects.filter(key_id=app.house.keys["unlimited"]).update(status=2)
    altered(app.house.team)
    lead.locator(".keys .notice").wait_for()
    lead.evaluate("document.querySelector('.keys .notice').remove()")
    lead.evaluate("htmx.trigger(document.body, 'keys-listed')")
    expect(counts).to_contain_text("Disabled 2")


def test_owner_and_tags_from_the_keys_page(either: Any, app: App) -> None:
    page = either
    page.goto(app.url + app.house.path("expired"))
    page.locator("#note summary").click()
    page.locator("#note").get_by_label("Owner").fill("Bo Ek")
    page.locator("#note").get_by_label("Tags").fill("old, importer")
    page.get_by_role("button", name="Save owner, purpose and tags").click()
    page.locator("#note").get_by_text("Bo Ek").wait_for()

    page.goto(f"{app.url}/keys/?owner=bo+ek")
    assert names(page) == ["Old importer"]


def test_the_whole_list_by_the_keyboard(lead: Any, app: App) -> None:
    lead.goto(f"{app.url}/keys/")
    lead.get_by_role("searchbox").focus()
    lead.keyboard.type("portal")
    lead.keyboard.press("Enter")
    expect(lead.locator(".keys tbody[id]")).to_have_count(1)
    expect(lead.locator(":focus")).to_have_id("id_q")


def test_a_press_that_replaces_its_own_link_keeps_the_focus_and_tells_the_count(lead: Any, app: App) -> None:
    lead.goto(f"{app.url}/keys/")
    told = lead.locator("#announced")
    expect(told).to_be_empty()
    for link, text in (("Used", "1 to 9 of 9"), ("Exhausted 2", "1 to 2 of 2")):
        lead.get_by_role("link", name=link).first.focus()
        lead.keyboard.press("Enter")
        expect(told).to_have_text(text)
        expect(lead.locator(":focus")).to_contain_text(link)
    lead.get_by_role("searchbox").fill("nothing like it")
    lead.keyboard.press("Enter")
    expect(told).to_have_text("No key is like this")


def test_who_pages_by_the_keyboard_stands_on_the_way_on_at_either_end_too(lead: Any, app: App) -> None:
    one = MirrorKey.objects.values().first()
    assert one
    more = [{**one, "id": None, "key_id": 5000 + n, "name": f"copy {n}", "fingerprint": ""} for n in range(50)]
    MirrorKey.objects.bulk_create([MirrorKey(**row) for row in more])
    lead.goto(f"{app.url}/keys/")
    lead.get_by_role("link", name="Next").focus()
    lead.keyboard.press("Enter")
    lead.get_by_text("Page 2 of 2").wait_for()
    expect(lead.locator(":focus")).to_have_text("Next")
    expect(lead.locator(":focus")).to_have_attribute("aria-disabled", "true")
    lead.keyboard.press("Shift+Tab")
    expect(lead.locator(":focus")).to_have_text("Previous")
    lead.keyboard.press("Enter")
    lead.get_by_text("Page 1 of 2").wait_for()
    expect(lead.locator(":focus")).to_have_text("Previous")
    lead.keyboard.press("Tab")
    expect(lead.locator(":focus")).to_have_text("Next")


def test_on_a_small_laptop_the_table_moves_by_itself_and_its_buttons_stay_in_sight(either: Any, app: App) -> None:
    page = either
    page.set_viewport_size({"width": 970, "height": 800})
    page.goto(f"{app.url}/teams/atlas/keys/")

    edge = page.get_by_role("button", name="Disable Staging").evaluate("one => one.getBoundingClientRect().right")
    assert edge <= 970
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
    assert page.locator("table.keys").evaluate("one => one.scrollWidth > one.clientWidth")
