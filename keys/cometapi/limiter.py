"""One rate budget for CometAPI, shared by all processes, urgent work first (trap 17).

A token bucket told in time (GCRA), kept in one row a host: `busy_until` is the moment up to which the budget is spoken
for, each permit moves it on by `interval`, and one conditional UPDATE both asks and takes, on SQLite and PostgreSQL
alike. A permit is given while `busy_until` stays within the lane's reach of now.

With N requests a window of W seconds: reach is worth 15 % of N at once, the flow 85 % of N a window. What can be given
in any window is then at most N. Ordinary work reaches 80 % as far as urgent work: a fifth is kept back for that.
"""

import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import Error as DatabaseTrouble
from django.db import connection
from django.db.models import F, Value
from django.db.models.functions import Greatest

from keys.errors import NotSent
from keys.models import RateBudget
from keys.types import Deadline, Lane

BURST_SHARE = 0.15
ORDINARY_SHARE = 0.8
SPREAD = 0.02
"""Part of a window by which sending may lag behind taking (a lot kept for a while, connecting): the flow is that much
slower, so that requests bunched together by the lag still fit into the window."""
LOT = 4
LOT_LIFE_S = 1.0
LONGEST_PAUSE_S = 30.0
SHORTEST_WAIT_S = 0.001
URGENT_PATIENCE_S = 1.0
"""How long the database may keep urgent work waiting; longer counts as trouble with the database."""


@dataclass(frozen=True, slots=True)
class Rate:
    """requests: at most so many in any window of window_s seconds. Raises ValueError below 1."""

    requests: int
    window_s: float

    def __post_init__(self) -> None:
        if self.requests < 1 or not self.window_s > 0:
            raise ValueError("a rate needs at least one request a window, and a window longer than nothing")

    @property
    def burst(self) -> float:
        """Permits at once after a rest. Small budgets keep one back for urgent work too, from four on."""
        return max(2.0 if self.requests >= 4 else 1.0, BURST_SHARE * self.requests)

    @property
    def interval_s(self) -> float:
        return (1 + SPREAD) * self.window_s / max(1.0, self.requests - self.burst)

    def reach_s(self, lane: Lane) -> float:
        """How far beyond now `busy_until` may come to stand for this lane."""
        # The fifth that is kept back is at least one whole permit, where there are two.
        permits = self.burst if lane is Lane.URGENT else min(ORDINARY_SHARE * self.burst, self.burst - 1)
        return max(1.0, permits) * self.interval_s

    @property
    def lot(self) -> int:
        """Permits taken at once by ordinary work: few against the burst, so that processes do not starve each other."""
        return max(1, min(LOT, int(ORDINARY_SHARE * self.burst / LOT)))

    @property
    def lot_life_s(self) -> float:
        return min(LOT_LIFE_S, SPREAD / 2 * self.window_s)


class Limiter:
    """The budget of one host as this process sees it. Threads share it; a process made by fork starts without a lot."""

    def __init__(
        self,
        host: str,
        requests: int,
        window_s: float,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """clock: Unix seconds, the same for all processes that share the row."""
        self.host, self.rate = host, Rate(requests, window_s)
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._lot, self._lot_until = 0, 0.0

    def take(self, lane: Lane, deadline: Deadline) -> None:
        """Returns when one request may be sent. Raises NotSent (rate_budget) when that is not before the deadline.

        Trouble with the database stops ordinary work and never urgent work: a disable is not held by it.
        """
        try:
            while (wait_s := self._try(lane, deadline)) > 0:
                wait_s += random.uniform(0, 0.02)  # noqa: S311 - spreads those who wait, no secret
                if wait_s >= deadline.left_s():
                    raise _no_budget()
                self._sleep(wait_s)
        except DatabaseTrouble:
            if lane is not Lane.URGENT:
                raise _no_budget() from None

    def pause(self, seconds: float | None) -> None:
        """Upstream answered 429: ordinary work of all processes waits. seconds: its Retry-After, None when not said."""
        pause_s = min(LONGEST_PAUSE_S, self.rate.interval_s if seconds is None else seconds)
        with self._lock:
            self._lot = 0
        try:
            until = self._clock() + pause_s
            RateBudget.objects.filter(host=self.host, paused_until__lt=until).update(paused_until=until)
        except DatabaseTrouble:
            return  # the answer that was limited is what matters to the caller

    def _try(self, lane: Lane, deadline: Deadline) -> float:
        """Takes a permit and returns 0, or returns the seconds after which to ask again."""
        now = self._clock()
        with self._lock:
            if self._lot and now < self._lot_until:
                self._lot -= 1
                return 0.0
        left_s = deadline.left_s()
        with _patience(min(URGENT_PATIENCE_S, left_s) if lane is Lane.URGENT else left_s):
            for permits in dict.fromkeys((1 if lane is Lane.URGENT else self.rate.lot, 1)):
                if self._take_permits(permits, lane, now):
                    self._keep(permits - 1, now)
                    return 0.0
            return self._wait_s(lane, now)

    def _take_permits(self, permits: int, lane: Lane, now: float) -> bool:
        step_s = permits * self.rate.interval_s
        room = RateBudget.objects.filter(host=self.host, busy_until__lte=now + self.rate.reach_s(lane) - step_s)
        if lane is not Lane.URGENT:
            room = room.filter(paused_until__lte=now)
        return room.update(busy_until=Greatest(F("busy_until"), Value(now)) + step_s) == 1

    def _keep(self, permits: int, now: float) -> None:
        with self._lock:
            self._lot, self._lot_until = permits, now + self.rate.lot_life_s

    def _wait_s(self, lane: Lane, now: float) -> float:
        row, _made = RateBudget.objects.get_or_create(host=self.host)
        furthest = now + max(self.rate.reach_s(Lane.URGENT), LONGEST_PAUSE_S) + 1
        if row.busy_until > furthest or row.paused_until > furthest:
            # No permit and no pause can lead there: a clock was set back. Start again with nothing left.
            reset = {"busy_until": now + self.rate.reach_s(Lane.URGENT), "paused_until": 0.0}
            RateBudget.objects.filter(host=self.host, busy_until=row.busy_until).update(**reset)
            return SHORTEST_WAIT_S
        free_at = row.busy_until + self.rate.interval_s - self.rate.reach_s(lane)
        if lane is not Lane.URGENT:
            free_at = max(free_at, row.paused_until)
        return min(max(free_at - now, SHORTEST_WAIT_S), self.rate.window_s)


@contextmanager
def _patience(seconds: float) -> Iterator[None]:
    """Bounds the wait for SQLite's write lock (20 s by the settings). PostgreSQL's row lock lasts one statement."""
    if connection.vendor != "sqlite":
        yield
        return
    usual_s = float(connection.settings_dict["OPTIONS"].get("timeout", 5.0))
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {int(usual_s * 1000)}")


def _no_budget() -> NotSent:
    return NotSent("CometAPI's rate limit is used up for the moment. Nothing was sent.", kind="rate_budget")


_limiters: dict[tuple[int, str, int, float], Limiter] = {}


def shared(host: str, requests: int, window_s: float) -> Limiter:
    """This process's limiter for `host`. Keyed by process, since a fork copies locks in whatever state they are."""
    return _limiters.setdefault((os.getpid(), host, requests, window_s), Limiter(host, requests, window_s))
