"""Every change made elsewhere is noticed within one poll; nobody is accused of what we, or CometAPI, did.

What is expected is the list of what this test itself did in the sandbox's console: nothing, or one change a key.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connections

from keys.errors import CometAdminError
from keys.models import Drift, MirrorKey
from keys.services import explain, mirror, schedule, settle
from keys.services.syncing import sync_slice
from keys.types import Deadline
from tests.mirror.support import drifts, sync
from tests.road.drive import begin, seed_of_run, side_by_side, waits
from tests.road.stage import Stage, set_up, wish
from tests.support.databases import RealDatabase
from tests.support.mutants import mutated
from tests.support.report import Promise
from tests.support.sandbox import Sandbox

pytestmark = pytest.mark.prove

CONSOLE: tuple[Callable[[random.Random], dict[str, Any]], ...] = (
    lambda rng: {"name": f"theirs {rng.randrange(10**6)}"},
    lambda rng: {"status": 2},
    lambda rng: {"expired_time": 2_000_000_000 + rng.randrange(10**6)},
    lambda rng: {"remain_quota": 1_000_000 + rng.randrange(10**6)},
    lambda rng: {"unlimited_quota": True},
    lambda rng: {"model_limits_enabled": True, "model_limits": "gpt-4o"},
    lambda rng: {"allow_ips": f"203.0.113.{rng.randrange(256)}"},
    lambda rng: {"group": "vip"},
    lambda rng: {"cross_group_retry": True},
)
"""What a console may do to a key as `set_up` makes it; each is a change of exactly these fields."""


def unnoticed(stage: Stage, rng: random.Random, count: int) -> list[str]:
    """Changes elsewhere among as many keys again that only spend; one poll; what was missed, or told wrongly."""
    ids = [stage.sandbox.add_key(stage.account, name=f"key {n}", remain_quota=100_000) for n in range(2 * count)]
    sync(stage.team)
    expected: dict[int, set[str]] = {}
    for number, key_id in enumerate(ids):
        stage.sandbox.spend(key_id, rng.randrange(1, 900))
        if number % 2:
            fields = rng.choice(CONSOLE)(rng)
            stage.sandbox.console_edit(key_id, **fields)
            expected[key_id] = set(fields)
    sync(stage.team)
    found = {one.key_id: set(one.changed) - {"limit"} for one in drifts(stage)}
    return [f"key {i}: {found.get(i)} not {expected.get(i)}" for i in ids if found.get(i) != expected.get(i)]


def test_every_change_made_elsewhere_is_noticed_within_one_poll(stage: Stage, promise: Promise, scale: str) -> None:
    rng = begin(promise, "4.4", "changes elsewhere noticed within one poll", seed_of_run(), 0.3)
    count = 500 if scale == "full" else 24

    promise.tried(count)
    for wrong in unnoticed(stage, rng, count):
        promise.broke(wrong)

    with mutated(mirror._renew, "moved = seen_before and", "moved = seen_before and row.pk is None and"):
        assert len(unnoticed(set_up(stage.sandbox), rng, 8)) == 8
    promise.caught("takes every reading for explained")


FAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    *(("applied_late", {"answer": answer}) for answer in ("504", "close", "reset")),
    *((kind, {}) for kind in ("500_after", "reset_after", "close", "500_before", "504", "html_200", "status_ignored")),
    ("stall_before_headers", {}),
    ("field_altered", {"field": "name"}),
)
LATE_S = 1.2
"""How late an update may be carried out; within `Waits.late_s` of these runs, as the product assumes."""


def act(stage: Stage, rng: random.Random) -> str:
    """One thing that we, or the key's users, do; how it ended."""
    if rng.random() < 0.5:
        kind, params = rng.choice(FAULTS)
        if kind == "applied_late":
            params = {**params, "delay": rng.uniform(0.05, LATE_S)}
        stage.sandbox.fault(kind, operation="update", key_id=stage.key_id, **params)
    number = rng.randrange(10**6)
    wishes = (wish(name=f"ours {number}"), wish(group=rng.choice(["", "vip"])), wish(quota=("add", 1 + number)))
    try:
        match rng.randrange(7):
            case 0:
                return str(stage.disable().outcome)
            case 1:
                return str(stage.enable().outcome)
            case 2:
                stage.sandbox.spend(stage.key_id, rng.randrange(1, 50))
                return "spent"
            case _:
                return str(stage.edit(rng.choice(wishes)).outcome)
    except CometAdminError as error:
        return type(error).__name__


