"""Promise 5's attack: many writes under faults, side by side; then upstream is well again, and all is judged."""

from collections import defaultdict
from collections.abc import Sequence

from tests.road import faulted
from tests.road.drive import Entry, say_shares, settle_now, settled, side_by_side
from tests.road.faulted import Case, Run
from tests.road.stage import Stage

SLACK_S = 2.0


def attack(stage: Stage, chosen: Sequence[Case], late_s: float, threads: int = 4) -> list[Run]:
    return side_by_side(threads, lambda case: faulted.run(stage, case, late_s), chosen)


def conclude(runs: Sequence[Run], held_s: float) -> list[str]:
    """Upstream is well again: settle all, and judge. What was said wrongly, in words."""
    if not runs:
        return []
    sandbox = runs[0].stage.sandbox
    sandbox.clear_faults()
    sandbox.clear_hooks()
    by_key = {run.stage.key_id: run for run in runs}

    def look(stage: Stage) -> None:
        faulted.settle_and_judge(by_key[stage.key_id], settle_now)

    for stage in settled([run.stage for run in runs], held_s + SLACK_S, look):
        by_key[stage.key_id].lie(f"still open after {held_s:.1f} s and more")
    log: dict[int, list[Entry]] = defaultdict(list)
    for entry in sandbox.log():
        log[entry["key_id"]].append(entry)
    for run in runs:
        faulted.judge_at_the_end(run, log[run.stage.key_id])
    return [lie for run in runs for lie in run.lies]


def shares(runs: Sequence[Run]) -> None:
    for verb in faulted.VERBS:
        say_shares(verb, [run.said for run in runs if run.verb == verb])
