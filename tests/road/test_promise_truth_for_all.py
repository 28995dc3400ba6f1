"""Promise 5 where a fault strikes everybody: the rate limit, nobody listening, no such name, no sound certificate."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from keys.cometapi.client import close_pool
from keys.models import RateBudget
from tests.road import faulted
from tests.road.attack import attack, conclude, shares
from tests.road.drive import begin, seed_of_run, waits
from tests.road.faulted import ALONE, Case, Run, cases
from tests.road.stage import Stage, set_up
from tests.support.databases import RealDatabase
from tests.support.report import Promise

pytestmark = pytest.mark.prove

FACTOR = 0.04
UNHURRIED = 0.15
"""Where the very outcome is expected: a busy machine must not make a timeout of it."""


def test_faults_that_strike_everybody(
    real_db: RealDatabase, sandbox: Any, promise: Promise, scale: str, settings: Any
) -> None:
    """429 in every form, nobody listening, no such name: one after the other, since all runs would feel them."""
    seed = seed_of_run()
    rng = begin(promise, "5", "never a false word (429, refused)", seed, FACTOR)
    stage, runs = set_up(sandbox), list[Run]()
    with waits(settings, FACTOR) as waited:
        for case in cases(rng, 12 if scale == "small" else 300, ALONE):
            sandbox.configure(dialect=rng.choice("ABC"))
            runs += attack(stage, [case], waited.late_s, threads=1)
            sandbox.clear_faults()
            RateBudget.objects.update(paused_until=0.0)
            _wait_until_it_listens(sandbox)
        lies = conclude(runs, waited.held_s)
    promise.tried(len(runs))
    shares(runs)
    for lie in lies:
        promise.broke(f"{lie} PROOF_SEED={seed}")


def _wait_until_it_listens(sandbox: Any) -> None:
    host, port = sandbox.url.removeprefix("http://").split(":")
    for _ in range(100):
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)


@contextmanager
def once_the_page_is_read(begins: Any) -> Iterator[None]:
    """Trouble that begins when the form is on the screen, with no connection left from before."""
    shipped = Stage.read

    def read(self: Stage) -> Any:
        snapshot = shipped(self)
        close_pool()
        begins()
        return snapshot

    Stage.read = read  # type: ignore[method-assign]
    try:
        yield
    finally:
        Stage.read = shipped  # type: ignore[method-assign]


@pytest.mark.parametrize("lookups", [0, 1, 2], ids=["read before", "write", "read after"])
def test_no_such_name(
    real_db: RealDatabase,
    sandbox: Any,
    promise: Promise,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    lookups: int,
) -> None:
    """The name server knows the host so many times and then no more. Each answer ends its connection."""
    promise.number, promise.title = "5", f"never a false word (DNS, at {lookups})"
    settings.COMETAPI_BASE_URL = sandbox.url.replace("127.0.0.1", "localhost")
    stage, shipped, left = set_up(sandbox), socket.getaddrinfo, [99]

    def asked(host: Any, *args: Any, **more: Any) -> Any:
        left[0] -= host == "localhost"
        if host == "localhost" and left[0] < 0:
            raise socket.gaierror("no such host")
        return shipped(host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", asked)
    runs = []
    with waits(settings, UNHURRIED) as waited:
        for verb in faulted.VERBS:
            sandbox.fault("refused", operation="update", seconds=0.0)
            with once_the_page_is_read(lambda: left.__setitem__(0, lookups)):
                runs += attack(stage, [Case(verb, "before", "refused", {"seconds": 0.0}, 1)], waited.late_s, threads=1)
            left[0] = 99
            sandbox.clear_faults()
            _wait_until_it_listens(sandbox)
        told = [run.at_once for run in runs]
        for lie in conclude(runs, waited.held_s):
            promise.broke(lie)
    promise.tried(len(runs))
    shares(runs)
    assert set(told) == ({"not_sent"} if lookups < 2 else {"unknown"}), told


def test_no_sound_certificate(real_db: RealDatabase, sandbox: Any, promise: Promise, settings: Any) -> None:
    """The page was read; then the address turns into https on a port that speaks none."""
    promise.number, promise.title = "5", "never a false word (TLS)"
    stage, plain = set_up(sandbox), settings.COMETAPI_BASE_URL
    runs = []
    with waits(settings, FACTOR) as waited:
        for verb in faulted.VERBS:
            with once_the_page_is_read(
                lambda: setattr(settings, "COMETAPI_BASE_URL", plain.replace("http:", "https:"))
            ):
                runs += attack(stage, [Case(verb, "before", "slow", {"seconds": 0.0}, 1)], waited.late_s, threads=1)
            settings.COMETAPI_BASE_URL = plain
        for lie in conclude(runs, waited.held_s):
            promise.broke(lie)
    promise.tried(len(runs))
    assert [run.said for run in runs] == ["not_sent"] * len(runs)
    assert not sandbox.writes()
