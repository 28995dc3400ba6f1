"""`make prove`: every promise attacked in full, on SQLite and PostgreSQL; prints one table. Arguments go to pytest."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import scratch  # noqa: E402
import with_postgres  # noqa: E402

HEAD = ("promise", "database", "N", "failures", "mutant caught", "seconds")


def attack(prefix: list[str], database: str, folder: Path, arguments: list[str]) -> tuple[int, list[list[str]]]:
    """Run the proofs on one database: exit code and the rows that they reported."""
    file = folder / f"{database}.jsonl"
    command = [*prefix, sys.executable, "-m", "pytest", "-q", "-m", "prove", "--scale=full", *arguments]
    with scratch.environment() as env:
        code = subprocess.run(command, env={**env, "PROMISES_FILE": str(file)}, check=False).returncode
    lines = file.read_text().splitlines() if file.exists() else []
    rows = [json.loads(line) for line in lines]
    return code, [
        [r["promise"], database, str(r["n"]), str(r["failures"]), r["mutants"] or "-", f"{r['seconds']:.0f}"]
        for r in rows
    ]


def main() -> int:
    arguments = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        code, rows = attack([], "SQLite", folder, arguments)
        if with_postgres.programs() is None:
            print("NOT RUN: PostgreSQL: its server programs are not installed")
            code = code or 1
        else:
            prefix = [sys.executable, str(Path(__file__).parent / "with_postgres.py"), "--"]
            pg_code, pg_rows = attack(prefix, "PostgreSQL", folder, arguments)
            code, rows = code or pg_code, rows + pg_rows
    widths = [max(len(row[i]) for row in [list(HEAD), *rows]) for i in range(len(HEAD))]
    for row in [list(HEAD), *sorted(rows)]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))
    return code


if __name__ == "__main__":
    sys.exit(main())
