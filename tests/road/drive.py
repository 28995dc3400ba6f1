"""What the proofs of the road share: seeds that can be replayed, shorter waits, runs side by side, the log replayed.

What is expected comes from here and from the sandbox: nothing in this file asks the code under test.
"""

import os
import random
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeVar

import pytest
from django.db import connections

from keys.cometapi.client import CometClient
from keys.errors import RateLimited
from keys.models import Change, ChangeState
from keys.services import settle
from keys.types import Waits
from tests.road.stage import Stage
from tests.support.report import Promise

T = TypeVar("T")
R = TypeVar("R")
Entry = dict[str, Any]

EDITABLE = (
    "name",
    "status",
    "expired_time",
    "remain_quota",
    "unlimited_quota",
    "model_limits_enabled",
    "model_limits",
    "allow_ips",
    "group",
    "cross_group_retry",
)
"""The editable fields, from the reference page."""


def seed_of_run() -> int:
    """PROOF_SEED replays a run."""
    return int(os.environ.get("PROOF_SEED") or secrets.randbelow(10**9))


def begin(promise: Promise, number: str, title: str, seed: int, factor: float) -> random.Random:
    """Names the promise and prints what replays it."""
    promise.number, promise.title = number, title
    say(f"promise {number} {title}: PROOF_SEED={seed}, waits times {factor:g}")
    return random.Random(seed)


@contextmanager
def waits(settings: Any, factor: float) -> Iterator[Waits]:
    """The product's waiting times by one factor."""
    usual = settings.WAITS
    settings.WAITS = Waits().scaled(factor)
    try:
        yield settings.WAITS
    finally:
        settings.WAITS = usual


def side_by_side(threads: int, function: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """`function` of each item, several at a time, each thread with a database connection of its own."""

    def one(item: T) -> R:
        try:
            return function(item)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, items))


@contextmanager
def beside(function: Callable[[], R]) -> Iterator[list[R]]:
    """Run `function` in a thread while the block lasts; its answer is in the list when the block has ended."""
    answers: list[R] = []

    def run() -> None:
        try:
            answers.append(function())
        finally:
            connections.close_all()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield answers
    finally:
        thread.join(60)
        assert not thread.is_alive(), "the other thread hangs"


@dataclass
class Story:
    """Everything that moved one key, in its true order, as the sandbox tells it. start: its record at the beginning."""

    start: dict[str, Any]
    entries: list[Entry]

    @classmethod
    def of(cls, stage: Stage, start: dict[str, Any]) -> "Story":
        mine = [e for e in stage.sandbox.log() if e["key_id"] == stage.key_id and e["order"] is not None]
        return cls(start, sorted(mine, key=lambda entry: int(entry["order"])))

    def at(self, order: int) -> dict[str, Any]:
        """The record as it was stored just after `order`."""
        told = [entry["after"] for entry in self.entries if entry["after"] and entry["order"] <= order]
        return dict(told[-1]) if told else self.start

    def reads(self, since: float = 0.0) -> list[int]:
        """When the key was read, as places in the order. since: Unix seconds; readings begun earlier do not count."""
        mine = (entry for entry in self.entries if entry["operation"] == "get" and entry["began"] >= since)
        return [int(entry["order"]) for entry in mine]

    def puts(self) -> list[Entry]:
        """Updates that were carried out."""
        return [entry for entry in self.entries if entry["operation"] == "update" and entry["after"]]

    def spent_between(self, after: int, before: int) -> int:
        """Units spent on purpose between two places in the order."""
        return sum(
            e["before"]["remain_quota"] - e["after"]["remain_quota"]
            for e in self.entries
            if e["operation"] == "spend" and after < e["order"] < before
        )


def had_effect(entry: Entry) -> bool:
    """Did this update alter a setting?"""
    if not entry["after"]:
        return False
    return any(entry["before"][name] != entry["after"][name] for name in EDITABLE)


def unlike(wanted: dict[str, Any], stored: dict[str, Any], spent: int = 0) -> list[str]:
    """Fields in which a stored record is not as wanted. null and "" are both no allowlist; spent: units since."""
    found = []
    for name in EDITABLE:
        want, have = wanted[name], stored[name]
        if name == "remain_quota" and want - spent <= have <= want:
            continue
        if want != have and not (name == "allow_ips" and not want and not have):
            found.append(f"{name} {have!r} not {want!r}")
    return found


def is_open(stage: Stage) -> bool:
    """Is a change of this key under way, unknown, or to be looked at again?"""
    mine = Change.objects.filter(account_id=stage.account.id, key_id=stage.key_id)
    return mine.exclude(state=ChangeState.DONE).exists() or mine.filter(recheck_at__isnull=False).exists()


def settled(stages: Sequence[Stage], within_s: float, settle_: Callable[[Stage], None] | None = None) -> list[Stage]:
    """Settle again and again, as visitors do; those keys that are still open after a visit begun `within_s` from now.

    A thousand visits take longer than that: each key has one of its own after it.
    """
    end = time.monotonic() + within_s
    left = [stage for stage in stages if is_open(stage)]
    over = False
    while left and not over:
        over = time.monotonic() >= end
        for stage in left:
            (settle_ or settle_now)(stage)
        left = [stage for stage in left if is_open(stage)]
        if left and not over:
            time.sleep(0.1)
    return left


def settle_now(stage: Stage) -> None:
    settle.settle_key(team=stage.team, key_id=stage.key_id)


def say_shares(what: str, outcomes: Sequence[str]) -> None:
    """Print how often each outcome came."""
    counts = {name: outcomes.count(name) for name in sorted(set(outcomes))}
    say(f"{what}: {len(outcomes)} runs: " + ", ".join(f"{name} {count}" for name, count in counts.items()))


def say(words: str) -> None:
    """A line for whoever runs the proofs."""
    sys.stdout.write(f"  {words}\n")


def first_reading_refused(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, threading.Event]:
    """The next reading of a key sets the first event, waits for the second, and is refused; later ones are real."""
    begun, go_on, real, turns = threading.Event(), threading.Event(), CometClient.get_key, count()

    def get_key(*args: Any) -> Any:
        if next(turns):
            return real(*args)
        begun.set()
        assert go_on.wait(10)
        raise RateLimited("slow down")

    monkeypatch.setattr(CometClient, "get_key", get_key)
    return begun, go_on
