"""Every page in light and dark, at three widths: axe finds nothing, nothing sticks out sideways.

SCREENSHOTS=DIR keeps a picture of each, to be looked at.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.e2e.conftest import App, Complaints

pytestmark = pytest.mark.browser
SIZES = [(360, 740), (1280, 800), (1920, 1080)]
Way = Callable[[Any, App], None]


def at(path: str) -> Way:
    return lambda page, app: page.goto(app.url + path)


def key(name: str) -> Way:
    return lambda page, app: page.goto(app.url + app.house.path(name))


def refused(page: Any, app: App) -> None:
    key("restricted")(page, app)
    page.get_by_label("Allowed addresses").fill("203.0.113.5/24\n10.0.0.1:80")
    page.get_by_label("Name").fill("")
    page.get_by_role("button", name="Save changes").click()
    page.locator("#form-errors").wait_for()


def conflicting(page: Any, app: App) -> None:
    key("plain")(page, app)
    app.house.sandbox.console_edit(app.house.keys["plain"], name="Staging, from the console")
    page.get_by_label("Name").fill("Staging EU")
    page.get_by_label("Reason").fill("A better name")
    page.get_by_role("button", name="Save changes").click()
    page.locator("#conflict").wait_for()


def saved(page: Any, app: App) -> None:
    key("plain")(page, app)
    page.get_by_label("Name").fill("Staging EU")
    page.get_by_label("Reason").fill("A better name")
    page.get_by_role("button", name="Save changes").click()
    page.get_by_text("Saved and checked").wait_for()


def checking(page: Any, app: App) -> None:
    key("plain")(page, app)
    app.house.sandbox.fault("500_before", operation="update", times=9)
    page.get_by_label("Name").fill("Staging EU")
    page.get_by_role("button", name="Save changes").click()
    page.get_by_text("Checking…", exact=True).wait_for()  # the button says "Saving and checking…" before that
    page.route("**/changes/**", lambda route: route.fulfill(status=204))


def disabled_in_list(page: Any, app: App) -> None:
    at("/teams/atlas/keys/")(page, app)
    page.get_by_role("button", name="Disable Batch translations").click()
    page.get_by_text("Reads disabled at CometAPI").wait_for()


def in_trouble(page: Any, app: App) -> None:
    app.house.sandbox.fault("401_json", operation="list", times=9)
    at("/teams/atlas/keys/")(page, app)


def menu_open(page: Any, app: App) -> None:
    at("/teams/")(page, app)
    page.locator(".menu summary").click()


def history_told(page: Any, app: App) -> None:
    """A few things that happened: an allowlist widened, a disable, a refusal, one that nobody knows the end of."""
    saved(page, app)
    key("restricted")(page, app)
    page.get_by_label("Allowed addresses").fill("203.0.113.0/24\n2001:db8::/32\n10.1.0.0/16")
    page.get_by_label("Reason").fill("The new office in Leipzig; the old one is given up")
    page.get_by_role("button", name="Save changes").click()
    page.get_by_text("Saved and checked").wait_for()
    disabled_in_list(page, app)
    app.house.sandbox.fault("refusal", operation="update", times=1, message="no access to group <b>vip</b>")
    key("hostile")(page, app)
    page.get_by_label("Group", exact=True).select_option("vip")
    page.get_by_role("button", name="Save changes").click()
    page.locator("#form-errors, .notice--bad").first.wait_for()
    app.house.sandbox.fault("500_before", operation="update", times=9)
    key("arabic")(page, app)
    page.get_by_label("Amount").fill("7000000")
    page.get_by_role("button", name="Save changes").click()
    page.locator(".notice--warn").first.wait_for()
    app.house.sandbox.fault("503", operation="get", times=99)


def history(query: str) -> Way:
    def way(page: Any, app: App) -> None:
        history_told(page, app)
        at(f"/history/{query}")(page, app)
        if page.locator("#filters").count() and query == "?":
            page.locator("#filters summary").click()

    return way


def restoring(page: Any, app: App) -> None:
    saved(page, app)
    at("/history/")(page, app)
    page.get_by_role("link", name="Record 2", exact=True).click()
    page.get_by_role("link", name="Bring back the settings from before this").click()
    page.locator("#restored").wait_for()


def record_of_a_change(page: Any, app: App) -> None:
    saved(page, app)
    at("/history/2/")(page, app)


def undone(page: Any, app: App) -> None:
    saved(page, app)
    page.get_by_role("button", name="Undo this change").click()
    page.locator("#key-history a").nth(1).wait_for()


PAGES: dict[str, tuple[str, Way]] = {
    "teams": ("lead", at("/teams/")),
    "menu": ("lead", menu_open),
    "keys": ("lead", at("/teams/atlas/keys/")),
    "keys-member": ("member", at("/teams/atlas/keys/")),
    "keys-beyond": ("lead", at("/teams/atlas/keys/?page=9")),
    "keys-trouble": ("lead", in_trouble),
    "keys-no-token": ("lead", at("/teams/boreas/keys/")),
    "keys-disabled": ("lead", disabled_in_list),
    "key": ("lead", key("restricted")),
    "key-overspent": ("lead", key("overspent")),
    "key-hostile": ("lead", key("hostile")),
    "key-arabic": ("lead", key("arabic")),
    "key-member": ("member", key("restricted")),
    "key-refused": ("lead", refused),
    "key-conflict": ("lead", conflicting),
    "key-saved": ("lead", saved),
    "key-checking": ("lead", checking),
    "not-found": ("lead", at("/nowhere/")),
    "forbidden": ("lead", at("/people/")),
    "team-admin": ("admin", at("/teams/atlas/")),
    "team-new": ("admin", at("/teams/new/")),
    "team": ("lead", at("/teams/atlas/")),
    "people": ("admin", at("/people/")),
    "person": ("admin", at("/people/1/")),
    "person-new": ("admin", at("/people/new/")),
    "history": ("lead", history("")),
    "history-filters": ("lead", history("?")),
    "history-found": ("lead", history("?team=atlas&field=allow_ips&value=10.1.0")),
    "history-empty": ("lead", history("?text=nothing+like+this")),
    "history-impossible": ("lead", at("/history/?team=nowhere&since=yesterday&teem=1")),
    "history-key": ("lead", lambda page, app: history(f"?team=atlas&key={app.house.keys['arabic']}")(page, app)),
    "history-secret": ("lead", at("/history/?text=sk-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKL")),
    "record": ("admin", at("/history/1/")),
    "record-change": ("lead", record_of_a_change),
    "key-restoring": ("lead", restoring),
    "key-undone": ("lead", undone),
    "profile": ("lead", at("/profile/")),
    "password": ("lead", at("/accounts/password/change/")),
}
ON_PURPOSE = [
    "the server responded with a status of 4",
    "the server responded with a status of 5",
    "Response Status Error",
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_page_looks_right(page: Any, app: App, complaints: Complaints, name: str, scheme: str) -> None:
    username, way = PAGES[name]
    complaints.expected += ON_PURPOSE
    page.emulate_media(color_scheme=scheme)
    app.sign_in(page, username)
    way(page, app)
    # While htmx settles it carries attributes over, also those that the driver writes for a picture or a measurement.
    page.wait_for_timeout(200)

    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        sticking_out = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        keep(page, f"{name}-{width}-{scheme}")
        assert sticking_out == 0, f"{sticking_out} px at {width}"
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_sign_in_looks_right(page: Any, app: App, complaints: Complaints, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{app.url}/")

    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        keep(page, f"login-{width}-{scheme}")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


def keep(page: Any, name: str) -> None:
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
