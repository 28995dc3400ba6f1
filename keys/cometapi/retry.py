"""Repeats a read inside a deadline. Imports only the ground.

Not stamina: it bounds when the last attempt may start, not how long one may take, so a first attempt that stalls would
use up everything; and its hooks log the arguments of what is repeated (dependencies.md, trap 30).
"""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from keys.errors import NotSent, RateLimited, Unclear, UpstreamError
from keys.types import Deadline

T = TypeVar("T")

ATTEMPTS = 3
SHARE = 0.55
"""Part of what is left that an attempt may use while others may follow."""
PAUSE_SHARE = 0.08
"""Part of what is left that the first pause takes, the second twice that: upstream may be starting anew."""
LONGEST_PAUSE_S = 2.0
REPEATED_UNSENT = frozenset({"connect", "connect_timeout", "dns", "pool"})


def repeated(attempt: Callable[[Deadline], T], deadline: Deadline, *, sleep: Callable[[float], None] = time.sleep) -> T:
    """What `attempt` returns, tried up to three times; the last error when none succeeds. For reads alone."""
    for tried in range(1, ATTEMPTS):
        try:
            return attempt(deadline.within(SHARE * deadline.left_s()))
        except UpstreamError as fault:
            pause_s = _pause_s(fault, tried, deadline.left_s())
            if pause_s is None or pause_s >= deadline.left_s():
                raise
        sleep(pause_s)
    return attempt(deadline)


def _pause_s(fault: UpstreamError, tried: int, left_s: float) -> float | None:
    """Seconds before the next attempt, None when there must not be one."""
    if isinstance(fault, RateLimited) and fault.retry_after_s is not None:
        return fault.retry_after_s
    # The gateway's 429 often comes without saying how long (cometapi.md).
    if isinstance(fault, (Unclear, RateLimited)) or (isinstance(fault, NotSent) and fault.kind in REPEATED_UNSENT):
        pause_s = min(PAUSE_SHARE * tried * left_s, LONGEST_PAUSE_S)
        return pause_s * random.uniform(0.5, 1.5)  # noqa: S311 - jitter, no secret
    return None
