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
from tests.e2e.leak_ways import LEAK_PAGES
from tests.e2e.ledger_ways import (
    damaged,
    export_refused,
    exports_of_all_kinds,
    history,
    ledger_alarm,
    record_of_a_change,
    restoring,
    undone,
    verified,
)
from tests.e2e.list_ways import (
    alarmed,
    all_being_read,
    being_read,
    disabled_in_mirror,
    drift_dry,
    drift_for_good,
    drift_refused,
    drift_waiting,
    drifted,
    drifted_and_gone,
    first_day,
    key_drifted,
    listed,
    never_read,
    note_form_open,
    record_of_drift,
    searched_secret,
    status_busy,
    table_open,
    views_open,
)
from tests.e2e.panic_ways import PANIC_PAGES
from tests.e2e.picker_ways import allowlist, models_page, pickers
from tests.e2e.ways import (
    at,
    checking,
    conflicting,
    disabled_in_list,
    extended,
    in_trouble,
    kept,
    key,
    menu_open,
    panel,
    panel_asks,
    panel_conflicting,
    panel_edited,
    panel_saved,
    refused,
    reviewed,
    saved,
    used,
    with_history,
    with_others,
)

pytestmark = pytest.mark.browser
SIZES = [(360, 740), (1280, 800), (1920, 1080)]
VIEWS = [(scheme, *size) for scheme in ("light", "dark") for size in SIZES]
LOOKED_AT = [VIEWS[0], VIEWS[2], VIEWS[1], VIEWS[4]]
WIDEST = SIZES[-1][0]
Way = Callable[[Any, App], None]


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
    "mirror-unread": ("lead", never_read),
    "mirror-all-read": ("lead", all_being_read),
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
    "team-trouble": ("member", listed("/teams/atlas/")),
    "people": ("admin", at("/people/")),
    "person": ("admin", at("/people/1/")),
    "person-new": ("admin", at("/people/new/")),
    "drift": ("lead", drifted),
    "drift-refused": ("lead", drift_refused),
    "drift-gone": ("lead", drifted_and_gone),
    "drift-dry": ("lead", drift_dry),
    "drift-for-good": ("lead", drift_for_good),
    "drift-waiting": ("lead", drift_waiting),
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
    "history-person": ("admin", at("/history/?person=lead")),
    "history-secret": ("lead", at("/history/?text=sk-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKL")),
    "record": ("admin", at("/history/1/")),
    "record-change": ("lead", record_of_a_change),
    "key-restoring": ("lead", restoring),
    "key-undone": ("lead", undone),
    "proof": ("admin", at("/history/proof/")),
    "proof-verified": ("admin", verified),
    "proof-damaged": ("admin", damaged),
    "ledger-alarm": ("admin", ledger_alarm),
    "export": ("admin", at("/history/export/")),
    "export-refused": ("lead", export_refused),
    "export-runs": ("lead", exports_of_all_kinds),
    "profile": ("lead", at("/profile/")),
    "password": ("lead", at("/accounts/password/change/")),
    **LEAK_PAGES,
    **PANIC_PAGES,
}
ON_PURPOSE = [
    "the server responded with a status of 4",
    "the server responded with a status of 5",
    "Response Status Error",
]


@pytest.mark.parametrize("name", PAGES)
def test_page_looks_right(page: Any, app: App, complaints: Complaints, name: str) -> None:
    username, way = PAGES[name]
    complaints.expected += ON_PURPOSE
    app.let_in(page, username)
    way(page, app)
    # While htmx settles it carries attributes over, also those that the driver writes for a picture or a measurement.
    page.wait_for_timeout(200)

    looks_right(page, name)


def test_sign_in_looks_right(page: Any, app: App, complaints: Complaints) -> None:
    page.goto(f"{app.url}/")

    looks_right(page, "login")


def looks_right(page: Any, name: str) -> None:
    """Widths are the same in both schemes; colours the same at all widths, so that dark is asked about at one.

    The widest has what the middle one has, with more air: axe is not asked again.
    """
    shown = ""
    for scheme, width, height in VIEWS if os.environ.get("SCREENSHOTS") else LOOKED_AT:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": height})
        if scheme != shown:
            page.wait_for_timeout(250)  # colours move from one scheme to the other
        shown = scheme
        sticking_out = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        keep(page, f"{name}-{width}-{scheme}")
        assert sticking_out == 0, f"{sticking_out} px at {width}"
        if width < WIDEST:
            found = Axe().run(page)
            assert found.violations_count == 0, found.generate_report()


def keep(page: Any, name: str) -> None:
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
