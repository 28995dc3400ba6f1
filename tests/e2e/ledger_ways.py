"""How the history, restoring and the pages of evidence come about."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.test import override_settings
from django.utils import timezone

from keys.models import ExportRun, Person
from keys.services.checkpoints import make_checkpoint
from keys.services.verification import verify_whole
from tests.e2e.conftest import App
from tests.e2e.ways import at, disabled_in_list, key, saved
from tests.ledger.damage import put, without_guards

Way = Callable[[Any, App], None]
SAVE = re.compile("^Save")  # then how many changes, once they are counted


def history_told(page: Any, app: App) -> None:
    """A few things that happened: an allowlist widened, a disable, a refusal, one that nobody knows the end of."""
    saved(page, app)
    key("restricted")(page, app)
    page.get_by_label("Allowed addresses").fill("203.0.113.0/24\n2001:db8::/32\n10.1.0.0/16")
    page.get_by_label("Reason").fill("The new office in Leipzig; the old one is given up")
    page.get_by_role("button", name=SAVE).click()
    page.get_by_text("Saved and checked").wait_for()
    disabled_in_list(page, app)
    app.house.sandbox.fault("refusal", operation="update", times=1, message="no access to group <b>vip</b>")
    key("hostile")(page, app)
    page.get_by_label("Group", exact=True).select_option("vip")
    page.get_by_role("button", name=SAVE).click()
    page.locator("#form-errors, .notice--bad").first.wait_for()
    app.house.sandbox.fault("500_before", operation="update", times=9)
    key("arabic")(page, app)
    page.get_by_label("Amount").fill("7000000")
    page.get_by_role("button", name=SAVE).click()
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


def ledger_alarm(page: Any, app: App) -> None:
    damaged(page, app)
    at("/teams/")(page, app)


def exports_of_all_kinds(page: Any, app: App) -> None:
    """With filters, what matches them, and exports that are counted, sent, whole and broken off."""
    saved(page, app)
    person = Person.objects.get(username="lead")
    about = {"person_id": str(person.pk), "begun_at": timezone.now(), "moved_at": timezone.now()}
    for news in (
        {"state": "stopped", "form": "bundle", "found": 1_204_551, "seq": 1, "done": 400_000, "total": 2_409_102},
        {
            "state": "whole",
            "form": "csv",
            "found": 12_345,
            "seq": 2,
            "done": 12_345,
            "total": 12_345,
            "size": 9_876_543,
        },
        {"state": "sending", "form": "jsonl", "found": 12_345, "seq": 2, "done": 5_000, "total": 12_345},
        {"state": "counting", "form": "bundle", "found": 87_000},
    ):
        ExportRun.objects.create(**about, **news)
    at("/history/export/?team=atlas&field=name")(page, app)
    page.locator("progress").wait_for()


def export_refused(page: Any, app: App) -> None:
    at("/history/export/")(page, app)
    page.get_by_label("From").fill("2026-13-45")
    page.get_by_label("Key number").fill("twelve")
    page.get_by_role("button", name="Record and download").click()
    page.locator("#form-errors").wait_for()
