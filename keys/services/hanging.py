"""Calls to files that may never answer: a mount whose server is gone holds up whoever asks it, past any signal."""

import errno
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

T = TypeVar("T")

ANSWER_S: Final = 5.0

_waiting: dict[Path, threading.Thread] = {}
"""The calls that had no answer in time; one a path, so that they do not pile up."""


def within_time(path: Path, call: Callable[[], T]) -> T:
    """What the call returns or raises. Raises TimeoutError, an OSError, when it hangs or an earlier one still does.

    The call gets a thread of its own, touches no database, and may still be carried out later.
    """
    earlier = _waiting.get(path)
    if earlier is not None and earlier.is_alive():
        raise _no_answer()
    returned: list[T] = []
    raised: list[Exception] = []

    def run() -> None:
        try:
            returned.append(call())
        except Exception as error:
            raised.append(error)

    thread = _waiting[path] = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(ANSWER_S)
    if raised:
        raise raised[0]
    if not returned:
        raise _no_answer()
    return returned[0]


def _no_answer() -> TimeoutError:
    return TimeoutError(errno.ETIMEDOUT, f"no answer within {ANSWER_S:g} s")
