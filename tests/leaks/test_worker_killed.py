"""A real worker killed by SIGKILL while it disables and tries a leaked key: the next goes on, nothing false is said.

The worker is `manage.py worker` in processes of its own, and CometAPI takes its time, so that the kill falls between
any two of its requests.
"""

import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest
from django.utils import timezone

from keys.models import Incident
from tests.leaks.scene import Scene
from tests.leaks.test_promise_leaks import false_claims, proof_of
from tests.mirror.test_worker import eventually, working
from tests.road.drive import begin, seed_of_run
from tests.start import product
from tests.support.databases import RealDatabase
from tests.support.report import Promise

pytestmark = pytest.mark.prove


def killed_at_work(database: RealDatabase, scene: Scene, log: Path, after_requests: int, pause_s: float) -> None:
    """All processes of a worker, soon after its n-th request about the key or with its secret."""
    scene.sandbox.clear_log()
    with working(database, log) as worker:
        eventually(lambda: about_the_key(scene) >= after_requests, log)
        time.sleep(pause_s)
        for pid in [worker.pid, *product.children(worker.pid)]:
            with suppress(ProcessLookupError):  # it may have ended meanwhile
                os.kill(pid, signal.SIGKILL)


def about_the_key(scene: Scene) -> int:
    return len([entry for entry in scene.sandbox.requests() if entry["operation"] in ("get", "update", "v1_models")])


def pressed_and_left(scene: Scene) -> Incident:
    """Pressed in a process that was killed before anything was sent: all is the worker's to do."""
    key_id = scene.sandbox.add_key(scene.stage.account, name="leaked")
    scene.sync()
    incident = scene.paste(f"key={scene.secret(key_id)}")
    incident.leaked.update(pressed_at=timezone.now(), next_at=timezone.now())
    return incident


def test_a_worker_killed_while_it_disables_and_tries(
    real_db: RealDatabase, scene: Scene, promise: Promise, scale: str, tmp_path: Path
) -> None:
    rng = begin(promise, "8", "leak desk: the worker killed in the middle", seed_of_run(), 0.3)
    log = tmp_path / "log"
    for number in range(30 if scale == "full" else 1):
        promise.tried()
        scene.sandbox.configure(dialect=rng.choice("ABC"), latency_s=0.15)
        one_killed(real_db, scene, promise, rng, log, f"run {number}")


def one_killed(database: RealDatabase, scene: Scene, promise: Promise, rng: random.Random, log: Path, run: str) -> None:
    incident = pressed_and_left(scene)
    killed_at_work(database, scene, log, rng.randrange(1, 7), rng.uniform(0, 0.2))
    row = incident.leaked.get()
    for words in false_claims(scene, row):
        promise.broke(f"{run}: {words} after the kill")
    with working(database, log):
        eventually(lambda: incident.leaked.filter(refused_at__isnull=False).exists(), log)
        incident.leaked.update(next_at=timezone.now())
        eventually(lambda: incident.leaked.filter(again_at__isnull=False).exists(), log)
    row.refresh_from_db()
    for words in false_claims(scene, row):
        promise.broke(f"{run}: {words} in the end")
    if scene.sandbox.would_serve(row.key_id) or proof_of(row) not in ("again", "last"):
        promise.broke(f"{run}: {proof_of(row)}")
