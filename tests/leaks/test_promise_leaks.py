"""Promise 8 for the leak desk: nothing is called disabled, refused or still refused that CometAPI would still serve.

Held against the sandbox alone: what it stores, what it would serve, and what moved since the moment that is claimed.
"""

import os
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from django.utils import timezone

from cometadmin.sandbox.journal import EVENT_OPERATIONS
from keys.models import Incident, Leaked
from keys.services.leaks import pressing, proving, trying
from keys.types import Deadline
from tests.leaks.scene import Scene, set_scene
from tests.road.drive import begin, beside, say_shares, seed_of_run, waits
from tests.road.stage import Stage, wish
from tests.support.databases import RealDatabase
from tests.support.mutants import mutated
from tests.support.report import Promise

pytestmark = pytest.mark.prove

FACTOR = 0.1
EDITS = ("edit_late", "edit_beside")
MISHAPS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("none", {}),
    ("503", {"every": 2}),
    ("429", {"every": 2}),
    ("401_json", {"operation": "v1_models", "every": 2}),
    ("401_html", {"operation": "v1_models", "every": 2}),
    ("garbage", {"operation": "v1_models", "every": 2}),
    ("applied_late", {"operation": "update", "times": 1, "delay": 0.2, "answer": "504"}),
    ("reset_after", {"operation": "update", "times": 1}),
    ("status_ignored", {"operation": "update", "times": 1}),
    ("stale_read", {"operation": "get", "skip": 1, "times": 1}),
    ("refusal", {"operation": "get", "every": 2}),
    ("refusal", {"operation": "get", "times": 2}),
    ("500_after", {"operation": "update", "times": 2}),
    ("503", {"operation": "v1_models", "times": 3}),
    ("edit_late", {}),
    ("edit_beside", {}),
)


def false_claims(scene: Scene, row: Leaked) -> list[str]:
    """What the row says now, against what the sandbox knows now; a key that was revived since then is no lie yet."""
    key = scene.sandbox.key(row.key_id)
    serves = scene.sandbox.would_serve(row.key_id)
    found = []
    if row.disabled_at and key["status"] != 2 and not revived_since(scene, row, row.disabled_at):
        found.append(f"disabled, but status {key['status']} is stored")
    if row.gone:
        found.append("gone, but it is there")
    for level in ("refused_at", "again_at", "last_at"):
        claimed = getattr(row, level)
        if claimed and serves and not revived_since(scene, row, claimed):
            found.append(f"{level[:-3]}, but it would be served")
    return found


def revived_since(scene: Scene, row: Leaked, claimed: datetime) -> bool:
    """By itself, or by an edit that had been sent before the claim and landed after it: which nobody can see coming."""
    # What a probe says was so when it was sent: a second before the claim is written down, at the most.
    since = claimed.timestamp() - 1
    return any(
        enabled_again(entry, since) and (entry["operation"] in EVENT_OPERATIONS or entry["began"] < claimed.timestamp())
        for entry in scene.sandbox.log()
        if entry["key_id"] == row.key_id
    )


def enabled_again(entry: dict[str, Any], since: float) -> bool:
    moved = entry["before"] and entry["after"] and entry["before"]["status"] != 1 and entry["after"]["status"] == 1
    return bool(moved) and entry["applied"] >= since


def every_second(sandbox: Any, kind: str, **more: Any) -> None:
    """Hit every second request that fits: a fault with a skip of its own for each, since all count while none hits."""
    for turn in range(1, 31):
        sandbox.fault(kind, skip=turn, times=1, **more)


