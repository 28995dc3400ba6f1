"""Promise 4: how fast `manage.py verify_ledger --whole` is, and that its memory stays flat.

Baseline, in the same run: plain SHA-256 of the same texts. Both are told in CPU time as well, since other work on the
machine takes from the clock alone. DATABASE_URL says which database; a new SQLite file unless it is set.
"""

import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.environment import base_environment

RECORDS = int(os.environ.get("BENCH_RECORDS", "100000"))
PROMISED = 25_000
"""Records of 900 bytes or more in a second."""

ONE = """
import resource, time
import django
django.setup()
from keys.services.verification import verify_whole
wall, cpu = time.perf_counter(), time.process_time()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
report = verify_whole()
assert report.outcome == "sound", report
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(report.sound.records, time.perf_counter() - wall, time.process_time() - cpu, (after - before) / 1024)
"""


def verified() -> tuple[int, float, float, float]:
    """Records, seconds, seconds of CPU, megabytes that verifying added: in a process of its own."""
    done = subprocess.run([sys.executable, "-c", ONE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    count, wall, cpu, grown = done.stdout.splitlines()[-1].split()
    return int(count), float(wall), float(cpu), float(grown)


def hashed() -> tuple[int, float]:
    """Bytes of all texts, and seconds of CPU that plain SHA-256 of them takes."""
    from keys.models import Record

    size, taken = 0, 0.0
    for text in Record.objects.order_by("seq").values_list("text", flat=True).iterator(5_000):
        begun = time.process_time()
        hashlib.sha256(text.encode("ascii")).hexdigest()
        taken += time.process_time() - begun
        size += len(text)
    return size, taken


def timed(function: Callable[[], object]) -> float:
    begun = time.perf_counter()
    function()
    return time.perf_counter() - begun


def say(words: str) -> None:
    print(words, flush=True)  # noqa: T201


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        database = os.environ.get("DATABASE_URL", f"sqlite:///{Path(name) / 'bench.sqlite3'}")
        os.environ.update({**base_environment(), "DATABASE_URL": database})
        os.environ["DJANGO_SETTINGS_MODULE"] = "cometadmin.settings"
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        from tests.ledger.bulk import fill

        few = max(RECORDS // 10, 1)
        say(f"{few} records written in {timed(lambda: fill(few)):.0f} s")
        small = verified()
        say(f"{RECORDS} written in {timed(lambda: fill(RECORDS)):.0f} s")
        return told(small, [verified() for _ in range(3)])


def told(small: tuple[int, float, float, float], runs: list[tuple[int, float, float, float]]) -> int:
    count = runs[0][0]
    size, plain = hashed()
    wall, cpu = statistics.median(run[1] for run in runs), statistics.median(run[2] for run in runs)
    say(f"{count} records of {size / count:.0f} bytes verified: {count / wall:,.0f} a second by the clock,")
    say(f"{count / cpu:,.0f} a second of CPU (promised {PROMISED:,}); {cpu / plain:.1f} times plain SHA-256 of them")
    say(f"memory: {small[3]:.0f} MB more for {small[0]} records, {runs[0][3]:.0f} MB for {count}")
    flat = runs[0][3] < small[3] + 20
    return 0 if count / cpu >= PROMISED and flat else 1


if __name__ == "__main__":
    sys.exit(main())
