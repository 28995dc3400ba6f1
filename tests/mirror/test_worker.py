"""`manage.py worker` as an operator starts it: it checks the start, works, outlives its lanes, and ends when told."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings

from keys.models import Change, MirrorKey, WorkerLane
from keys.services import lanes
from keys.types import Lane
from tests.mirror.support import unlike
from tests.road.stage import Stage, wish
from tests.start import product
from tests.support.databases import RealDatabase


def environment(database: RealDatabase) -> dict[str, str]:
    return {**database.environment, "COMETAPI_BASE_URL": settings.COMETAPI_BASE_URL}


@contextmanager
def working(
    database: RealDatabase, log: Path, root: Path = product.ROOT, **more: str
) -> Iterator[subprocess.Popen[bytes]]:
    """root: of the product or of a mutant. more: of its environment."""
    env = {**environment(database), **more}
    with log.open("ab") as output:
        command = [sys.executable, str(root / "manage.py"), "worker"]
        process = subprocess.Popen(command, env=env, cwd=root, stdout=output, stderr=output)
    try:
        yield process
    finally:
        for pid in product.children(process.pid):
            with suppress(ProcessLookupError):  # it may have ended meanwhile
                os.kill(pid, signal.SIGKILL)
        process.kill()
        process.wait()


def eventually(told: Callable[[], object], log: Path, patience_s: float = 60) -> None:
    until = time.monotonic() + patience_s
    while not told():
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.1)


def test_it_lists_settles_outlives_its_lanes_and_ends_when_told(
    stage: Stage, real_db: RealDatabase, tmp_path: Path
) -> None:
    stage.sandbox.fault("500_after", operation="update", times=1)
    stage.sandbox.fault("500_before", operation="get", skip=2, times=99)
    stage.edit(wish(name="renamed"))
    stage.sandbox.clear_faults()
    MirrorKey.objects.all().delete()
    log = tmp_path / "log"

    with working(real_db, log) as worker:
        eventually(lambda: Change.objects.get().outcome == "applied", log)
        eventually(lambda: not unlike(stage), log)
        eventually(lambda: WorkerLane.objects.count() == 2 and lanes.is_running(Lane.ORDINARY), log)
        lanes_before = product.children(worker.pid)
        assert len(lanes_before) == 2
        for pid in lanes_before:
            os.kill(pid, signal.SIGKILL)
        eventually(lambda: len(set(product.children(worker.pid)) - set(lanes_before)) == 2, log)
        eventually(lambda: WorkerLane.objects.count() == 4, log)
        lanes_now = product.children(worker.pid)

        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0, log.read_text()

    assert not any(product.alive(pid) for pid in lanes_now)
    # Those that ended when told have taken their rows along; the killed ones' are stale and go later.
    assert WorkerLane.objects.count() == 2
    assert stage.account.token not in log.read_text()


def test_a_lane_ends_when_its_parent_is_killed(stage: Stage, real_db: RealDatabase, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with working(real_db, log) as worker:
        eventually(lambda: WorkerLane.objects.count() == 2, log)
        pids = product.children(worker.pid)
        worker.kill()
        worker.wait()
        eventually(lambda: not any(product.alive(pid) for pid in pids), log)


def test_a_lane_whose_parent_was_gone_before_it_began_ends_at_once(stage: Stage, real_db: RealDatabase) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()

    done = product.run(["worker", "--lane", "urgent", "--parent", str(gone.pid)], environment(real_db))

    assert (done.code, WorkerLane.objects.count()) == (0, 0)


def test_it_checks_the_start(real_db: RealDatabase) -> None:
    env = environment(real_db)
    del env["FINGERPRINT_KEYS"]

    done = product.run(["worker"], env)

    assert (done.code, len(done.lines), done.out) == (2, 1, "")
    assert done.lines[0].startswith("FINGERPRINT_KEYS: is not set")


def test_it_checks_the_database_too(real_db: RealDatabase, tmp_path: Path) -> None:
    done = product.run(["worker"], {**environment(real_db), "DATABASE_URL": f"sqlite:///{tmp_path}/empty.sqlite3"})

    assert (done.code, len(done.lines)) == (2, 1)
    assert "run `manage.py migrate`" in done.lines[0]
