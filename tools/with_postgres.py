"""Run a command with a throwaway PostgreSQL: `with_postgres.py -- COMMAND …` gets DATABASE_URL; all is removed after.

Exit 77 where no server programs are installed. Nothing listens on a network: the socket lies in a short-named folder.
"""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import scratch  # noqa: E402

MISSING = 77
INITDB = ("-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync")
OPTIONS = "-c listen_addresses= -c fsync=off -c synchronous_commit=on -c full_page_writes=off -c max_connections=200"


def programs() -> Path | None:
    """The folder with initdb and pg_ctl, the newest version first; None when there is none."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name), reverse=True)
    folders += [Path(path).parent for name in ("initdb",) if (path := shutil.which(name))]
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "pg_ctl").exists()), None)


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A running server; yields its DATABASE_URL."""
    home = Path(tempfile.mkdtemp(prefix="pg", dir=scratch.parent()))
    user = _plain_user()
    if user:
        os.chown(home, user.pw_uid, user.pw_gid)
    data, log = home / "data", home / "log"

    def run(program: str, *arguments: str) -> None:
        command = [str(folder / program), "-D", str(data), *arguments]
        who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
        done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False, **who)  # type: ignore[call-overload]
        if done.returncode:
            raise SystemExit(f"{program} failed: {done.stderr or done.stdout}")

    try:
        run("initdb", *INITDB)
        run("pg_ctl", "-w", "-l", str(log), "-o", f"-k {home} {OPTIONS}", "start")
        yield f"postgres://postgres@/postgres?host={home}"
    finally:
        with contextlib.suppress(SystemExit):
            run("pg_ctl", "-w", "-m", "immediate", "stop")
        shutil.rmtree(home, ignore_errors=True)


def _plain_user() -> pwd.struct_passwd | None:
    """initdb refuses root: who to be instead."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise SystemExit("PostgreSQL does not run as root, and there is neither a user postgres nor nobody.")


def main() -> int:
    command = sys.argv[sys.argv.index("--") + 1 :]
    folder = programs()
    if folder is None:
        print("No PostgreSQL server programs found (Debian: apt-get install postgresql).", file=sys.stderr)
        return MISSING
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    with postgres(folder) as url, subprocess.Popen(command, env={**os.environ, "DATABASE_URL": url}) as process:
        try:
            return process.wait()
        except BaseException:
            process.terminate()  # or leaving the block would wait for it
            raise


def _end(number: int, frame: object) -> None:
    """Whoever ends us ends the server too."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
