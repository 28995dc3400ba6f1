"""Run a command with a throwaway PostgreSQL: `with_postgres.py -- COMMAND …` gets DATABASE_URL; all is removed after.

Exit 77 where no server programs are installed. Nothing listens on a network: the socket lies in a short-named folder.
"""

import contextlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

MISSING = 77
OPTIONS = "-c listen_addresses= -c fsync=off -c synchronous_commit=on -c full_page_writes=off -c max_connections=200"


def programs() -> Path | None:
    """The folder with initdb and pg_ctl, the newest version first; None when there is none."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), reverse=True)
    folders += [Path(path).parent for name in ("initdb",) if (path := shutil.which(name))]
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "pg_ctl").exists()), None)


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A running server; yields its DATABASE_URL."""
    home = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))  # noqa: S108  (socket paths must be short)
    user = _plain_user()
    if user:
        os.chown(home, user.pw_uid, user.pw_gid)
    data, log = home / "data", home / "log"

    def run(*command: str) -> None:
        done = subprocess.run(
            command, user=user.pw_uid if user else None, cwd=home, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{command[0]} failed: {done.stderr or done.stdout}")

    run(
        str(folder / "initdb"),
        "-D",
        str(data),
        "-A",
        "trust",
        "-U",
        "postgres",
        "-E",
        "UTF8",
        "--locale=C",
        "--no-sync",
    )
    run(str(folder / "pg_ctl"), "-D", str(data), "-w", "-l", str(log), "-o", f"-k {home} {OPTIONS}", "start")
    try:
        yield f"postgres://postgres@/postgres?host={home}"
    finally:
        with contextlib.suppress(SystemExit):
            run(str(folder / "pg_ctl"), "-D", str(data), "-w", "-m", "immediate", "stop")
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
    with postgres(folder) as url:
        return subprocess.run(command, env={**os.environ, "DATABASE_URL": url}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
