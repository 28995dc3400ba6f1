"""Several calls to CometAPI at once, by few threads; each gives its connection to the database back."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

from django.db import connection

from keys.types import Deadline

T = TypeVar("T")
R = TypeVar("R")

THREADS: Final = 6
"""At once, in the whole process: the pool of connections has room for them (cometadmin.settings)."""
_seats: Final = threading.BoundedSemaphore(THREADS)


def each(items: Sequence[T], work: Callable[[T], None], until: Deadline) -> list[Exception]:
    """Do `work` with every item, side by side, as long as there is time to begin; what was raised."""
    if len(items) < 2:
        return [fault for item in items for fault in _tried(item, work, until)]
    with ThreadPoolExecutor(min(THREADS, len(items)), thread_name_prefix="leak") as pool:
        found = pool.map(lambda item: _seated(lambda: _tried(item, work, until)), items)
        return [fault for faults in found for fault in faults]


def beside(*calls: Callable[[], R]) -> list[Future[R]]:
    """Calls that only ask CometAPI, each in a thread of its own, begun at once."""
    return [_begun(call) for call in calls]


def _begun(call: Callable[[], R]) -> Future[R]:
    future: Future[R] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except Exception as fault:
            future.set_exception(fault)
        finally:
            connection.close()

    threading.Thread(target=run, name="leak-probe", daemon=True).start()
    return future


def _seated(call: Callable[[], R]) -> R:
    with _seats:
        try:
            return call()
        finally:
            connection.close()


def _tried(item: T, work: Callable[[T], None], until: Deadline) -> list[Exception]:
    if until.passed:
        return []
    try:
        work(item)
    except Exception as fault:  # one key's trouble must not keep the others from being disabled
        return [fault]
    return []