def one_leak(scene: Scene, rng: random.Random, told: list[str]) -> list[str]:
    """Leaked, pasted, disabled, tried as often as it takes; every claim on the way is looked at.

    What is still served in the end is still being dealt with.
    """
    sandbox = scene.sandbox
    sandbox.clear_log()
    cache_s = rng.choice((0.0, 0.0, 0.3, 60.0))
    sandbox.configure(dialect=rng.choice("ABC"), cache_s=cache_s)
    key_id = sandbox.add_key(scene.stage.account, name="leaked", resurrect_s=rng.choice((None, None, 0.05, 0.4)))
    scene.sync()
    incident = scene.paste(f"key={scene.secret(key_id)}")
    kind, more = rng.choice(MISHAPS)
    with edit_in_flight(scene.stage.on(key_id), kind, rng):
        if "every" in more:
            every_second(sandbox, kind, **{name: value for name, value in more.items() if name != "every"})
        elif kind not in ("none", *EDITS):
            sandbox.fault(kind, **more)
        broken = []
        scene.press(incident)
        for round_ in range(4):
            row = scene.row(incident, key_id)
            broken += [f"{words} ({kind}, cache {cache_s}, round {round_})" for words in false_claims(scene, row)]
            if round_ == 1:
                sandbox.clear_faults()
            incident.leaked.filter(next_at__isnull=False).update(next_at=timezone.now())
            pressing.go_on(incident, Deadline.after(20))
    row = scene.row(incident, key_id)
    broken += [f"{words} ({kind}, cache {cache_s}, in the end)" for words in false_claims(scene, row)]
    if sandbox.would_serve(key_id) and left_alone(scene, row):
        broken.append(f"still served and left alone ({kind}, cache {cache_s}, {row.why})")
    told.append(f"{kind}: {proof_of(row)}")
    # Out of the way of the runs to come: a listing of a thousand keys each time would take longer than all the rest.
    incident.leaked.update(next_at=None)
    Incident.objects.filter(pk=incident.pk).update(destroyed_at=timezone.now())
    sandbox.console_delete(key_id)
    return broken


def left_alone(scene: Scene, row: Leaked) -> bool:
    """Nothing is due, and the next listing makes nothing due either: an edit may land after the very last probe."""
    if row.next_at is not None:
        return False
    scene.sync()
    pressing.probe_due(Deadline.after(20))
    row.refresh_from_db()
    return row.next_at is None and bool(scene.sandbox.would_serve(row.key_id))


@contextmanager
def edit_in_flight(stage: Stage, kind: str, rng: random.Random) -> Iterator[None]:
    """An edit of the same key that was sent before the disable and lands after it, without an answer or beside it."""
    if kind == "edit_late":
        stage.sandbox.fault("applied_late", operation="update", times=1, delay=rng.uniform(0, 0.6), answer="504")
        stage.edit(wish(name="late"))
    if kind != "edit_beside":
        yield
        return
    held = stage.sandbox.pause("before", operation="update")
    with beside(lambda: stage.edit(wish(name="beside"))):
        assert stage.sandbox.wait_paused(held)
        release = threading.Timer(rng.uniform(0, 0.6), stage.sandbox.release, (held,))
        release.start()
        yield
        release.join()


def proof_of(row: Leaked) -> str:
    for level in ("last", "again", "refused", "disabled"):
        if getattr(row, f"{level}_at"):
            return level
    return f"nothing ({row.why})"


def test_nothing_is_claimed_that_is_not_so(
    real_db: RealDatabase, sandbox: Any, promise: Promise, scale: str, settings: Any
) -> None:
    seed = seed_of_run()
    rng = begin(promise, "8", "leak desk: no false disabled, refused, still refused", seed, FACTOR)
    scene, told = set_scene(sandbox), list[str]()
    with waits(settings, FACTOR):
        settings.WAITS = settings.WAITS.__class__(**{**waits_as_dict(settings), "leak_hold_s": 900.0})
        for _ in range(int(os.environ.get("LEAK_RUNS", "12" if scale == "small" else "1000"))):
            for words in one_leak(scene, rng, told):
                promise.broke(f"{words} PROOF_SEED={seed}")
    promise.tried(len(told))
    say_shares("leaks", told)