def story(stage: Stage, seed: int, length: int) -> Counter[str]:
    rng = random.Random(seed)
    told: Counter[str] = Counter()
    for _ in range(length):
        told[act(stage, rng)] += 1
        time.sleep(rng.uniform(0, 0.1))
    return told


@contextmanager
def polled(stage: Stage) -> Iterator[None]:
    """Listings and settling go on all the while, in a thread of their own."""
    over = threading.Event()

    def poll() -> None:
        try:
            while not over.is_set():
                sync_slice(stage.team, Deadline.after(1))
                schedule.settle_due(Deadline.after(1))
        finally:
            connections.close_all()

    thread = threading.Thread(target=poll, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(60)


def accused(stage: Stage, rng: random.Random, keys: int, length: int) -> tuple[list[str], Counter[str]]:
    """Edits, listings and late writes interleaved; nobody else touches a key, so each drift is a false one.

    But for what CometAPI itself altered while it carried out a disable, which asks for nothing but the status.
    """
    stages = [stage, *(stage.on(stage.sandbox.add_key(stage.account, remain_quota=10**6)) for _ in range(keys - 1))]
    seeds = [rng.randrange(10**9) for _ in stages]
    told: Counter[str] = Counter()
    with polled(stage):
        for part in side_by_side(4, lambda pair: story(*pair, length), list(zip(stages, seeds, strict=True))):
            told += part
    settle_all(stage)
    theirs = altered_beside_a_status(stage.sandbox)
    false = [f"key {one.key_id}: {one.changed}" for one in drifts(stage) if named_anew(one) not in theirs]
    left = MirrorKey.objects.filter(team=stage.team, suspect=True)
    return [*false, *(f"key {one.key_id} stays a suspect" for one in left)], told


def altered_beside_a_status(sandbox: Sandbox) -> set[tuple[int, str]]:
    """Key and name where a request for a status alone left another name, by the sandbox's own log."""
    writes = [one for one in sandbox.writes() if one["fault"] == "field_altered" and "status_only" in one["query"]]
    return {(one["key_id"], one["after"]["name"]) for one in writes}


def named_anew(found: Drift) -> tuple[int, str] | None:
    """Key and new name of a drift in nothing but the name."""
    return (found.key_id, found.changed["name"][1]) if set(found.changed) == {"name"} else None


def settle_all(stage: Stage) -> None:
    """Polls until nothing is left to settle or to look at; 30 s at most."""
    stage.sandbox.clear_faults()
    until = time.monotonic() + 30
    while time.monotonic() < until:
        schedule.settle_due(Deadline.after(5))
        sync(stage.team)
        if not settle.due().exists() and not MirrorKey.objects.filter(suspect=True).exists():
            return
        time.sleep(0.2)


@pytest.mark.parametrize("dialect", ["A", "B", "C"])
def test_nobody_is_accused_of_what_we_did(
    dialect: str, real_db: RealDatabase, settings: Any, promise: Promise, scale: str
) -> None:
    rng = begin(promise, "4.4", f"no false drift, dialect {dialect}", seed_of_run(), 0.02)
    keys, length = (20, 34) if scale == "full" else (4, 4)
    with Sandbox.start(dialect) as sandbox, waits(settings, 0.02):
        settings.COMETAPI_BASE_URL = sandbox.url
        stage = set_up(sandbox)
        sync(stage.team)
        false, told = accused(stage, rng, keys, length)
    promise.tried(told.total())
    for one in false:
        promise.broke(one)


def test_the_mutant_that_forgets_our_own_changes_accuses(stage: Stage, settings: Any, promise: Promise) -> None:
    promise.number, promise.title = "4.4", "mutant: no change of ours explains anything"
    promise.tried()
    sync(stage.team)
    with waits(settings, 0.02), mutated(explain.unexplained, "for change in changes:", "for change in ():"):
        stage.edit(wish(name="ours"))
        settle_all(stage)
    assert [one.changed for one in drifts(stage)] == [{"name": ["staging", "ours"]}]
    promise.caught("forgets our own changes")
