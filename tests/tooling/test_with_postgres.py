"""A throwaway PostgreSQL: it is there for one command, and nothing of it stays, however that command ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.tooling.loading import ROOT, load

pytestmark = pytest.mark.dbfree

TOOL = [sys.executable, str(ROOT / "tools" / "with_postgres.py"), "--"]
ASK = """
import os, sys, psycopg
url = os.environ["DATABASE_URL"]
with psycopg.connect(url.replace("postgres://", "postgresql://")) as raw:
    print(url.partition("host=")[2], raw.execute("SHOW listen_addresses").fetchone()[0] or "no network", flush=True)
sys.exit(int(sys.argv[1]))
"""

needs_programs = pytest.mark.skipif(load("with_postgres").programs() is None, reason="no PostgreSQL programs here")


def servers(home: str) -> list[str]:
    """Processes that still have this folder in their command line (Linux)."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes()
        except OSError:
            continue
        if home.encode() in command:
            found.append(path.parent.name)
    return found


@needs_programs
@pytest.mark.parametrize("code", [0, 3])
def test_the_command_gets_a_server_and_its_exit_code_is_kept(code: int) -> None:
    done = subprocess.run(
        [*TOOL, sys.executable, "-c", ASK, str(code)], capture_output=True, text=True, timeout=60, check=False
    )

    home, _, network = done.stdout.strip().partition(" ")
    assert (done.returncode, network) == (code, "no network"), done.stderr
    assert not Path(home).exists()
    assert servers(home) == []


def test_without_server_programs_it_says_so_and_exits_77(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tool = load("with_postgres")
    monkeypatch.setattr(tool, "programs", lambda: None)
    monkeypatch.setattr(sys, "argv", ["with_postgres.py", "--", "false"])

    code = tool.main()

    assert code == 77
    assert "postgresql" in capsys.readouterr().err.lower()


@needs_programs
def test_a_terminated_wrapper_takes_its_server_along(tmp_path: Path) -> None:
    told = tmp_path / "home"
    script = f"import os, time; open({str(told)!r}, 'w').write(os.environ['DATABASE_URL']); time.sleep(200)"
    wrapper = subprocess.Popen([*TOOL, sys.executable, "-c", script])
    until = time.monotonic() + 120
    while not (told.exists() and told.read_text()) and time.monotonic() < until:
        time.sleep(0.05)
    home = told.read_text().partition("host=")[2]

    os.kill(wrapper.pid, signal.SIGTERM)
    wrapper.wait(60)

    assert home
    assert not Path(home).exists()
    assert servers(home) == []
