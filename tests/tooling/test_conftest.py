"""Shared fixtures refuse what would flush the ledger, and a proof that breaks off is not reported as kept."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tooling.loading import ROOT

pytestmark = pytest.mark.dbfree


def run(folder: Path, test: str, *options: str) -> subprocess.CompletedProcess[str]:
    """pytest on one made-up test file, with the shared fixtures."""
    (folder / "test_made_up.py").write_text(test)
    command = [sys.executable, "-m", "pytest", "-q", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT)]
    command += ["-p", "tests.conftest", *options, str(folder / "test_made_up.py")]
    env = {"PATH": os.environ["PATH"], "PROMISES_FILE": str(folder / "rows")}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(
    "test",
    [
        "def test_it(transactional_db): pass",
        "def test_it(live_server): pass",
        "import pytest\n@pytest.mark.django_db(transaction=True)\ndef test_it(): pass",
    ],
)
def test_a_test_that_would_flush_is_refused(tmp_path: Path, test: str) -> None:
    done = run(tmp_path, test)

    assert done.returncode == 4, done.stdout
    assert "needs a flush" in done.stdout + done.stderr


def test_a_proof_that_breaks_off_is_told_as_not_finished(tmp_path: Path) -> None:
    done = run(tmp_path, "def test_it(promise):\n    promise.tried(3)\n    1 / 0")

    assert done.returncode == 1, done.stdout + done.stderr
    assert json.loads((tmp_path / "rows").read_text())["failures"] == "not finished"


def test_a_proof_that_ends_is_told_with_its_count(tmp_path: Path) -> None:
    done = run(tmp_path, "def test_it(promise):\n    promise.tried(3)")

    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((tmp_path / "rows").read_text())["failures"] == 0


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_test_that_hangs_is_shown_where_and_ended(tmp_path: Path, workers: str) -> None:
    options = ("-n", workers, "-o", "faulthandler_timeout=5", "-o", "faulthandler_exit_on_timeout=true")

    done = run(tmp_path, "import time\ndef test_it_never_ends(): time.sleep(100)", *options)

    assert done.returncode != 0
    assert "test_it_never_ends" in done.stdout + done.stderr
