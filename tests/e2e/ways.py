"""How the pages of a key and of a team come about."""

import re
from collections.abc import Callable
from typing import Any

from keys.models import Person
from keys.services.presence import note_open
from tests.e2e.conftest import App
from tests.pages.house import PASSWORD

Way = Callable[[Any, App], None]


def at(path: str) -> Way:
    return lambda page, app: page.goto(app.url + path)


def key(name: str) -> Way:
    return lambda page, app: page.goto(app.url + app.house.path(name))


def refused(page: Any, app: App) -> None:
    key("restricted")(page, app)
    page.get_by_label("Allowed addresses").fill("203.0.113.5/24\n10.0.0.1:80")
    page.get_by_label("Name").fill("")
    page.get_by_role("button", name=re.compile("^Save")).click()
    page.locator("#form-errors").wait_for()


def conflicting(page: Any, app: App) -> None:
    key("plain")(page, app)
    app.house.sandbox.console_edit(
        app.house.keys["plain"], name="Staging, from the console", group="vip", unlimited_quota=True
    )
    page.get_by_label("Name").fill("Staging EU")
    page.get_by_label("Reason").fill("A better name")
    page.get_by_role("button", name=re.compile("^Save")).click()
    page.locator("#conflict").wait_for()


def saved(page: Any, app: App) -> None:
    key("plain")(page, app)
    page.get_by_label("Name").fill("Staging EU")
    page.get_by_label("Reason").fill("A better name")
    page.get_by_role("button", name=re.compile("^Save")).click()
    page.get_by_text("Saved and checked").wait_for()


def checking(page: Any, app: App) -> None:
    key("plain")(page, app)
    app.house.sandbox.fault("500_before", operation="update", times=9)
    page.get_by_label("Name").fill("Staging EU")
    page.get_by_role("button", name=re.compile("^Save")).click()
    page.get_by_text("Checking…", exact=True).wait_for()  # the button says "Saving and checking…" before that
    page.route("**/changes/**", lambda route: route.fulfill(status=204))


def panel(page: Any, app: App) -> None:
    at("/teams/atlas/keys/")(page, app)
    page.get_by_role("link", name="Customer portal").click()
    page.get_by_text("the usage log has it").wait_for()


def panel_edited(page: Any, app: App) -> None:
    panel(page, app)
    page.get_by_label("Allowed addresses").fill("203.0.113.0/24\n0.0.0.0/0")
    page.get_by_label("Never").check()
    page.get_by_label("Name", exact=True).fill("Customer portal, Zürich and Genève, production")
    page.get_by_label("Amount").fill("0")
    page.locator("[name=allow_ips_confirmed]").check()
    page.get_by_role("button", name="Save 4 changes").wait_for()


def panel_conflicting(page: Any, app: App) -> None:
    panel(page, app)
    app.house.sandbox.console_edit(app.house.keys["restricted"], name="Console", allow_ips="198.51.100.7", group="vip")
    page.get_by_label("Name", exact=True).fill("Portal EU")
    page.get_by_label("Allowed addresses").fill("203.0.113.0/24\n2001:db8::/32")
    page.get_by_role("button", name=re.compile("^Save")).click()
    page.locator("#conflict").wait_for()


def panel_asks(page: Any, app: App) -> None:
    panel(page, app)
    page.get_by_label("Amount").fill("0")
    page.keyboard.press("Escape")
    page.locator("#leave").wait_for()


def panel_saved(page: Any, app: App) -> None:
    panel(page, app)
    page.get_by_label("Amount").fill("750000")
    page.get_by_role("button", name="Save 1 change").click()
    page.locator("#toast").wait_for()
    page.locator("#editor").wait_for(state="hidden")


def extended(page: Any, app: App) -> None:
    app.house.sandbox.console_edit(app.house.keys["expired"], status=3)
    key("expired")(page, app)
    page.get_by_label("In 30 days").check()
    page.get_by_text("Sent in two steps").wait_for()


def with_history(page: Any, app: App) -> None:
    for typed in ("203.0.113.0/24, 10.0.0.0/8", "10.0.0.0/8, 192.0.2.1, 192.0.2.2"):
        key("restricted")(page, app)
        page.get_by_label("Allowed addresses").fill(typed)
        page.get_by_role("button", name="Save 1 change").click()
        page.get_by_text("Saved and checked").wait_for()
    key("restricted")(page, app)


def reviewed(page: Any, app: App) -> None:
    key("restricted")(page, app)
    page.get_by_label("Amount").fill("0")
    page.get_by_label("Name").fill("Portal EU")
    submitted(page, "review")


def kept(page: Any, app: App) -> None:
    key("restricted")(page, app)
    page.get_by_label("Name").fill("Portal EU")
    page.context.clear_cookies(name="sessionid")
    submitted(page, "plain")
    page.get_by_text("Your session has ended").wait_for()


def submitted(page: Any, button: str) -> None:
    """As a browser without JavaScript does it."""
    with page.expect_navigation():
        page.locator("#key-form").evaluate(
            """(form, name) => {
              form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value: "1" }));
              form.submit();
            }""",
            button,
        )


def with_others(page: Any, app: App) -> None:
    note_open(Person.objects.get(username="admin"), app.house.team, app.house.keys["restricted"])
    key("restricted")(page, app)


def used(page: Any, app: App) -> None:
    app.house.sandbox.spend(app.house.keys["restricted"], 40_000)
    at(app.house.path("restricted", "usage/"))(page, app)


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


def sign_in_beside(page: Any, username: str) -> None:
    """By the link that is offered, in a tab of its own."""
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in again in a new tab").click()
    beside = opened.value
    beside.get_by_label("Username").fill(username)
    beside.get_by_label("Password").fill(PASSWORD)
    beside.get_by_role("button", name="Sign in").click()
    beside.wait_for_url(lambda url: "/accounts/login/" not in url)
    beside.close()
    page.bring_to_front()
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    page.get_by_text("You are signed in again").wait_for()
