"""Promise 8: disabled means disabled. At the first press, whatever the key is like and whatever else is on its way."""

import random
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest

from keys.models import Change
from keys.services import disabling, late
from keys.services.outcome import Conflict, Held, Result
from tests.road.drive import Story, begin, beside, say_shares, seed_of_run, settled, waits
from tests.road.oddkeys import LONG, odd_key
from tests.road.stage import Stage, set_up, wish
from tests.support.databases import RealDatabase
from tests.support.mutants import mutated
from tests.support.report import Promise

pytestmark = pytest.mark.prove

FACTOR = 0.05

ODD: dict[str, Callable[[random.Random], dict[str, Any]]] = {
    "plain": lambda rng: {},
    "overspent": lambda rng: {"remain_quota": -rng.randrange(1, 10**6)},
    "exhausted": lambda rng: {"remain_quota": 0, "status": rng.choice((1, 4))},
    "a long name": lambda rng: {"name": rng.choice(LONG)},
    "a lost group": lambda rng: {"group": "gone", "cross_group_retry": rng.random() < 0.5},
    "beyond the bound": lambda rng: {"remain_quota": 5 * 10**14 + rng.randrange(1, 10**9)},
    "all of these": lambda rng: {"remain_quota": -5, "name": rng.choice(LONG), "group": "gone"},
    "anything": odd_key,
}


def press(stage: Stage, fields: dict[str, Any], told: list[str], **moment: Any) -> list[str]:
    """Disable a key once. What was said, against what the sandbox had stored when the key was last read."""
    on = stage.on(stage.sandbox.add_key(stage.account, **{"name": "leaked", "remain_quota": 500, **fields}))
    start = on.stored()
    for kind, more in moment.items():
        on.sandbox.fault(kind, key_id=on.key_id, **more)
    result = on.disable()
    told.append(str(result.outcome))
    story = Story.of(on, start)
    broken = unlike_the_reading(result, story)
    if result.outcome != "confirmed":
        broken.append(f"not at the first press: {result.outcome} ({result.why}), status {on.stored()['status']}")
    return [f"{words} {fields} {moment}" for words in broken]


def unlike_the_reading(result: Result, story: Story, *, alone: bool = True) -> list[str]:
    """CONFIRMED is said only of a reading at which the stored status was 2: the last one, when nobody else reads.

    Who edits beside it reads the key too: then one of those that were begun since the disable says it looked.
    """
    if result.outcome not in ("confirmed", "applied"):
        return []
    since = result.checked_at.timestamp() if result.checked_at else float("inf")
    reads = story.reads()[-1:] if alone else story.reads(since)
    found = [story.at(read)["status"] for read in reads]
    return [] if 2 in found else [f"said {result.outcome} while status {found} was stored at the reading"]


def test_the_first_press(real_db: RealDatabase, sandbox: Any, promise: Promise, scale: str) -> None:
    seed = seed_of_run()
    rng = begin(promise, "8", "disabled at the first press", seed, 0.3)
    stage, told = set_up(sandbox), list[str]()
    for dialect in "ABC":
        for zero_refused in (False, True):
            sandbox.configure(dialect=dialect, quota_zero_refused=zero_refused)
            for name, fields in ODD.items():
                for _ in range(1 if scale == "small" else 60):
                    for words in press(stage, fields(rng), told):
                        promise.broke(f"{dialect} {name}: {words} PROOF_SEED={seed}")
    promise.tried(len(told))
    say_shares("first presses", told)


BUSY: tuple[dict[str, Any], ...] = (
    {"503": {"operation": "update", "times": 2}},
    {"429": {"operation": "update", "times": 1}},
    {"status_ignored": {"operation": "update", "times": 1}},
    {"status_ignored": {"operation": "update", "times": 1, "answer": "asked"}},
    {"reset_before": {"operation": "update", "times": 1}},
    {"reset_after": {"operation": "update", "times": 1}},
    {"500_after": {"operation": "update", "times": 2}},
    {"stale_read": {"operation": "get", "skip": 1, "times": 1}},
    {"refusal": {"operation": "get", "times": 1}},
    {"refusal": {"operation": "get", "skip": 1, "times": 1}},
    {"429": {"operation": "get", "times": 1}},
    {"refusal": {"operation": "update", "times": 1}},
    {"success_string": {"operation": "update", "times": 1, "applied": False}},
)


