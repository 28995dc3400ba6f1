"""An auditor, in a real browser: from the history's proof to a bundle that the script calls proven."""

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import App, Complaints
from tests.export.support import outside

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
