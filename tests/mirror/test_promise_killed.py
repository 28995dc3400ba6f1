"""A sync and the worker killed at random points, and two workers at once: nothing lost, nothing done twice."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from keys.models import Drift, Job, MirrorKey, Record, TeamSync
from tests.mirror.support import drifts, sync, unlike
from tests.mirror.test_worker import environment, eventually, working
from tests.road.drive import begin, seed_of_run
from tests.road.stage import Stage, set_up
from tests.start import product
from tests.support.databases import RealDatabase
from tests.support.report import Promise

pytestmark = pytest.mark.prove


def filled(stage: Stage, count: int) -> list[int]:
    return [stage.sandbox.add_key(stage.account, name=f"key {number}") for number in range(count)]


def started(
    database: RealDatabase, *arguments: str, root: Path = product.ROOT, more: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """root: of the product or of a mutant. more: of its environment."""
    command, env = [sys.executable, str(root / "manage.py"), *arguments], {**environment(database), **(more or {})}
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, env=env, cwd=root, stdout=quiet, stderr=quiet)


def killed_listing(stage: Stage, database: RealDatabase, after_requests: int, pause_s: float) -> None:
    """`sync_keys` in a process of its own, killed soon after its n-th request has reached CometAPI."""
    stage.sandbox.clear_log()
    process = started(database, "sync_keys", stage.team.slug)
    until = time.monotonic() + 60
    while process.poll() is None and len(stage.sandbox.requests()) < after_requests and time.monotonic() < until:
        time.sleep(0.005)
    time.sleep(pause_s)
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_a_listing_killed_anywhere_is_brought_to_its_end(
    stage: Stage, real_db: RealDatabase, promise: Promise, scale: str
) -> None:
    """Each time a key is changed and another deleted elsewhere: both are told exactly once, and no other key is."""
    rng = begin(promise, "4.3", "a listing killed at random points", seed_of_run(), 0.3)
    ids = filled(stage, 320)
    sync(stage.team)
    changed: list[int] = []
    for number in range(60 if scale == "full" else 2):
        promise.tried()
        changed.append(ids.pop(rng.randrange(len(ids))))
        stage.sandbox.console_edit(changed[-1], name=f"theirs {number}")
        stage.sandbox.console_delete(ids.pop(rng.randrange(len(ids))))
        killed_listing(stage, real_db, rng.randrange(1, 6), rng.uniform(0, 0.03))
        TeamSync.objects.filter(heartbeat_at__isnull=False).update(heartbeat_at=None)  # as if the waiting were over
        sync(stage.team)
        for wrong in unlike(stage):
            promise.broke(wrong)
    told = Counter(one.key_id for one in drifts(stage))
    for key_id in changed:
        if told.pop(key_id, 0) != 1:
            promise.broke(f"key {key_id} was told {told[key_id]} times")
    for key_id in told:
        promise.broke(f"key {key_id} was changed by nobody")
    if Record.objects.filter(action="key.drift").count() != len(drifts(stage)):
        promise.broke("a drift without its record, or a record without its drift")


def killed_worker(database: RealDatabase, log: Path, rng: random.Random) -> None:
    """The parent or one of its lanes, at any moment."""
    with working(database, log) as worker:
        eventually(lambda: len(product.children(worker.pid)) == 2, log)
        time.sleep(rng.uniform(0, 3))
        for pid in rng.sample([worker.pid, *product.children(worker.pid)], 2):
            with suppress(ProcessLookupError):  # it may have ended meanwhile
                os.kill(pid, signal.SIGKILL)
        time.sleep(rng.uniform(0, 0.5))


def test_a_worker_killed_anywhere_leaves_nothing_undone(
    stage: Stage, real_db: RealDatabase, promise: Promise, scale: str, tmp_path: Path
) -> None:
    rng = begin(promise, "4.1", "the worker killed at random points", seed_of_run(), 0.3)
    filled(stage, 320)
    for _ in range(30 if scale == "full" else 1):
        promise.tried()
        TeamSync.objects.update(tried_at=None)
        killed_worker(real_db, tmp_path / "log", rng)
    TeamSync.objects.update(tried_at=None)
    key_id = stage.sandbox.add_key(stage.account, name="the last one")

    with working(real_db, tmp_path / "log"):
        eventually(lambda: MirrorKey.objects.filter(key_id=key_id).exists(), tmp_path / "log")
        eventually(lambda: not Job.objects.filter(status__in=("queued", "running")).exists(), tmp_path / "log")

    for wrong in unlike(stage):
        promise.broke(wrong)
    if Job.objects.filter(status="failed").exists() or Drift.objects.exists():
        promise.broke("a job failed, or somebody was accused")


def test_two_workers_do_everything_once(stage: Stage, real_db: RealDatabase, promise: Promise, tmp_path: Path) -> None:
    promise.number, promise.title = "4.1", "two workers"
    stages = [stage, *(set_up(stage.sandbox) for _ in range(3))]
    ids = {one.team.pk: filled(one, 220) for one in stages}
    for one in stages:
        sync(one.team)
        for key_id in ids[one.team.pk][:5]:
            one.sandbox.console_edit(key_id, name="theirs")
            promise.tried()
    stage.sandbox.clear_log()
    TeamSync.objects.update(tried_at=None)

    with working(real_db, tmp_path / "one"), working(real_db, tmp_path / "two"):
        eventually(lambda: Drift.objects.count() >= 20, tmp_path / "one")
        eventually(lambda: not Job.objects.filter(status__in=("queued", "running")).exists(), tmp_path / "one")

    if Drift.objects.count() != 20 or Record.objects.filter(action="key.drift").count() != 20:
        promise.broke(f"{Drift.objects.count()} drifts of 20 changes")
    listed = Counter(entry["account_id"] for entry in stage.sandbox.requests(operation="list"))
    for one in stages:
        if listed[one.account.id] != 3:
            promise.broke(f"team {one.team.slug} has 3 pages, and {listed[one.account.id]} were listed")
    for one in stages:
        for wrong in unlike(one):
            promise.broke(wrong)
