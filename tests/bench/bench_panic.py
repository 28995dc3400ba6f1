"""Promise 15: 500 keys disabled in bulk: how many calls of CometAPI, at which share of the rate limit, and the rest.

Baseline: the rate limit itself, and what one PUT a key would take by it alone.
"""

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.bench_edit import sandbox_process
from tests.support.environment import base_environment

KEYS = int(os.environ.get("BENCH_KEYS", "500"))
RATE = os.environ.get("BENCH_RATE", "600/60")
LATENCY_S = 0.03
LEAST_SHARE, MOST_CALLS = 0.8, 1.2 * KEYS


def measure(url: str) -> dict[str, Any]:
    from django.utils import timezone

    from keys.models import Job, Panic, RateBudget
    from keys.services import jobs, schedule
    from keys.types import Lane
    from tests.panic.scene import set_scene
    from tests.support.sandbox import Sandbox

    sandbox = Sandbox.attach(url)
    scene = set_scene(sandbox, more=KEYS - 6)
    sandbox.configure(latency_s=LATENCY_S)
    RateBudget.objects.all().delete()
    panic, begun, cpu, slices = scene.press(), time.monotonic(), time.process_time(), []
    while panic.phase not in (Panic.Phase.CHECKING, Panic.Phase.OVER):
        if job := jobs.claim(Lane.URGENT):
            slice_begun = time.monotonic()
            schedule.run_job(job)
            slices.append(time.monotonic() - slice_begun)
        panic.refresh_from_db()
    seconds, cpu = time.monotonic() - begun, time.process_time() - cpu
    to_there = len(sandbox.requests())
    Job.objects.filter(pk=panic.job_id or 0).update(due_at=timezone.now())
    scene.work(panic)
    assert scene.enabled() == set() and scene.states(panic) == {"done": KEYS}, scene.states(panic)
    return {"calls": to_there, "seconds": seconds, "all": len(sandbox.requests()), "slice": max(slices), "cpu": cpu}


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = os.environ.get("DATABASE_URL", f"sqlite:///{folder / 'bench.sqlite3'}")
        os.environ.update({**base_environment(), "DATABASE_URL": database, "WAIT_SCALE": "1"})
        os.environ.update({"DJANGO_SETTINGS_MODULE": "cometadmin.settings", "COMETAPI_RATE_LIMIT": RATE})
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        with sandbox_process(folder) as url:
            from django.conf import settings

            settings.COMETAPI_BASE_URL = url
            found = measure(url)
    return report(found, database.split(":", 1)[0])


def report(found: dict[str, Any], database: str) -> int:
    requests, window_s = (float(part) for part in RATE.split("/"))
    share = found["calls"] / found["seconds"] / (requests / window_s)
    sys.stdout.write(
        f"panic on {database}, {KEYS} keys, {LATENCY_S * 1000:.0f} ms an answer, limit {RATE}: {found['calls']} calls "
        f"in {found['seconds']:.0f} s at {share:.0%} of the limit (promise: at least {LEAST_SHARE:.0%}), "
        f"{found['all']} calls with the check (promise: at most {MOST_CALLS:.0f}), "
        f"longest slice {found['slice']:.1f} s, {found['cpu']:.0f} s of processor\n"
    )
    return 0 if share >= LEAST_SHARE and found["all"] <= MOST_CALLS else 1


if __name__ == "__main__":
    sys.exit(main())
