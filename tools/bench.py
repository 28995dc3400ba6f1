"""`make bench`: runs tests/bench/bench_*.py, each in a process of its own; they print what they measured as ratios."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    code = 0
    for file in sorted((ROOT / "tests/bench").glob("bench_*.py")):
        print(f"== {file.stem}", flush=True)
        code |= subprocess.run([sys.executable, "-m", f"tests.bench.{file.stem}"], cwd=ROOT, check=False).returncode
    return code


if __name__ == "__main__":
    sys.exit(main())