def waits_as_dict(settings: Any) -> dict[str, Any]:
    return {name: getattr(settings.WAITS, name) for name in settings.WAITS.__dataclass_fields__}


def test_without_mishap_all_is_proven(real_db: RealDatabase, sandbox: Any, promise: Promise) -> None:
    promise.number, promise.title = "8", "leak desk: without a fault all is proven to the last level"
    scene = set_scene(sandbox)
    for dialect in "ABC":
        promise.tried()
        sandbox.configure(dialect=dialect)
        key_id = sandbox.add_key(scene.stage.account, name=f"leaked {dialect}")
        scene.sync()
        incident = scene.paste(scene.secret(key_id))
        scene.press(incident)
        for _ in range(3):
            incident.leaked.filter(next_at__isnull=False).update(next_at=timezone.now())
            pressing.go_on(incident, Deadline.after(20))
        row = scene.row(incident, key_id)
        if proof_of(row) != "last":
            promise.broke(f"{dialect}: {proof_of(row)} {row.why}")
        incident.refresh_from_db()
        assert incident.state == Incident.State.CONTAINED and incident.destroyed_at


def cached_and_silent(scene: Scene) -> None:
    """Still served from a cache, and the model endpoint gives no clear answer."""
    scene.sandbox.configure(cache_s=60.0)
    scene.sandbox.fault("401_json", operation="v1_models", key_id=scene.stage.key_id, times=99)


def cached(scene: Scene) -> None:
    scene.sandbox.configure(cache_s=60.0)


def cached_elsewhere(scene: Scene) -> None:
    scene.sandbox.console_edit(scene.stage.key_id, allow_ips="203.0.113.9")
    scene.sandbox.configure(cache_s=60.0, client_ip="198.51.100.1")


def denied(scene: Scene) -> None:
    scene.sandbox.fault("refusal", operation="update", times=99)


MUTANTS: dict[str, tuple[Callable[..., Any], str, str, Callable[[Scene], None]]] = {
    "no answer is taken for a refusal": (
        trying.why_not,
        "if verdict is not Verdict.REFUSED:",
        "if False:",
        cached_and_silent,
    ),
    "an answer of 200 is taken for a refusal": (
        trying.why_not,
        "if verdict is Verdict.ACCEPTED:",
        "if verdict is Verdict.ACCEPTED:\n        return ''\n    if False:",
        cached,
    ),
    "403 is taken for dead": (
        trying.why_not,
        "if verdict is Verdict.ELSEWHERE:",
        "if verdict is Verdict.ELSEWHERE:\n        return ''\n    if False:",
        cached_elsewhere,
    ),
    "a refused disable is taken for a disabled key": (
        proving._after,
        "if result.outcome in (Outcome.CONFIRMED, Outcome.APPLIED):",
        "if result.outcome in (Outcome.CONFIRMED, Outcome.APPLIED, Outcome.REFUSED):",
        denied,
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_mutants_are_caught(name: str, real_db: RealDatabase, sandbox: Any, promise: Promise, settings: Any) -> None:
    promise.number, promise.title = "8", f"leak desk, mutant: {name}"
    function, old, new, mishap = MUTANTS[name]
    scene = set_scene(sandbox)
    incident = scene.paste()
    mishap(scene)

    def attack() -> list[str]:
        scene.press(incident)
        return false_claims(scene, scene.row(incident))

    with mutated(function, old, new):
        wrong = attack()
    promise.tried()
    assert wrong, f"not caught: {name}"
    promise.caught(name)


@pytest.mark.parametrize("mishap", [cached_and_silent, cached, cached_elsewhere, denied])
def test_the_same_without_the_mutants(real_db: RealDatabase, sandbox: Any, mishap: Callable[[Scene], None]) -> None:
    scene = set_scene(sandbox)
    incident = scene.paste()
    mishap(scene)
    scene.press(incident)
    assert false_claims(scene, scene.row(incident)) == []
