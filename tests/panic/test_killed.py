"""A worker killed in the middle: its job is taken over, what may have been sent is settled first, nothing is lost."""

import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from keys.cometapi.client import CometClient
from keys.models import Change, Job, Panic, PanicItem, Record
from keys.services import abreast, jobs, perform, schedule
from keys.services.leaks.fan_out import THREADS
from keys.services.panic import batches
from keys.types import Lane
from tests.mirror.support import sync
from tests.mirror.test_worker import eventually, working
from tests.panic.scene import Scene, set_scene
from tests.start import product
from tests.support.databases import RealDatabase
from tests.support.report import Promise


@pytest.mark.parametrize("place", ["put", "intend", "send", "look", "outcome"])
def test_killed_at_each_step(scene: Scene, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    targets: dict[str, tuple[Any, str]] = {
        "put": (batches, "begin_disable"),
        "intend": (perform, "_intend"),
        "send": (batches, "jobs.beat"),
        "look": (batches, "_look_at"),
        "outcome": (batches, "judge"),
    }
    panic = scene.press()
    scene.slice()  # the listing
    owner, name = targets[place]
    if "." in name:
        owner, name = getattr(owner, name.split(".")[0]), name.split(".")[1]
    real, turns = getattr(owner, name), count(1)

    def killed_late(*args: Any, **more: Any) -> Any:
        # The first three go through, so that the process dies in the middle of a batch.
        if next(turns) > (0 if place == "look" else 3):
            raise KeyboardInterrupt
        return real(*args, **more)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(owner, name, killed_late)
        # A process that is killed looks at nothing any more.
        if place != "look":
            patch.setattr(batches, "_look_at", lambda *args: None) if place != "outcome" else None
        scene.slice()
    scene.killed()

    panic = scene.work(panic)

    assert scene.enabled() == set()
    assert scene.states(panic) == {"done": panic.items.count()}
    once_each(scene, panic)


def once_each(scene: Scene, panic: Panic) -> None:
    """No key has two intents that were both sent, and none is left open."""
    intents = Counter(record.change for record in scene.records("key.disable") if not record.outcome)
    assert set(intents.values()) == {1}
    ended = set(Record.objects.exclude(outcome="").values_list("change", flat=True))
    assert set(intents) <= ended


def test_an_expired_lease_is_taken_over_and_the_old_process_fenced_off(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on living and comes back when another has the job: it sends nothing more."""
    panic = scene.press()
    scene.slice()
    job = jobs.claim(Lane.URGENT)
    assert job
    real, sent, turns = abreast.begin_disable, [], count(1)  # several at once: each has its own number

    def taken_over(*args: Any) -> Any:
        found = real(*args)
        sent.append(1)
        if next(turns) == 2:
            scene.killed()
            assert jobs.claim(Lane.URGENT)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(batches, "begin_disable", taken_over)
        schedule.run_job(job)
    assert len(sent) <= 2 + THREADS < panic.asked, "what was on its way beside it, and nothing after that"

    scene.killed()
    panic = scene.work(panic)
    assert scene.enabled() == set() and scene.states(panic) == {"done": panic.items.count()}


def killed(*args: Any, **more: Any) -> Any:
    raise KeyboardInterrupt


def cut_off_at_the_send(few: Scene, monkeypatch: pytest.MonkeyPatch) -> Panic:
    """Pressed, listed, and killed a moment before the first request of its batch."""
    panic = few.press()
    few.slice()  # the listing
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(CometClient, "put_key", killed)
        few.slice()
    few.killed()
    return panic


def test_killed_at_the_send_where_an_earlier_panic_had_disabled_the_same_keys(
    few: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    anew(few, few.work(few.press()))
    panic = cut_off_at_the_send(few, monkeypatch)

    panic = few.work(panic, check=False)

    assert few.enabled() == set() and few.states(panic) == {"done": panic.items.count()}


def test_a_key_that_somebody_else_had_the_last_word_about_is_disabled_by_the_check(
    few: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    panic = cut_off_at_the_send(few, monkeypatch)
    key_id = Change.objects.filter(kind="disable").values_list("key_id", flat=True)[0]
    assert few.stage.on(key_id).disable().outcome == "confirmed"
    few.sandbox.console_edit(key_id, status=1)

    panic = few.work(panic, check=False)
    left = few.item(panic, key_id)
    panic = few.work(panic)

    assert (left.state, left.why) == ("left", "changed")
    assert few.enabled() == set() and few.states(panic) == {"done": panic.items.count()}


def test_killed_at_the_send_and_again_when_it_was_disabled_once_more(
    few: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    panic = few.press()
    few.slice()  # the listing

    with monkeypatch.context() as patch:
        patch.setattr(CometClient, "put_key", killed)
        # Settling, which disables once more what was not sent, has its turn after the batches.
        while not Change.objects.filter(kind="disable", person_id="").exists():
            with pytest.raises(KeyboardInterrupt):
                while few.slice():
                    few.hasten(panic)
            few.killed()
    Change.objects.filter(person_id="").update(created_at=timezone.now() - timedelta(minutes=4))
    assert few.enabled(), "nothing was sent"

    panic = few.work(panic)

    assert few.enabled() == set() and few.states(panic) == {"done": panic.items.count()}


def test_what_settling_finds_unsent_is_sent_before_the_check(few: Scene) -> None:
    panic = few.work(few.press(), check=False)
    item = few.item(panic, few.stage.key_id)
    long_ago = timezone.now() - timedelta(minutes=5)
    never_sent = Change.objects.filter(pk__in=[item.change_id])
    never_sent.update(state="intent", outcome="", sent_until=None, created_at=long_ago)
    panic.items.filter(pk=item.pk).update(state="unknown")
    Panic.objects.filter(pk=panic.pk).update(phase=Panic.Phase.WORKING)
    few.sandbox.console_edit(few.stage.key_id, status=1)

    panic = few.work(panic, check=False)

    assert few.enabled() == set() and few.item(panic, few.stage.key_id).state == "done"


@pytest.mark.prove
def test_the_worker_killed_at_random_points(
    real_db: RealDatabase, sandbox: Any, promise: Promise, scale: str, tmp_path: Path
) -> None:
    promise.number, promise.title = "15", "a team disabled at once, the worker killed at random points"
    rng = random.Random()
    scene = set_scene(sandbox, more=30 if scale == "small" else 500)
    for _ in range(1 if scale == "small" else 20):
        promise.tried()
        panic = scene.press()
        for _ in range(1 if scale == "small" else 3):
            killed_after_some(scene, panic, real_db, tmp_path / "log", rng)
        with working(real_db, tmp_path / "log"):
            # 500 keys take most of a minute where others want the processor too.
            eventually(lambda panic=panic: over(panic), tmp_path / "log", patience_s=180)  # type: ignore[misc]
        if scene.enabled():
            promise.broke(f"{len(scene.enabled())} keys are not disabled")
        for item in panic.items.exclude(state="done"):
            promise.broke(f"key {item.key_id} is {item.state}: {item.why} {changes_of(item)}")
        anew(scene, panic)


def anew(scene: Scene, panic: Panic) -> None:
    """Over, and all its keys enabled in the console."""
    Job.objects.filter(kind="panic").update(status="done")
    for key_id in panic.items.values_list("key_id", flat=True):
        scene.sandbox.console_edit(key_id, status=1)
    sync(scene.stage.team)


def changes_of(item: PanicItem) -> list[tuple[str, ...]]:
    rows = Change.objects.filter(account_id=item.account_id, key_id=item.key_id).order_by("created_at")
    return list(rows.values_list("state", "outcome", "person_id").reverse()[:4])


def killed_after_some(scene: Scene, panic: Panic, database: RealDatabase, log: Path, rng: random.Random) -> None:
    """The worker's lanes are killed soon after some more keys were disabled; what they leave is taken for old."""
    before = panic.items.filter(state="done").count()
    with working(database, log) as worker:
        eventually(lambda: panic.items.filter(state="done").count() > before or over(panic), log)
        time.sleep(rng.uniform(0, 0.1))
        for pid in product.children(worker.pid):
            with suppress(ProcessLookupError):  # it may have ended meanwhile
                os.kill(pid, signal.SIGKILL)
    if Job.objects.filter(pk=panic.job_id or 0, status="running").exists():
        scene.killed()


def over(panic: Panic) -> bool:
    panic.refresh_from_db()
    return panic.phase in (Panic.Phase.CHECKING, Panic.Phase.OVER)
