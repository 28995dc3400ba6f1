"""One budget for all processes: never above it, urgent work first, waits inside the deadline. On a real database."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection, connections

from keys.cometapi import limiter as limiter_module
from keys.cometapi.limiter import Limiter, Rate
from keys.errors import NotSent
from keys.models import RateBudget
from keys.types import Deadline, Lane
from tests.support.databases import RealDatabase
from tests.support.mutants import mutated


class Clock:
    """Simulated seconds. What waits lets them pass."""

    def __init__(self) -> None:
        self.now = 1_766_102_400.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def far() -> Deadline:
    return Deadline.after(10_000)


def most_in_a_window(times: list[float], window_s: float) -> int:
    ordered, first, most = sorted(times), 0, 0
    for last, moment in enumerate(ordered):
        while ordered[first] <= moment - window_s:
            first += 1
        most = max(most, last - first + 1)
    return most


def processes(count: int, requests: int, window_s: float, clock: Clock) -> list[Limiter]:
    """As many limiters as there would be processes, each with a lot of its own, on the one row."""
    return [Limiter("comet", requests, window_s, clock=clock, sleep=clock.sleep) for _ in range(count)]


def saturate(everybody: list[Limiter], clock: Clock, seconds: float, lane: Callable[[int], Lane]) -> list[float]:
    """All ask in turn without a pause; the moments at which they were let through."""
    started, times = clock(), []
    while clock() < started + seconds:
        for number, one in enumerate(everybody):
            one.take(lane(number), far())
            times.append(clock())
    return times


@pytest.mark.parametrize(
    ("requests", "window_s"), [(180, 180.0), (60, 10.0), (1000, 60.0), (7, 3.0), (4, 60.0), (1, 5.0)]
)
@pytest.mark.parametrize("lanes", ["ordinary", "urgent", "both"])
def test_no_window_ever_sees_more_than_the_rate_and_most_of_it_is_used(
    requests: int, window_s: float, lanes: str, real_db: RealDatabase
) -> None:
    clock = Clock()
    everybody = processes(3, requests, window_s, clock)

    def lane(number: int) -> Lane:
        return Lane.URGENT if lanes == "urgent" or (lanes == "both" and number == 0) else Lane.ORDINARY

    times = saturate(everybody, clock, 3 * window_s, lane)

    assert most_in_a_window(times, window_s) <= requests
    assert len(times) >= (1.8 if requests > 6 else 0.9) * requests


def test_the_window_test_catches_a_limiter_that_gives_too_much(real_db: RealDatabase) -> None:
    with (
        mutated(Limiter._take_permits, "+ step_s) == 1", "+ 0.8 * step_s) == 1"),
        pytest.raises(AssertionError),
    ):
        test_no_window_ever_sees_more_than_the_rate_and_most_of_it_is_used(60, 10.0, "both", real_db)


@pytest.mark.parametrize(("requests", "window_s"), [(180, 180.0), (60, 10.0), (4, 60.0)])
def test_urgent_work_gets_through_at_once_while_ordinary_work_saturates(
    requests: int, window_s: float, real_db: RealDatabase
) -> None:
    clock = Clock()
    *ordinary, urgent = processes(4, requests, window_s, clock)
    saturate(ordinary, clock, window_s, lambda _: Lane.ORDINARY)

    before = clock()
    for _ in range(max(1, int(0.03 * requests))):
        urgent.take(Lane.URGENT, far())

    assert clock() == before


def test_ordinary_work_waits_only_inside_its_deadline(real_db: RealDatabase) -> None:
    clock = Clock()
    one = Limiter("comet", 10, 60.0, clock=clock, sleep=clock.sleep)
    one.take(Lane.ORDINARY, far())

    with pytest.raises(NotSent) as caught:
        for _ in range(10):
            one.take(Lane.ORDINARY, Deadline.after(2))

    assert caught.value.kind == "rate_budget" and not caught.value.may_have_changed
    assert clock() < 1_766_102_400.0 + 2


def test_a_429_holds_ordinary_work_of_all_processes_and_no_urgent_work(real_db: RealDatabase) -> None:
    clock = Clock()
    told, other = processes(2, 180, 180.0, clock)
    told.take(Lane.ORDINARY, far())
    other.take(Lane.ORDINARY, far())
    clock.now += 2  # whatever lots they held have run out
    before = clock()

    told.pause(7)
    told.take(Lane.URGENT, far())
    urgent_at = clock()
    other.take(Lane.ORDINARY, far())

    assert urgent_at == before and 7 <= clock() - before <= 7.1
    told.pause(9999)
    assert RateBudget.objects.get().paused_until == pytest.approx(clock() + 30)
    told.pause(None)
    assert RateBudget.objects.get().paused_until == pytest.approx(clock() + 30)  # never shortened


def test_a_clock_set_back_stops_nobody_for_long(real_db: RealDatabase) -> None:
    clock = Clock()
    one = Limiter("comet", 180, 180.0, clock=clock, sleep=clock.sleep)
    one.take(Lane.ORDINARY, far())
    one.pause(30)
    clock.now -= 100_000

    before = clock()
    one._lot = 0
    one.take(Lane.ORDINARY, far())

    assert clock() - before < 60


def test_a_lot_is_used_without_the_database_and_runs_out(real_db: RealDatabase, django_assert_num_queries: Any) -> None:
    clock = Clock()
    one = Limiter("comet", 1000, 60.0, clock=clock, sleep=clock.sleep)
    one.take(Lane.ORDINARY, far())

    with django_assert_num_queries(0):
        for _ in range(3):
            one.take(Lane.ORDINARY, far())
    one.take(Lane.ORDINARY, far())
    clock.now += 2
    busy_until = RateBudget.objects.get().busy_until
    one.take(Lane.ORDINARY, far())

    assert RateBudget.objects.get().busy_until > busy_until


class Broken:
    """A database that fails every statement."""

    def __call__(self, *_: Any) -> Any:
        raise OperationalError("gone")


def test_a_broken_database_stops_ordinary_work_and_never_a_disable(real_db: RealDatabase) -> None:
    one = Limiter("comet", 180, 180.0)

    with connection.execute_wrapper(Broken()):
        one.take(Lane.URGENT, far())
        one.pause(5)
        with pytest.raises(NotSent) as caught:
            one.take(Lane.ORDINARY, far())

    assert caught.value.kind == "rate_budget"
    assert caught.value.__cause__ is None


@pytest.mark.sqlite
def test_a_locked_database_holds_urgent_work_for_a_second_at_most(real_db: RealDatabase) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("SQLite alone has one lock for all")
    Limiter("comet", 180, 180.0).take(Lane.ORDINARY, far())
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with connections["default"].cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            held.set()
            done.wait(10)
            cursor.execute("ROLLBACK")
        connections["default"].close()

    writer = threading.Thread(target=hold)
    writer.start()
    held.wait(5)
    started = time.monotonic()
    Limiter("comet", 180, 180.0).take(Lane.URGENT, Deadline.after(8))
    took_s = time.monotonic() - started
    done.set()
    writer.join()

    assert 0.5 < took_s < 2
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        assert cursor.fetchone() == (60_000,)


def test_threads_of_one_process_share_its_lots(real_db: RealDatabase) -> None:
    one, times, lock = Limiter("comet", 200, 2.0), [], threading.Lock()
    ends = time.time() + 4

    def work() -> None:
        while time.time() < ends:
            one.take(Lane.ORDINARY, far())
            with lock:
                times.append(time.time())
        connections["default"].close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most_in_a_window(times, 2.0) <= 200
    assert len(times) > 200


PROGRAM = """
import sys, time, django
django.setup()
from keys.cometapi.limiter import Limiter
from keys.types import Deadline, Lane
one = Limiter("comet", 200, 2.0)
print("ready", flush=True)
ends = float(input())
while time.time() < ends:
    one.take(Lane.ORDINARY if sys.argv[1] == "ordinary" else Lane.URGENT, Deadline.after(60))
    print(time.time())
