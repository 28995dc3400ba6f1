"""Promise 14, edit: what a saved edit costs on top of the upstream's own round trips.

Baseline: the same three requests (GET, PUT, GET) by bare httpx on one kept connection, in the same run, turn by turn.
The sandbox runs in a process of its own, with a delay per answer, so that both sides wait for the same thing.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tests.support.environment import base_environment

RUNS = int(os.environ.get("BENCH_RUNS", "60"))
LATENCY_S = 0.03
MOST_MS = 25


@contextmanager
def sandbox_process(folder: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "cometadmin.sandbox", "--port", "0", "--state", str(folder / "sandbox.json")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        yield "http://" + line.split("http://", 1)[1].split()[0].rstrip("/.")
    finally:
        process.terminate()
        process.wait()


def timed(function: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    function()
    return time.perf_counter() - begun


def measure(url: str) -> tuple[list[float], list[float]]:
    import httpx

    from tests.road.stage import set_up, wish
    from tests.support.sandbox import Sandbox

    sandbox = Sandbox.attach(url)
    stage = set_up(sandbox)
    sandbox.configure(latency_s=LATENCY_S)
    bare_key = sandbox.add_key(stage.account, name="bare")
    client = httpx.Client(base_url=url, headers={"Authorization": stage.account.token}, trust_env=False)

    def bare(n: int) -> None:
        body = client.get(f"/api/token/{bare_key}").json()["data"]
        client.put("/api/token/", json={**body, "name": f"bare {n}"})
        assert client.get(f"/api/token/{bare_key}").json()["data"]["name"] == f"bare {n}"

    base = stage.read()
    ours, theirs = [], []
    for n in range(RUNS):
        theirs.append(timed(partial(bare, n)))
        ours.append(timed(partial(stage.edit, wish(name=f"ours {n}"), base=base)))
        base = stage.read()
    return ours, theirs


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = os.environ.get("DATABASE_URL", f"sqlite:///{folder / 'bench.sqlite3'}")
        os.environ.update({**base_environment(), "DATABASE_URL": database, "WAIT_SCALE": "1"})
        os.environ["DJANGO_SETTINGS_MODULE"] = "cometadmin.settings"
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        with sandbox_process(folder) as url:
            from django.conf import settings

            settings.COMETAPI_BASE_URL = url
            ours, theirs = measure(url)
    return report(ours, theirs, database.split(":", 1)[0])


def report(ours: list[float], theirs: list[float], database: str) -> int:
    mine, plain = statistics.median(ours) * 1000, statistics.median(theirs) * 1000
    added = statistics.median(a - b for a, b in zip(ours, theirs, strict=True)) * 1000
    sys.stdout.write(
        f"edit on {database}, {len(ours)} runs, {LATENCY_S * 1000:.0f} ms an answer: "
        f"saved edit {mine:.1f} ms, the same calls bare {plain:.1f} ms, ratio {mine / plain:.2f}, "
        f"added {added:.1f} ms (promise: at most {MOST_MS})\n"
    )
    return 0 if added <= MOST_MS else 1


if __name__ == "__main__":
    sys.exit(main())
