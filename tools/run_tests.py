"""`make test`: every check and every test that this machine can run; what it cannot run is said loudly at the end.

`run_tests.py [lint|sqlite|postgresql|browser …]` runs those parts alone. With CI=true a part that cannot run fails.
"""

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import scratch  # noqa: E402
import with_postgres  # noqa: E402

BIN = Path(sys.executable).parent
# A test that hangs is shown where it hangs, and ended: no test takes that long (seconds) but for a proof in full.
HANGS = ("-o", "faulthandler_timeout=240", "-o", "faulthandler_exit_on_timeout=true")
PYTEST = (sys.executable, "-m", "pytest", "-q", *HANGS)
LEFT_BEHIND_S = 15
COUNT = re.compile(r"(\d+) (passed|failed|skipped|errors?)\b")


@dataclass
class Tally:
    """What ran and how it ended. counts: of pytest's closing lines."""

    counts: dict[str, int] = field(default_factory=lambda: {"passed": 0, "failed": 0, "skipped": 0})
    broken: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)


def run(tally: Tally, title: str, *command: str, counted: bool = False) -> None:
    """Run one command, show what it prints, and remember a failure under its title."""
    print(f"\n== {title}", flush=True)
    begun = time.monotonic()
    lines: list[str] = []
    with scratch.environment() as env:
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        process = subprocess.Popen(command, **pipes, env=env, text=True, errors="replace")
        reader = threading.Thread(target=_show, args=(process, lines), daemon=True)
        reader.start()
        code = process.wait()
        reader.join(LEFT_BEHIND_S)
    if reader.is_alive():  # somebody still holds the pipe; waiting for its end could be for ever
        tally.broken.append(f"{title} (left a process running)")
    if counted:
        for number, word in COUNT.findall(next((line for line in reversed(lines) if COUNT.search(line)), "")):
            tally.counts["failed" if word.startswith("error") else word] += int(number)
    if code:
        tally.broken.append(f"{title} (exit {code})")
    print(f"-- {title}: {'ok' if not code else 'FAILED'}, {time.monotonic() - begun:.0f} s", flush=True)


def _show(process: subprocess.Popen[str], lines: list[str]) -> None:
    for line in process.stdout or ():
        sys.stdout.write(line)
        sys.stdout.flush()
        lines.append(line)


def lint(tally: Tally) -> None:
    templates = [str(path) for path in sorted(Path("templates").rglob("*.html"))]
    manage = (sys.executable, "tools/checked_manage.py")
    run(tally, "format", str(BIN / "ruff"), "format", "--check", "--quiet", ".")
    run(tally, "lint", str(BIN / "ruff"), "check", "--quiet", ".")
    run(tally, "template format", str(BIN / "djade"), "--check", "--target-version", "5.2", *templates)
    run(tally, "template lint", str(BIN / "djlint"), "--lint", "--quiet", "templates")
    run(tally, "layers", str(BIN / "lint-imports"))
    run(tally, "types", str(BIN / "mypy"))
    run(tally, "migrations", *manage, "makemigrations", "--check", "--dry-run")
    run(tally, "deployment", *manage, "check", "--deploy", "--fail-level", "WARNING")


def sqlite(tally: Tally) -> None:
    run(tally, "tests on SQLite", *PYTEST, "-n", "2", "-m", "not browser and not postgres", counted=True)


def postgresql(tally: Tally) -> None:
    folder = with_postgres.programs()
    if folder is None:
        tally.absent.append("PostgreSQL: its server programs are not installed (Debian: apt-get install postgresql)")
        return
    wrapped = (sys.executable, "tools/with_postgres.py", "--", *PYTEST)
    marks = "not browser and not dbfree and not sqlite"
    run(tally, "tests on PostgreSQL", *wrapped, "-n", "2", "-m", marks, counted=True)


def browser(tally: Tally) -> None:
    if not shutil.which("chromium"):
        tally.absent.append("browser: Chromium is not installed (Debian: apt-get install chromium)")
        return
    # Waits as in use: a browser beside makes any machine slow, and next to no test waits one out.
    command = ("env", "TEST_WAIT_SCALE=1", *PYTEST, "-n", "2", "-m", "browser")
    run(tally, "tests in the browser", *command, counted=True)


PARTS: dict[str, Callable[[Tally], None]] = {
    "lint": lint,
    "sqlite": sqlite,
    "postgresql": postgresql,
    "browser": browser,
}


def main() -> int:
    tally = Tally()
    for name in sys.argv[1:] or PARTS:
        PARTS[name](tally)
    print()
    for line in tally.broken:
        print(f"FAILED: {line}")
    for line in tally.absent:
        print(f"NOT RUN: {line}")
    print(", ".join(f"{number} {word}" for word, number in tally.counts.items()))
    missing = bool(tally.absent) and os.environ.get("CI") == "true"
    return 1 if tally.broken or missing else 0


if __name__ == "__main__":
    sys.exit(main())
