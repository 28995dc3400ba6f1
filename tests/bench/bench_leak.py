"""Promise 15: finding a pasted secret among 100,000 mirrored keys, and how long from the paste to the read-back.

Baseline: the same three requests of the disable (GET, PUT, GET) by bare httpx, in the same run, turn by turn.
Then the desk's own pages, at 300 ms an answer: paste, look, press. What the server takes for all three together is held
against 3 s at the 95th percentile; each run has to end "refused".
"""

import math
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.bench_edit import sandbox_process, timed
from tests.support.environment import base_environment

KEYS = int(os.environ.get("BENCH_KEYS", "100000"))
RUNS = int(os.environ.get("BENCH_RUNS", "20"))
LATENCY_S = 0.03
DESK_RUNS = int(os.environ.get("BENCH_DESK_RUNS", "100"))
DESK_LATENCY_S = 0.3
MOST_FIND_MS, MOST_ADDED_MS, MOST_DESK_MS = 50, 100, 3_000


def fill_mirror(team: Any, account_id: int) -> None:
    """Rows as a listing makes them, with fingerprints of secrets that nobody has."""
    from django.utils import timezone

    from keys.fingerprints import fingerprint
    from keys.leaks.candidate import USUAL
    from keys.models import MirrorKey

    now, rows = timezone.now(), []
    texts = {"masked": "abcd**********wxyz", "model_limits": "", "allow_ips": "", "group": "", "haystack": ""}
    numbers = {
        "status": 1,
        "expired_time": -1,
        "remain_quota": 1,
        "used_quota": 0,
        "created_time": 1,
        "accessed_time": 1,
    }
    flags = {"unlimited_quota": False, "model_limits_enabled": False, "cross_group_retry": False}
    for number in range(KEYS):
        found = fingerprint(USUAL.made_up())
        assert found
        row = MirrorKey(team=team, account_id=account_id, key_id=10_000_000 + number, name=f"key {number}", snapshot={})
        row.fingerprint, row.fingerprint_of, row.first_seen_at, row.read_at = found.digest, "whole", now, now
        for name, value in {**texts, **numbers, **flags}.items():
            setattr(row, name, value)
        rows.append(row)
    MirrorKey.objects.bulk_create(rows, batch_size=2000)


def measure(url: str, scene: Any) -> dict[str, list[float]]:
    import httpx
    from django.utils import timezone

    from keys.services.leaks import desk
    from tests.leaks.scene import actor_for

    sandbox = scene.sandbox
    fill_mirror(scene.stage.team, scene.stage.account.id)
    keys = [sandbox.add_key(scene.stage.account, name=f"leaked {n}") for n in range(2 * RUNS)]
    scene.sync()
    sandbox.configure(latency_s=LATENCY_S)
    client = httpx.Client(base_url=url, headers={"Authorization": scene.stage.account.token}, trust_env=False)
    times: dict[str, list[float]] = {"find": [], "disabled": [], "bare": [], "refused": []}

    def bare(key_id: int) -> None:
        body = client.get(f"/api/token/{key_id}").json()["data"]
        client.put("/api/token/", params={"status_only": "true"}, json={**body, "status": 2})
        assert client.get(f"/api/token/{key_id}").json()["data"]["status"] == 2

    for turn in range(RUNS):
        text = f"ERROR key={scene.secret(keys[turn])}\n".encode()
        begun = time.perf_counter()
        sort = desk.look_through(scene.admin, actor_for(scene.admin), text)
        times["find"].append(time.perf_counter() - begun)
        assert len(sort.found) == 1
        incident = desk.record_incident(scene.admin, actor_for(scene.admin), sort, timezone.now())
        scene.press(incident)
        row = scene.row(incident, keys[turn])
        assert row.disabled_at and row.refused_at and row.pressed_at, row.why
        times["disabled"].append((row.disabled_at - incident.pasted_at).total_seconds())
        times["refused"].append((row.refused_at - incident.pasted_at).total_seconds())
        times["bare"].append(timed(lambda key_id=keys[RUNS + turn]: bare(key_id)))  # type: ignore[misc]
    return times


def measure_desk(scene: Any) -> list[float]:
    """Seconds that the server took for the three requests between a paste and "refused", one key a run.

    The first run is not counted: it compiles templates, as a server's first page does.
    """
    from django.test import Client

    from keys.models import Leaked

    keys = [scene.sandbox.add_key(scene.stage.account, name=f"at night {n}") for n in range(1 + DESK_RUNS)]
    scene.sandbox.configure(latency_s=0.0)
    scene.sync()
    scene.sandbox.configure(latency_s=DESK_LATENCY_S)
    client = Client()
    client.force_login(scene.admin)
    times = []
    for key_id in keys:
        text = f"ERROR key={scene.secret(key_id)}\n"
        begun = time.perf_counter()
        place = client.post("/leaks/", {"text": text})["Location"]
        client.get(place)
        answer = client.post(f"{place}disable/", headers={"HX-Request": "true"})
        times.append(time.perf_counter() - begun)
        row = Leaked.objects.get(key_id=key_id)
        assert answer.status_code == 200 and row.refused_at and b"seconds after the paste" in answer.content, row.why
    return times[1:]


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
        call_command("createcachetable", verbosity=0)
        with sandbox_process(folder) as url:
            from django.conf import settings

            from tests.leaks.scene import set_scene
            from tests.support.sandbox import Sandbox

            settings.COMETAPI_BASE_URL, settings.ALLOWED_HOSTS = url, ["*"]
            settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
            scene = set_scene(Sandbox.attach(url))
            times = measure(url, scene)
            desk_times = measure_desk(scene)
    name = database.split(":", 1)[0]
    kept = report({what: statistics.median(found) * 1000 for what, found in times.items()}, name)
    return 0 if report_desk(desk_times, name) and kept else 1


def report(ms: dict[str, float], database: str) -> bool:
    added = ms["disabled"] - ms["bare"]
    sys.stdout.write(
        f"leak on {database}, {RUNS} runs among {KEYS:,} keys, {LATENCY_S * 1000:.0f} ms an answer: "
        f"found in {ms['find']:.1f} ms (promise: at most {MOST_FIND_MS}); "
        f"paste to read-back disabled {ms['disabled']:.0f} ms, the same calls bare {ms['bare']:.0f} ms, "
        f"added {added:.0f} ms (promise: at most {MOST_ADDED_MS}); "
        f"paste to refused {ms['refused']:.0f} ms\n"
    )
    return ms["find"] <= MOST_FIND_MS and added <= MOST_ADDED_MS


def report_desk(times: list[float], database: str) -> bool:
    ms = sorted(seconds * 1000 for seconds in times)
    nearly_all = ms[math.ceil(0.95 * len(ms)) - 1]
    sys.stdout.write(
        f"leak desk on {database}, {len(ms)} runs, one key, {DESK_LATENCY_S * 1000:.0f} ms an answer: paste, page and "
        f"press took the server {statistics.median(ms):.0f} ms at the median, "
        f"{nearly_all:.0f} ms at the 95th percentile, {ms[-1]:.0f} ms at most, all refused "
        f"(promise: at most {MOST_DESK_MS} ms at the 95th percentile)\n"
    )
    return nearly_all <= MOST_DESK_MS


if __name__ == "__main__":
    sys.exit(main())
