"""How the list, home, drift and the worker's pages come about."""

import re
from collections.abc import Callable
from typing import Any

from django.utils import timezone

from keys.models import Team, TeamSync, WorkerLane
from keys.services import jobs, schedule
from keys.types import Lane
from tests.e2e.conftest import App
from tests.e2e.ways import at, key
from tests.listing.making import forget_everything, furnish_mirror
from tests.mirror.support import sync

Way = Callable[[Any, App], None]


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


def drifted_and_gone(page: Any, app: App) -> None:
    """The one back from the dead was deleted since."""
    drifted(page, app)
    app.house.sandbox.console_delete(app.house.keys["disabled"])
    sync(app.house.team)
    at("/teams/atlas/drift/")(page, app)


def drift_dry(page: Any, app: App) -> None:
    """A disabled key that was enabled and ran dry before it was read again; CometAPI counts more keys than it lists."""
    house = app.house
    sync(house.team)
    house.sandbox.console_edit(house.keys["disabled"], status=4, remain_quota=0)
    house.sandbox.fault("wrong_total", operation="list", times=99)
    sync(house.team)
    at("/teams/atlas/drift/")(page, app)


def drift_waiting(page: Any, app: App) -> None:
    """One that CometAPI does not let be read by its id."""
    house = app.house
    sync(house.team)
    house.sandbox.console_edit(house.keys["plain"], name="renamed")
    house.sandbox.fault("500_before", operation="get", key_id=house.keys["plain"], times=99)
    sync(house.team)
    at("/teams/atlas/drift/")(page, app)


def drift_for_good(page: Any, app: App) -> None:
    """Beside such a one, a key that was exhausted: nobody can put that back."""
    house = app.house
    house.sandbox.console_edit(house.keys["restricted"], status=4)
    sync(house.team)
    house.sandbox.console_edit(house.keys["restricted"], status=1)
    drift_waiting(page, app)


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
    page.route(re.compile("/sync/"), lambda route: route.continue_() if route.request.is_navigation_request() else None)
    at("/teams/atlas/sync/")(page, app)


def all_being_read(page: Any, app: App) -> None:
    """The list of all teams, while the worker reads one of them."""
    furnish_mirror(app.house)
    now = timezone.now()
    WorkerLane.objects.create(name="host:1", lane="ordinary", started_at=now, heartbeat_at=now, doing="sync atlas")
    TeamSync.objects.update(running_since=now, heartbeat_at=now, total=10_000, done=3_400, trouble="")
    at("/keys/")(page, app)


def never_read(page: Any, app: App) -> None:
    """A link with filters, followed while the keys are read for the first time."""
    being_read(page, app)
    at("/teams/atlas/keys/?q=staging&group=default")(page, app)


def status_busy(page: Any, app: App) -> None:
    being_read(page, app)
    jobs.enqueue("sync", app.house.team, asked_by="Lena Lead")
    schedule.run_scheduled("prune")
    TeamSync.objects.create(team=Team.objects.get(slug="boreas"), trouble="token_refused", message="Invalid token")
    schedule.claim_due(Lane.ORDINARY)
    at("/status/")(page, app)


def listed(path: str) -> Way:
    """After the team's keys have been read: the mirror is there, with notes, a drift, a failed try and spending."""

    def way(page: Any, app: App) -> None:
        furnish_mirror(app.house)
        at(path)(page, app)

    return way


def first_day(page: Any, app: App) -> None:
    forget_everything()
    at("/")(page, app)


def searched_secret(page: Any, app: App) -> None:
    listed("/teams/atlas/keys/")(page, app)
    page.get_by_role("searchbox").fill("sk-" + "aB3dE5gH7jK9" * 4)
    page.get_by_role("button", name="Search").click()
    page.get_by_text("This looks like a secret").wait_for()


def disabled_in_mirror(page: Any, app: App) -> None:
    listed("/teams/atlas/keys/")(page, app)
    page.get_by_role("button", name="Disable Batch translations").click()
    page.get_by_text("Reads disabled at CometAPI").wait_for()


def views_open(page: Any, app: App) -> None:
    listed("/teams/atlas/keys/?expiring=14")(page, app)
    page.locator(".views summary").click()


def note_form_open(page: Any, app: App) -> None:
    furnish_mirror(app.house)
    key("plain")(page, app)
    page.locator("#note summary").click()


def table_open(page: Any, app: App) -> None:
    listed("/")(page, app)
    page.locator(".chart summary").first.click()
