"""Every page in light and dark, at three widths: axe finds nothing, nothing sticks out sideways.

SCREENSHOTS=DIR keeps a picture of each, to be looked at.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import override_settings
from django.utils import timezone

from keys.models import Person, Team, TeamSync, WorkerLane
from keys.services import jobs, schedule
from keys.services.checkpoints import make_checkpoint
from keys.services.presence import note_open
from keys.services.verification import verify_whole
from keys.types import Lane
from tests.e2e.conftest import App, Complaints
from tests.e2e.leak_ways import LEAK_PAGES
from tests.ledger.damage import put, without_guards
from tests.listing.making import forget_everything, furnish_mirror
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
    page.get_by_role("button", name=re.compile("^Save")).click()
    page.locator("#form-errors").wait_for()


def conflicting(page: Any, app: App) -> None:
    key("plain")(page, app)
    app.house.sandbox.console_edit(app.house.keys["plain"], name="Staging, from the console")
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
    page.get_by_role("button", name="Save 4 changes").wait_for()


def panel_conflicting(page: Any, app: App) -> None:
    panel(page, app)
    app.house.sandbox.console_edit(app.house.keys["restricted"], name="From the console", allow_ips="198.51.100.7")
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


def listed(path: str) -> Way:
    """After the team's keys have been read: the mirror is there, with notes, a drift, a failed try and spending."""

    def way(page: Any, app: App) -> None:
        furnish_mirror(app.house)
        at(path)(page, app)

    return way


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


PASTED = """10.0.0.1:80, 203.0.113.5/24
198.51.100.7; 198.51.100.0/24 198.51.100.7
192.0.2.1-192.0.2.6 2001:db8::/32 office.example.com"""


def allowlist(page: Any, app: App) -> None:
    """Pasted from everywhere, with an address asked about."""
    key("restricted")(page, app)
    page.get_by_label("Allowed addresses").fill(PASTED)
    page.locator(".picker__sum", has_text="8 entries").wait_for()
    page.get_by_label("Would this address be let in?").fill("198.51.100.20")
    page.get_by_text("198.51.100.20 is let in").wait_for()
    page.get_by_label("Would this address be let in?").fill("")
    page.get_by_text("198.51.100.20 is let in").wait_for(state="detached")


def pickers(page: Any, app: App) -> None:
    """Very many addresses, which open the key; the catalogue, searched, with an id that it does not have."""
    key("restricted")(page, app)
    page.get_by_label("Models", exact=True).fill("gpt-4o\nclaude-sonnet-4\nour-own/model:v1")
    page.get_by_role("button", name="Choose from the catalogue").click()
    page.get_by_label("Search the catalogue").wait_for()
    page.get_by_label("gpt-5-mini").check()
    page.get_by_text("1 not in the catalogue", exact=True).wait_for()
    page.get_by_label("Search the catalogue").fill("mini")
    page.get_by_label("Allowed addresses").fill("\n".join(f"203.0.113.{n}" for n in range(250)) + "\n0.0.0.0/0")
    page.get_by_text("This list lets in every IPv4 address").wait_for()
    page.get_by_label("Would this address be let in?").fill("203.0.113.77")
    page.get_by_text("203.0.113.77 is let in").wait_for()


def models_page(page: Any, app: App) -> None:
    """As it comes without JavaScript."""
    key("restricted")(page, app)
    page.get_by_label("Models", exact=True).fill("gpt-4o\nour-own/model:v1")
    page.evaluate("""() => {
      const button = document.querySelector("#models-catalogue button");
      const form = button.form;
      form.action = button.formAction;
      form.append(Object.assign(document.createElement("input"), {type: "hidden", name: "models", value: "open"}));
      HTMLFormElement.prototype.submit.call(form);
    }""")
    page.get_by_role("heading", name="Choose models for").wait_for()


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


def verified(page: Any, app: App) -> None:
    make_checkpoint()
    verify_whole()
    at("/history/proof/")(page, app)


def damaged(page: Any, app: App) -> None:
    with without_guards() as cursor:
        put(cursor, 1, "actor", "somebody else")
    verify_whole()
    with override_settings(CHECKPOINT_FILE=Path("/nowhere/checkpoints.jsonl")):
        make_checkpoint()
        at("/history/proof/")(page, app)


def export_refused(page: Any, app: App) -> None:
    at("/history/export/")(page, app)
    page.get_by_label("From").fill("2026-13-45")
    page.get_by_label("Key", exact=True).fill("12")
    page.get_by_role("button", name="Record and download").click()
    page.locator("#form-errors").wait_for()


PAGES: dict[str, tuple[str, Way]] = {
    "home": ("lead", listed("/")),
    "home-new": ("admin", first_day),
    "home-table": ("lead", table_open),
    "mirror": ("lead", listed("/teams/atlas/keys/")),
    "mirror-all": ("lead", listed("/keys/")),
    "mirror-filters": ("lead", listed("/keys/?expiring=14&no_allowlist=yes&group=default&sort=-used")),
    "mirror-address": ("lead", listed("/teams/atlas/keys/?address=198.51.100.7")),
    "mirror-impossible": ("lead", listed("/teams/atlas/keys/?expiring=soon&address=10.0.0.0/8&low=5&unlimited=yes")),
    "mirror-nothing": ("lead", listed("/teams/atlas/keys/?q=nowhere")),
    "mirror-gone": ("member", listed("/teams/atlas/keys/?gone=yes")),
    "mirror-secret": ("lead", searched_secret),
    "mirror-disabled": ("lead", disabled_in_mirror),
    "mirror-views": ("lead", views_open),
    "key-note": ("lead", note_form_open),
    "note": ("lead", lambda page, app: page.goto(app.url + app.house.path("plain", "note/"))),
    "secret-address": ("lead", at("/keys/?q=sk-" + "aB3dE5gH7jK9" * 4)),
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
    "key-allowlist": ("lead", allowlist),
    "key-pickers": ("lead", pickers),
    "key-models-page": ("lead", models_page),
    "key-member": ("member", key("restricted")),
    "key-refused": ("lead", refused),
    "key-conflict": ("lead", conflicting),
    "key-saved": ("lead", saved),
    "key-checking": ("lead", checking),
    "key-extended": ("lead", extended),
    "key-history": ("lead", with_history),
    "key-review": ("lead", reviewed),
    "key-kept": ("lead", kept),
    "key-others": ("lead", with_others),
    "key-usage": ("lead", used),
    "panel": ("lead", panel),
    "panel-edited": ("lead", panel_edited),
    "panel-conflict": ("lead", panel_conflicting),
    "panel-asks": ("lead", panel_asks),
    "panel-saved": ("lead", panel_saved),
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
    "proof": ("admin", at("/history/proof/")),
    "proof-verified": ("admin", verified),
    "proof-damaged": ("admin", damaged),
    "export": ("admin", at("/history/export/")),
    "export-refused": ("lead", export_refused),
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
