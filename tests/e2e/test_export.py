"""An auditor, in a real browser: from the history's proof to a bundle that the script calls proven."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from keys.services import export_lines, export_runs, exporting
from tests.e2e.conftest import App, Complaints
from tests.export.support import outside, rows
from tests.ledger.making import append

pytestmark = pytest.mark.browser


def test_an_auditor_takes_a_bundle_along(page: Any, app: App, complaints: Complaints, tmp_path: Path) -> None:
    app.sign_in(page, "admin")
    page.goto(f"{app.url}/history/proof/")
    page.get_by_role("link", name="Export an evidence bundle").click()
    page.get_by_label("Team").select_option("atlas")

    with page.expect_download() as download:
        page.get_by_role("button", name="Record and download").click()
    download.value.save_as(tmp_path / "bundle.zip")

    verdict = outside(tmp_path / "bundle.zip")
    assert (verdict.code, "counted by team_n" in verdict.said) == (0, True), verdict.said


def test_what_the_history_shows_is_what_is_exported(
    page: Any, app: App, complaints: Complaints, tmp_path: Path
) -> None:
    for n in range(3):
        append(reason="the new office" if n else "another one")
    app.sign_in(page, "admin")
    page.goto(f"{app.url}/history/?text=office")
    page.get_by_role("link", name="Export…").click()

    expect(page.locator("#matching")).to_contain_text(
        "2 records match the filters that this page came with, told as 2 entries"
    )
    page.get_by_label("JSON Lines").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Record and download").click()
    download.value.save_as(tmp_path / "found.jsonl")

    assert {row["record"]["reason"] for row in rows((tmp_path / "found.jsonl").read_text())} == {"the new office"}
    expect(page.locator("#exports")).to_contain_text("Sent whole")


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Exports stop in the middle until this is set."""
    go_on, shipped = threading.Event(), export_lines.json_pieces

    def halting(export: exporting.Export) -> Iterator[bytes]:
        for n, piece in enumerate(shipped(export)):
            if n == 3:
                go_on.wait(60)
            yield piece

    monkeypatch.setattr(export_lines, "json_pieces", halting)
    monkeypatch.setattr(export_lines, "PIECE", 1)
    monkeypatch.setattr(export_runs, "TOLD_EVERY_S", 0.0)
    yield go_on
    go_on.set()


def test_it_is_seen_how_far_it_is(
    page: Any, app: App, complaints: Complaints, held: threading.Event, tmp_path: Path
) -> None:
    for _ in range(20):
        append()
    app.sign_in(page, "admin")
    page.goto(f"{app.url}/history/export/")
    page.get_by_label("JSON Lines").check()

    with page.expect_download() as download:
        page.get_by_role("button", name="Record and download").click()
    expect(page.get_by_label("Lines written so far")).to_have_attribute("value", "3", timeout=20_000)
    held.set()

    download.value.save_as(tmp_path / "all.jsonl")
    assert len(rows((tmp_path / "all.jsonl").read_text())) >= 20
    expect(page.locator("#exports")).to_contain_text("Sent whole", timeout=20_000)


def test_without_javascript_it_is_seen_by_looking_again(
    browser: Any, app: App, held: threading.Event, tmp_path: Path
) -> None:
    for _ in range(20):
        append()
    page = browser.new_context(java_script_enabled=False).new_page()
    app.sign_in(page, "admin")
    page.goto(f"{app.url}/history/export/")
    page.get_by_label("JSON Lines").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Record and download").click()
    page.get_by_label("Reason or key name").fill("what was typed stays in the address")
    page.get_by_role("button", name="Only count").click()

    expect(page.get_by_label("Lines written so far")).to_be_visible()
    held.set()
    download.value.save_as(tmp_path / "all.jsonl")
    page.get_by_role("link", name="Look again").click()

    expect(page.locator("#exports")).to_contain_text("Sent whole")
    expect(page.get_by_label("Reason or key name")).to_have_value("what was typed stays in the address")
    page.context.close()
