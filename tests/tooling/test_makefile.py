"""The Makefile on a fresh machine: every target is explained, and a set-up step that fails says what to do."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TARGETS = [
    "help",
    "demo",
    "demo-reset",
    "manage",
    "screenshot",
    "test",
    "test-sqlite",
    "test-pg",
    "test-browser",
    "prove",
    "bench",
    "lint",
    "format",
    "lock",
    "clean",
]

pytestmark = pytest.mark.dbfree


def make(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **environment}
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False)


def pretender(folder: Path, body: str) -> str:
    """A python3 that behaves otherwise: a shell script that ends by running the real one."""
    script = folder / "python3"
    script.write_text(f'#!/bin/sh\n{body}\nexec {sys.executable} "$@"\n')
    script.chmod(0o755)
    return str(script)


def words(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout + done.stderr


@pytest.mark.parametrize("target", TARGETS)
def test_help_explains_each_target(target: str) -> None:
    lines = make("help").stdout.splitlines()

    assert any(re.match(rf"\s*make {target}\s+\S", line) for line in lines), lines


def test_make_alone_is_help() -> None:
    assert make().stdout == make("help").stdout


def test_an_old_python_is_named_and_nothing_is_made(tmp_path: Path) -> None:
    old = "import sys; sys.version_info = (3, 10, 4); sys.version = '3.10.4 (main)'; exec(sys.argv[1])"
    python = pretender(tmp_path, f'[ "$1" = -c ] && exec {sys.executable} -c "{old}" "$2"')

    done = make(f"PYTHON={python}", f"VENV={tmp_path}/venv", f"{tmp_path}/venv/.base")

    assert done.returncode != 0
    assert "Python 3.11 or newer is needed, this is 3.10.4" in words(done)
    assert not (tmp_path / "venv").exists()


def test_a_python_without_venv_is_told_what_to_install_and_leaves_no_half(tmp_path: Path) -> None:
    python = pretender(tmp_path, f'[ "$2" = venv ] && {{ mkdir -p {tmp_path}/venv/bin; exit 1; }}')

    done = make(f"PYTHON={python}", f"VENV={tmp_path}/venv", f"{tmp_path}/venv/.base")

    assert done.returncode != 0
    assert "python3-venv" in words(done)
    assert not (tmp_path / "venv").exists()


def test_an_index_that_cannot_be_reached_is_told_and_tried_again_next_time(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    shutil.copy(
        pretender(tmp_path, '[ "$2" = pip ] && { echo "no route to index" >&2; exit 1; }'), tmp_path / "bin/python"
    )
    (tmp_path / ".python").touch()

    done = make(f"VENV={tmp_path}", f"{tmp_path}/.base")

    assert done.returncode != 0
    assert "no route to index" in words(done)
    assert "Is the package index reachable" in words(done)
    assert not (tmp_path / ".base").exists()


def test_a_changed_lock_installs_again() -> None:
    """Only asks make what it would do; the stamps hang on the lock files."""
    would = make("--dry-run", "--what-if=requirements/e2e.txt", ".venv/.e2e")

    assert "-r requirements/e2e.txt" in would.stdout


def test_manage_hands_its_arguments_on() -> None:
    would = make("--dry-run", "manage", "ARGS=verify_ledger --verbosity 2")

    assert would.stdout.rstrip().endswith("tools/demo.py manage verify_ledger --verbosity 2")