def test_while_upstream_is_busy(real_db: RealDatabase, sandbox: Any, promise: Promise, scale: str) -> None:
    seed = seed_of_run()
    rng = begin(promise, "8", "disabled while upstream is busy", seed, 0.3)
    stage, told = set_up(sandbox), list[str]()
    for moment in BUSY * (1 if scale == "small" else 20):
        dialect = rng.choice("ABC")
        sandbox.configure(dialect=dialect)
        for words in press(stage, {}, told, **moment):
            promise.broke(f"{dialect}: {words} PROOF_SEED={seed}")
    promise.tried(len(told))
    say_shares("busy", told)


def test_cached_and_resurrecting_keys(
    real_db: RealDatabase, sandbox: Any, promise: Promise, scale: str, settings: Any
) -> None:
    """What comes back to life within the disable is disabled again; later than that is the prober's business."""
    seed = seed_of_run()
    rng = begin(promise, "8", "cached and resurrecting", seed, FACTOR)
    stage, told = set_up(sandbox), list[str]()
    sandbox.configure(cache_s=60.0)
    for _ in range(20 if scale == "small" else 400):
        sandbox.configure(dialect=rng.choice("ABC"))
        comes_back_s = rng.choice((0.0001, 0.001, 0.004, 0.02, 5.0))
        for words in press(stage, {"resurrect_s": comes_back_s}, told):
            if not words.startswith("not at the first press"):
                promise.broke(f"{words} PROOF_SEED={seed}")
    promise.tried(len(told))
    say_shares("cached and resurrecting", told)
    assert told.count("confirmed") > len(told) / 2


def an_edit(stage: Stage, rng: random.Random, enabling: bool) -> Callable[[], str]:
    """Somebody else's change of a key that reads enabled (or, enabling, disabled) as of now."""
    asked = rng.choice((wish(name="edited"), wish(group="vip"), wish(name="edited", group="vip")))
    base = stage.read()

    def go() -> str:
        try:
            result = stage.enable(change_id=uuid4()) if enabling else stage.edit(asked, base=base)
            return str(result.outcome)
        except (Conflict, Held) as stopped:
            return type(stopped).__name__.lower()

    return go


@contextmanager
def in_flight(on: Stage, rng: random.Random, change: Callable[[], str]) -> Any:
    """The other change is stopped somewhere on its way while the block lasts, then let go."""
    place = rng.choice((("before", "get"), ("after", "get"), ("before", "update"), ("after", "update")))
    hook = on.sandbox.pause(place[0], operation=place[1], key_id=on.key_id)
    with beside(change):
        assert on.sandbox.wait_paused(hook), "the edit never came"
        yield " ".join(place)
        on.sandbox.release(hook)


@contextmanager
def applied_late(on: Stage, rng: random.Random, change: Callable[[], str], late_s: float) -> Any:
    """The other change is answered by a 504 and lands while or after the key is disabled."""
    delay = rng.choice((0.0, 0.01, 0.05, rng.uniform(0.1, 0.8) * late_s))
    on.sandbox.fault("applied_late", operation="update", key_id=on.key_id, delay=delay, answer="504")
    if rng.random() < 0.5:
        before = len(on.sandbox.log())
        with beside(change) as done:
            _wait_until_it_has_read(on, before, done)  # one that begins after the disable may well enable the key again
            yield f"late {delay:.3f}"
    else:
        change()
        yield f"late {delay:.3f}"


def _wait_until_it_has_read(on: Stage, since: int, done: list[str]) -> None:
    """Or has ended without: on a busy machine its read's few hundredths of a second can be over before it began."""
    end = time.monotonic() + 10
    while not done and not any(
        entry["operation"] == "get" and entry["key_id"] == on.key_id for entry in on.sandbox.log()[since:]
    ):
        assert time.monotonic() < end, "the other change never began"
        time.sleep(0.002)


def around_a_disable(stage: Stage, rng: random.Random, late_s: float) -> tuple[Stage, str, list[str]]:
    """One disable with another change of the same key around it. Judged by the log when the late ones have landed."""
    enabling = rng.random() < 0.3
    on = stage.on(stage.sandbox.add_key(stage.account, name="leaked", status=2 if enabling else 1))
    start, change = on.stored(), an_edit(on, rng, enabling)
    around = in_flight(on, rng, change) if rng.random() < 0.5 else applied_late(on, rng, change, late_s)
    with around as what:
        # Its answer may take its time, while the other change goes on.
        if rng.random() < 0.3:
            on.sandbox.fault("stall_after_headers", operation="get", skip=1, key_id=on.key_id, seconds=0.1)
        result = on.disable()
        told_at = time.time()
    words = [
        f"{one} ({what}, enabling {enabling})"
        for one in unlike_the_reading(result, _until(on, start, told_at), alone=False)
    ]
    if result.outcome not in ("confirmed", "unknown", "differs"):
        words.append(f"said {result.outcome} {result.why} ({what}, enabling {enabling})")
    on.sandbox.clear_hooks()
    return on, f"{what.split()[0]} {result.outcome}{' earlier' if result.earlier_may_arrive else ''}", words


