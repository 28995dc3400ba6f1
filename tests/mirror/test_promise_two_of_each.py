"""Two web and two worker processes over one database: nothing lost, nothing twice, nothing overwritten unseen."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keys.cometapi.client import close_pool
from keys.models import Change
from keys.services.outcome import Outcome
from tests.mirror.support import sync
from tests.mirror.test_promise_killed import started
from tests.mirror.test_worker import environment
from tests.mirror.two_judged import all_wrong, overwritten, two_at_once
from tests.mirror.two_of_each import UNSCALED, Deed, Visitor, busy, leads, listed_all_the_while, running, settled
from tests.road.drive import begin, beside, say, say_shares, seed_of_run, side_by_side
from tests.road.stage import Stage, set_up
from tests.sandbox.test_process import process
from tests.start import product
from tests.support.databases import RealDatabase
from tests.support.mutant_copy import file_mutant
from tests.support.report import Promise

pytestmark = [pytest.mark.prove, pytest.mark.postgres, pytest.mark.usefixtures("collected")]
TWO_PAGES = 120


@pytest.fixture
def stage(real_db: RealDatabase, settings: Any) -> Iterator[Stage]:
    """One team with two pages of keys, at a CometAPI in a process of its own that takes its time."""
    with process("module") as sandbox:
        sandbox.configure(latency_s=0.02)
        settings.COMETAPI_BASE_URL = sandbox.url
        stage = set_up(sandbox)
        filled(stage)
        yield stage
    close_pool()


def filled(stage: Stage) -> None:
    for number in range(TWO_PAGES):
        stage.sandbox.add_key(stage.account, name=f"key {number}")


def visitors(stage: Stage, ports: tuple[int, int], count: int) -> list[Visitor]:
    """As many leads of the team, who sign in over one process and the other in turn."""
    found = [Visitor(own, ports) for own in leads(stage, count)]
    for number, visitor in enumerate(found):
        visitor.sign_in(ports[number % 2])
    return found


def test_two_web_and_two_worker_processes(
    stage: Stage, real_db: RealDatabase, promise: Promise, scale: str, tmp_path: Path
) -> None:
    rng = begin(promise, "4.1", "two web and two worker processes", seed_of_run(), 1)
    stages = [stage, set_up(stage.sandbox)]
    filled(stages[1])
    for one in stages:
        sync(one.team)
    keys = {one.team.pk: [stage.sandbox.add_key(one.account, name=f"shared {n}") for n in range(2)] for one in stages}
    stage.sandbox.clear_log()

    with running(real_db, tmp_path) as ports:
        everybody = [(visitor, rng.random()) for one in stages for visitor in visitors(one, ports, 2)]

        def visit(one: tuple[Visitor, float]) -> list[Deed]:
            visitor, seed = one
            return busy(visitor, keys[visitor.stage.team.pk], random.Random(seed), 60 if scale == "full" else 7)

        with listed_all_the_while():
            listing = started(real_db, "sync_keys", more=UNSCALED)
            deeds = [deed for part in side_by_side(4, visit, everybody) for deed in part]
            listing.wait(240)
        settled(stages, tmp_path / "worker0")

    promise.tried(len(deeds))
    say(f"{overwritten(deeds, stage.sandbox.log())[1]} losses between a reading and its request")
    say_shares("what was answered", [f"{deed.verb} {deed.status}" for deed in deeds])
    for words in [*all_wrong(deeds, stage.sandbox.log()), *not_disabled(stage)]:
        promise.broke(words)
    done = product.run(["verify_ledger"], environment(real_db))
    if done.code:
        promise.broke(done.out + done.err)


def not_disabled(stage: Stage) -> list[str]:
    """Keys of which a disable came last of all that may have been carried out, and that read otherwise."""
    nothing_came_of_it = (Outcome.REFUSED, Outcome.NOT_SENT, Outcome.NOT_APPLIED)
    switches = Change.objects.exclude(kind="edit").exclude(outcome__in=map(str, nothing_came_of_it))
    last = {change.key_id: change for change in switches.order_by("intent_seq")}
    done = (Outcome.CONFIRMED, Outcome.APPLIED)
    disabled = [key_id for key_id, one in last.items() if one.kind == "disable" and one.outcome in done]
    return [f"key {key_id} is not disabled" for key_id in disabled if stage.sandbox.key(key_id)["status"] != 2]


def test_a_key_that_is_being_saved_over_one_is_held_over_the_other_and_can_be_disabled(
    stage: Stage, real_db: RealDatabase, tmp_path: Path
) -> None:
    sync(stage.team)
    stage.sandbox.clear_log()
    with running(real_db, tmp_path, workers=1) as ports:
        first, second = visitors(stage, ports, 2)
        forms = [one.form(port, stage.key_id) for one, port in zip((first, second), ports, strict=True)]
        pause = stage.sandbox.pause(operation="update", key_id=stage.key_id, times=1)
        with beside(lambda: first.save(ports[0], stage.key_id, forms[0], name="first")) as answers:
            assert stage.sandbox.wait_paused(pause, 60)
            held = second.save(ports[1], stage.key_id, forms[1], name="second")
            disabled = second.switch(ports[1], stage.key_id, "disable")
            stage.sandbox.release()
        settled([stage], tmp_path / "worker0")

    assert (held.status, disabled.status) == (409, 303)
    assert answers[0].status in (303, 202)
    assert all_wrong([*first.deeds, *second.deeds], stage.sandbox.log()) == []
    assert not_disabled(stage) == [] and stage.stored()["status"] == 2  # also where the save enabled it again, late


def saved_one_after_the_other(stage: Stage, real_db: RealDatabase, folder: Path, root: Path) -> tuple[Deed, list[str]]:
    """Both forms are open before either is sent; the second save, and what it overwrote unseen."""
    stage.sandbox.clear_log()
    with running(real_db, folder, workers=0, root=root) as ports:
        first, second = visitors(stage, ports, 2)
        form = second.form(ports[1], stage.key_id)
        first.save(ports[0], stage.key_id, first.form(ports[0], stage.key_id), name="first")
        told = second.save(ports[1], stage.key_id, form, name="second")
    return told, overwritten([*first.deeds, *second.deeds], stage.sandbox.log())[0]


def test_a_conflict_over_two_processes_is_told_and_the_judge_sees_where_it_is_not(
    stage: Stage, real_db: RealDatabase, promise: Promise, tmp_path: Path
) -> None:
    promise.number, promise.title = "4.1", "mutant: conflicts over two web processes are not told"
    promise.tried()
    with file_mutant(tmp_path, "keys/services/compute.py", "    if clashes:", "    if False:") as root:
        told, found = saved_one_after_the_other(stage, real_db, tmp_path, root)
    assert told.status == 303 and len(found) == 1 and "overwritten unseen" in found[0]
    promise.caught("no conflict is told")


def test_the_judge_sees_two_processes_that_list_one_team_at_once(
    stage: Stage, real_db: RealDatabase, promise: Promise, tmp_path: Path
) -> None:
    promise.number, promise.title = "4.1", "mutant: a listing is no process's own"
    promise.tried()
    stage.sandbox.configure(latency_s=2.0)  # so that the one still waits for its page when the other asks for it
    free = "Q(heartbeat_at=None) | Q(heartbeat_at__lt=stale), team=team"
    with file_mutant(tmp_path, "keys/services/syncing.py", free, "team=team") as root:
        for _ in range(10):  # on a busy machine the one may have ended before the other has begun
            listing = [started(real_db, "sync_keys", root=root, more=UNSCALED) for _ in range(2)]
            try:
                for one in listing:
                    one.wait(120)
            finally:
                for one in listing:
                    one.kill()
            if two_at_once(stage.sandbox.log()):
                break
        assert two_at_once(stage.sandbox.log())
    promise.caught("a listing is no process's own")
