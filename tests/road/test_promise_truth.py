"""Promise 5: never a false success, never a false "nothing changed", whatever breaks and wherever it breaks."""

import random
from typing import Any

import pytest

from keys.cometapi import verbs, wire
from keys.services import sending
from keys.services.outcome import Conflict, Held
from tests.road import faulted
from tests.road.attack import SLACK_S, attack, conclude, shares
from tests.road.drive import begin, say_shares, seed_of_run, settled, waits
from tests.road.faulted import KINDS, Case, Run, cases
from tests.road.stage import Stage, set_up, wish
from tests.support.databases import RealDatabase
from tests.support.mutants import mutated
from tests.support.report import Promise

pytestmark = pytest.mark.prove

FACTOR = 0.04
RUNS = {"small": 40, "full": 1_000}  # a dialect


def test_every_fault_at_every_place(
    real_db: RealDatabase, sandbox: Any, promise: Promise, scale: str, settings: Any
) -> None:
    seed = seed_of_run()
    rng = begin(promise, "5", "never a false word", seed, FACTOR)
    stage, runs = set_up(sandbox), list[Run]()
    with waits(settings, FACTOR) as waited:
        for dialect in "ABC":
            sandbox.configure(dialect=dialect)
            runs += attack(stage, cases(rng, RUNS[scale]), waited.late_s)
        told = [run.at_once for run in runs]
        lies = conclude(runs, waited.held_s)
    promise.tried(len(runs))
    say_shares("at once", told)
    shares(runs)
    for lie in lies:
        promise.broke(f"{lie} PROOF_SEED={seed}")


def test_without_a_fault_all_are_confirmed(
    real_db: RealDatabase, sandbox: Any, promise: Promise, scale: str, settings: Any
) -> None:
    """The twin: a product that always said "unknown" would never be caught lying."""
    seed = seed_of_run()
    rng = begin(promise, "5", "all confirmed without a fault", seed, 0.3)
    stage = set_up(sandbox)
    for dialect in "ABC":
        sandbox.configure(dialect=dialect)
        for case in cases(rng, 12 if scale == "small" else 200, (("slow", {"seconds": 0.0}),)):
            done = faulted.run(stage, case, 1.0)
            promise.tried()
            if done.said != "confirmed" or done.lies:
                promise.broke(f"{dialect} {case}: {done.said} {done.lies} PROOF_SEED={seed}")


def test_save_back_edit_save_again(
    real_db: RealDatabase, sandbox: Any, promise: Promise, scale: str, settings: Any
) -> None:
    """The first save is unclear or not; its form comes back by Back, is edited and saved again."""
    seed = seed_of_run()
    rng = begin(promise, "5", "save, Back, edit, save again", seed, FACTOR)
    stage, pairs = set_up(sandbox), list[tuple[Stage, str, str]]()
    with waits(settings, FACTOR) as waited:
        for case in cases(rng, 15 if scale == "small" else 300, KINDS, ("edit",)):
            sandbox.configure(dialect=rng.choice("ABC"))
            on = stage.on(sandbox.add_key(stage.account, name="older", remain_quota=100_000))
            base = on.read()
            faulted.arm(on, case, 1, delay=rng.uniform(0.1, 0.8) * waited.late_s)
            said = [_saved(on, base, name) for name in ("first", "second")]
            promise.tried()
            stored = on.stored()["name"]
            if said[1] in faulted.SAVED and stored != "second":
                promise.broke(f"second said {said[1]}, stored {stored} {case} PROOF_SEED={seed}")
            pairs.append((on, said[0], said[1]))
        sandbox.clear_faults()
        late = settled([on for on, _, _ in pairs], waited.held_s + SLACK_S)
    say_shares("first, then second", [f"{first}/{second}" for _, first, second in pairs])
    for on, first, second in pairs:
        if second in faulted.SAVED and on.stored()["name"] != "second":
            promise.broke(f"first {first}, second {second}, and in the end {on.stored()['name']} PROOF_SEED={seed}")
        if on in late:
            promise.broke(f"first {first}, second {second}: still open PROOF_SEED={seed}")


def _saved(stage: Stage, base: Any, name: str) -> str:
    try:
        return str(stage.edit(wish(name=name), base=base).outcome)
    except Conflict:
        return "conflict"
    except Held:
        return "held"


def test_unscaled(real_db: RealDatabase, sandbox: Any, promise: Promise, scale: str, settings: Any) -> None:
    """The waits as shipped: thirty of each verb, all at once, since they do nothing but wait."""
    if scale == "small":
        pytest.skip("takes three minutes; runs in make prove")
    seed = seed_of_run()
    rng = begin(promise, "5", "never a false word (waits unscaled)", seed, 1.0)
    stage = set_up(sandbox)
    with waits(settings, 1.0) as waited:
        chosen = [case for verb in faulted.VERBS for case in cases(rng, 30, KINDS, (verb,))]
        runs = attack(stage, chosen, 37.5, threads=40)
        promise.tried(len(runs))
        lies = conclude(runs, waited.held_s)
    shares(runs)
    for lie in lies:
        promise.broke(f"{lie} PROOF_SEED={seed}")


MUTANTS = [
    pytest.param(
        sending._verdict,
        "    missing = _missing(plan, sending.live, seen.snapshot)\n",
        "    if answer is Answer.SUCCESS:\n        return Sent(Outcome.CONFIRMED, seen)\n"
        "    missing = _missing(plan, sending.live, seen.snapshot)\n",
        [("field_altered", {"field": "group", "value": "vip"}), ("extra_fields", {"applied": False})],
        "said confirmed while stored is",
        id="trust success",
    ),
    pytest.param(
        wire.opened,
        "    if answer.status != 200:\n",
        '    if 300 <= answer.status < 400:\n        return Success(None, "", "")\n    if answer.status != 200:\n',
        [("301", {"where": "same"}), ("307", {"where": "other"})],
        "said that CometAPI stored something else",
        id="a redirect is fine",
    ),
    pytest.param(
        verbs.Verbs.put_key,
        "return self._call(call, deadline, read)",
        "return repeated(lambda until: self._call(call, until, read), deadline)",
        [("503", {}), ("reset_after", {}), ("504", {"applied": True})],
        "the same update was sent",
        id="retry the PUT",
    ),
]


@pytest.mark.parametrize(("function", "old", "new", "kinds", "words"), MUTANTS)
def test_the_mutant_is_caught(
    real_db: RealDatabase,
    sandbox: Any,
    promise: Promise,
    settings: Any,
    request: pytest.FixtureRequest,
    function: Any,
    old: str,
    new: str,
    kinds: list[tuple[str, dict[str, Any]]],
    words: str,
) -> None:
    mutant = request.node.callspec.id
    promise.number, promise.title = "5", f"mutant: {mutant}"
    chosen = [Case(verb, "write", kind, params, 3) for verb in ("edit", "quota") for kind, params in kinds]
    stage = set_up(sandbox)
    with waits(settings, 0.02) as waited:
        with mutated(function, old, new):
            wrong = conclude(attack(stage, chosen, waited.late_s), waited.held_s)
        sound = conclude(attack(stage, chosen, waited.late_s), waited.held_s)
    promise.tried(len(chosen))
    assert any(words in lie for lie in wrong), wrong
    assert not sound, sound
    promise.caught(mutant)


def test_cases_replay_from_their_seed() -> None:
    assert cases(random.Random(7), 50) == cases(random.Random(7), 50)
