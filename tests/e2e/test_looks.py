"""Every page in light and dark, at three widths: axe finds nothing, nothing sticks out sideways.

SCREENSHOTS=DIR keeps a picture of each, to be looked at.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone

from keys.models import Team, TeamSync, WorkerLane
from keys.services import jobs, schedule
from keys.types import Lane
from tests.e2e.conftest import App, Complaints
from tests.e2e.leak_ways import LEAK_PAGES
from tests.mirror.support import sync

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
    page.get_by_text("Checking…").first.wait_for()
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


def drifted(page: Any, app: App) -> None:
    """Three keys changed elsewhere: one opened wide, one renamed, one back from the dead."""
    house = app.house
    sync(house.team)
    opened = {"allow_ips": "", "expired_time": -1, "remain_quota": 9_000_000}
    house.sandbox.console_edit(house.keys["restricted"], **opened)
    house.sandbox.console_edit(house.keys["hostile"], name="<b>renamed</b> in the console")
    house.sandbox.console_edit(house.keys["disabled"], status=1)
    sync(house.team)
    at("/teams/atlas/drift/")(page, app)


def drift_refused(page: Any, app: App) -> None:
    drifted(page, app)
    page.get_by_label("Why it is all right").first.fill("sk-abcdEFGH1234567890abcdEFGH1234567890abcdEFGH1234")
    page.get_by_role("button", name="Accept the change").first.click()
    page.get_by_text("This looks like a secret").wait_for()


def key_drifted(page: Any, app: App) -> None:
    drifted(page, app)
    key("restricted")(page, app)


def record_of_drift(page: Any, app: App) -> None:
    drifted(page, app)
    page.get_by_role("link", name="Record 4").click()


def alarmed(page: Any, app: App) -> None:
    drifted(page, app)
    at("/teams/")(page, app)


def being_read(page: Any, app: App) -> None:
    now = timezone.now()
    WorkerLane.objects.create(name="host:1", lane="ordinary", started_at=now, heartbeat_at=now, doing="sync atlas")
    TeamSync.objects.create(
        team=app.house.team, running_since=now, heartbeat_at=now, tried_at=now, total=10_000, done=3_400
    )
    page.route("**/sync/", lambda route: route.continue_() if route.request.is_navigation_request() else None)
    at("/teams/atlas/sync/")(page, app)


def status_busy(page: Any, app: App) -> None:
    being_read(page, app)
    jobs.enqueue("sync", app.house.team, asked_by="Lena Lead")
    schedule.run_scheduled("prune")
    TeamSync.objects.create(team=Team.objects.get(slug="boreas"), trouble="token_refused", message="Invalid token")
    schedule.claim_due(Lane.ORDINARY)
    at("/status/")(page, app)


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
    "drift": ("lead", drifted),
    "drift-refused": ("lead", drift_refused),
    "drift-none": ("lead", at("/teams/atlas/drift/")),
    "drift-key": ("lead", key_drifted),
    "drift-record": ("lead", record_of_drift),
    "alarm": ("admin", alarmed),
    "being-read": ("member", being_read),
    "status": ("admin", at("/status/")),
    "status-busy": ("admin", status_busy),
    "history": ("admin", at("/history/")),
    "record": ("admin", at("/history/1/")),
    "profile": ("lead", at("/profile/")),
    "password": ("lead", at("/accounts/password/change/")),
    **LEAK_PAGES,
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