"""


def test_processes_share_one_budget(real_db: RealDatabase) -> None:
    connection.close()
    environment = {**real_db.environment, "DJANGO_SETTINGS_MODULE": "cometadmin.settings"}
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    started = [
        subprocess.Popen([sys.executable, "-c", PROGRAM, lane], env=environment, cwd=os.getcwd(), **pipes)
        for lane in ("ordinary", "ordinary", "urgent")
    ]
    assert [one.stdout.readline() for one in started if one.stdout] == ["ready\n"] * 3
    ends = str(time.time() + 5)  # from when all of them are there, however long that took
    for one in started:
        assert one.stdin
        one.stdin.write(ends + "\n")
        one.stdin.flush()
    spoken = [one.communicate(timeout=60)[0].split() for one in started]

    assert [one.returncode for one in started] == [0, 0, 0]
    times = [float(word) for words in spoken for word in words]
    assert most_in_a_window(times, 2.0) <= 200
    assert len(times) > 200 and all(spoken)


@pytest.mark.dbfree
@pytest.mark.parametrize("rate", [(0, 1.0), (-1, 1.0), (1, 0.0), (1, float("nan"))])
def test_a_rate_that_is_none_is_refused(rate: tuple[int, float]) -> None:
    with pytest.raises(ValueError, match="at least one request"):
        Rate(*rate)


@pytest.mark.dbfree
def test_a_process_keeps_one_limiter_a_host_and_a_fork_makes_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    first = limiter_module.shared("comet", 10, 60.0)

    assert limiter_module.shared("comet", 10, 60.0) is first
    assert limiter_module.shared("other", 10, 60.0) is not first
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert limiter_module.shared("comet", 10, 60.0) is not first
