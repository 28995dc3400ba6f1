"""`make bench`: runs tests/bench/bench_*.py on SQLite and PostgreSQL, each in a process of its own.

All of them, or those named as arguments (`edit list`). They print what they measured as ratios, and fail
where a promise is not kept.
"""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import with_postgres  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
POSTGRESQL = [sys.executable, str(ROOT / "tools/with_postgres.py"), "--"]


def databases() -> dict[str, list[str]]:
    """Name of each database, and what goes before a command that shall use it."""
    found: dict[str, list[str]] = {"SQLite": []}
    if with_postgres.programs() is None:
        print("NOT RUN: PostgreSQL: its server programs are not installed")
    else:
        found["PostgreSQL"] = POSTGRESQL
    return found


def main(names: list[str]) -> int:
    files = sorted((ROOT / "tests/bench").glob("bench_*.py"))
    known = {file.stem.removeprefix("bench_"): file.stem for file in files}
    if unknown := set(names) - set(known):
        print(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
        return 2
    failed = []
    for name in names or known:
        for database, prefix in databases().items():
            print(f"== {name} on {database}", flush=True)
            command = [*prefix, sys.executable, "-m", f"tests.bench.{known[name]}"]
            if subprocess.run(command, cwd=ROOT, check=False).returncode:
                failed.append(f"{name} on {database}")
    print("".join(f"NOT KEPT, or broken: {which}\n" for which in failed) or "all kept")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