def _until(stage: Stage, start: dict[str, Any], moment: float) -> Story:
    """What had happened by then."""
    story = Story.of(stage, start)
    return Story(start, [entry for entry in story.entries if entry["applied"] <= moment])


def run_all(stage: Stage, rng: random.Random, runs: int, settings: Any, told: list[str]) -> list[str]:
    """Many disables with other changes around them; then all lands, and is settled."""
    broken, over = [], []
    with waits(settings, FACTOR) as waited:
        for _ in range(runs):
            stage.sandbox.configure(dialect=rng.choice("ABC"))
            on, said, words = around_a_disable(stage, rng, waited.late_s)
            told.append(said)
            broken += words
            over.append(on)
        stage.sandbox.clear_faults()
        time.sleep(waited.late_s * 0.8)
        left = settled(over, waited.held_s + 2)
    broken += [f"still open: {Change.objects.filter(key_id=on.key_id).values_list('kind', 'state')}" for on in left]
    for on in over:
        if on.stored()["status"] != 2:
            changes = Change.objects.filter(key_id=on.key_id).order_by("created_at")
            history = [(one.kind, one.outcome, one.result.get("earlier_may_arrive")) for one in changes]
            broken.append(f"enabled in the end: {history}")
    return broken


def test_an_edit_in_flight_or_late(
    real_db: RealDatabase, sandbox: Any, promise: Promise, scale: str, settings: Any
) -> None:
    seed = seed_of_run()
    rng = begin(promise, "8", "an edit in flight or late around every disable", seed, FACTOR)
    told = list[str]()
    for words in run_all(set_up(sandbox), rng, 20 if scale == "small" else 600, settings, told):
        promise.broke(f"{words} PROOF_SEED={seed}")
    promise.tried(len(told))
    say_shares("disables", told)
    assert any("earlier" in said for said in told)


MUTANTS: list[tuple[str, Callable[..., Any], str, str, Any]] = [
    (
        "believe success",
        disabling.disable_steps,
        "if _reads_disabled(seen):",
        "if answer is Answer.SUCCESS or _reads_disabled(seen):",
        "while status [1",
    ),
    (
        "skip the second body",
        disabling.disable_steps,
        'if answer is Answer.REFUSED and step == "disable":',
        "if False:",
        "not at the first press",
    ),
]


@pytest.mark.parametrize(("mutant", "function", "old", "new", "words"), MUTANTS, ids=[one[0] for one in MUTANTS])
def test_the_mutant_is_caught(
    real_db: RealDatabase,
    sandbox: Any,
    promise: Promise,
    settings: Any,
    mutant: str,
    function: Callable[..., Any],
    old: str,
    new: str,
    words: str,
) -> None:
    promise.number, promise.title = "8", f"mutant: {mutant}"
    stage, rng = set_up(sandbox), random.Random(3)

    def attack() -> list[str]:
        broken, told = list[str](), list[str]()
        with waits(settings, 0.1):
            for moment in ({}, {"status_ignored": {"operation": "update", "times": 1}}):
                for fields in ODD.values():
                    broken += press(stage, fields(rng), told, **moment)
        promise.tried(len(told))
        return broken

    assert attack() == []
    with mutated(function, old, new):
        wrong = attack()
    assert any(words in one for one in wrong), wrong
    promise.caught(mutant)


def test_no_word_of_an_earlier_edit_would_be_caught(
    real_db: RealDatabase, sandbox: Any, promise: Promise, settings: Any
) -> None:
    """Mutant: nobody remembers the edit in flight, so the key that it enables again stays enabled."""
    promise.number, promise.title = "8", "mutant: forget the earlier edit"
    rng, told = random.Random(4), list[str]()
    stage = set_up(sandbox)
    with mutated(late.may_still_land_after, "return list(mine.filter(unsure))", "return []"):
        wrong = run_all(stage, rng, 20, settings, told)
    promise.tried(20)
    assert any("enabled in the end" in one for one in wrong), wrong
    promise.caught("forget the earlier edit")
