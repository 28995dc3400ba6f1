"""Sending a disable: the safe direction, so it alone may be repeated, in two bodies, until a reading says disabled.

cometapi.md, trap 4: `?status_only=true` with the complete body; refused and still enabled: once more with a body
that no rule can refuse. Only the reading is believed.
"""

import random
import time
from collections.abc import Collection, Generator
from dataclasses import replace

from keys.services.compare import Differences, differences, moved_between
from keys.services.compute import plain_disable
from keys.services.outcome import Answer, Outcome
from keys.services.requests import Look, Sending
from keys.services.sending import Sent
from keys.types import KeySettings, KeySnapshot, Status

_WRITE_SHARE, _LOOK_SHARE = 0.4, 0.3
"""Shares of the whole budget that one PUT and one reading may take, so that a stalled one leaves room to try again."""


Steps = Generator[None, Look, Sent]
"""A disable on its way: pauses where it has to be read, goes on with the look that it is sent, returns how it ended."""


def send_disable(sending: Sending) -> Sent:
    """Disable, read, and try again inside the deadline until it reads disabled or upstream has refused both bodies."""
    steps = disable_steps(sending)
    sent = first_step(steps)
    return sent or last_steps(steps, sending)


def first_step(steps: Steps) -> Sent | None:
    """Up to where the key has to be read for the first time; how it ended where it did not come as far."""
    try:
        next(steps)
    except StopIteration as over:
        return _ended(over)
    return None


def last_steps(steps: Steps, sending: Sending, seen: Look | None = None) -> Sent:
    """From there to the end. seen: the first look, where somebody has taken it already."""
    try:
        while True:
            steps.send(seen or sending.look(sending.waits.disable_s * _LOOK_SHARE))
            seen = None
    except StopIteration as over:
        return _ended(over)


def disable_steps(sending: Sending) -> Steps:
    """The steps themselves; who takes them along reads the key at each pause, after the pause has begun."""
    body, step = _disabled(sending.live.settings), "disable"
    seen: Look | None = None
    while True:
        answer = sending.put(step, body, sending.waits.disable_s * _WRITE_SHARE, status_only=True)
        if answer is None:
            return _lost(seen)
        if answer is not Answer.NOT_SENT:
            seen = yield
            if _reads_disabled(seen):
                return Sent(Outcome.CONFIRMED, seen)
            if seen.gone:
                return Sent(Outcome.DIFFERS, seen, why="gone")
        newest = seen.snapshot.settings if seen and seen.snapshot else sending.live.settings
        if answer is Answer.REFUSED and step == "disable":
            body, step = plain_disable(newest), "disable_plain"
            continue
        if answer is Answer.REFUSED and seen and seen.snapshot:
            return _refused(sending, seen)
        if not _pause(sending):
            return _given_up(sending, seen, answer)
        body = _disabled(newest) if step == "disable" else plain_disable(newest)


def apart(
    live: KeySnapshot, steps: Collection[str], seen: KeySnapshot, auto_groups: Collection[str]
) -> tuple[Differences, Differences]:
    """What else moved while disabling, without the status: what our own bodies altered, and what somebody else did.

    Field -> (before, now). steps: names of those that left us; none where the process died, and either may have. What
    reads as such a body makes of `live` is ours; all else is told as theirs, and is never offered to be put back.
    """
    made = {"disable": _disabled(live.settings), "disable_plain": plain_disable(live.settings)}
    bodies = [body for step, body in made.items() if not steps or step in steps]
    moved = {field: pair for field, pair in moved_between(live, seen).items() if field != "status"}
    unlike = [differences(body, live.used_quota, seen, auto_groups=auto_groups) for body in bodies]
    reads_so = {field for field in moved if any(field not in missed for missed in unlike)}
    theirs = {field: pair for field, pair in moved.items() if field not in reads_so}
    # A body with the quota as it was read gives back what was spent since (trap 3): no setting is altered by that.
    if all(body.remain_quota == live.settings.remain_quota for body in bodies):
        reads_so.discard("remain_quota")
    return {field: pair for field, pair in moved.items() if field in reads_so}, theirs


def _ended(over: StopIteration) -> Sent:
    sent: Sent = over.value
    return sent


def _refused(sending: Sending, seen: Look) -> Sent:
    # An earlier try without an answer may still land: then "nothing changed" could turn out false.
    unclear = any(done.answer is Answer.UNCLEAR for done in sending.steps)
    outcome = Outcome.UNKNOWN if unclear else Outcome.REFUSED
    return Sent(outcome, seen, _still(seen), sending.steps[-1].kind)


def _disabled(settings: KeySettings) -> KeySettings:
    return replace(settings, status=int(Status.DISABLED))


def _reads_disabled(seen: Look) -> bool:
    return seen.snapshot is not None and seen.snapshot.settings.status == Status.DISABLED


def _still(seen: Look) -> Differences:
    status = seen.snapshot.settings.status if seen.snapshot else None
    return {"status": (int(Status.DISABLED), status)}


def _pause(sending: Sending) -> bool:
    """Wait a little, with jitter, before the next try. False: no time for one."""
    pause_s = sending.waits.disable_s * random.uniform(0.05, 0.12)  # noqa: S311
    if sending.deadline.left_s() <= pause_s * 2:
        return False
    time.sleep(pause_s)
    return True


def _lost(seen: Look | None) -> Sent:
    if seen is None:
        return Sent(Outcome.NOT_SENT, why="superseded")
    return Sent(Outcome.UNKNOWN, seen, why="superseded")


def _given_up(sending: Sending, seen: Look | None, answer: Answer) -> Sent:
    if seen is None:
        return Sent(Outcome.NOT_SENT, why=sending.steps[-1].kind)
    if answer is Answer.SUCCESS and seen.snapshot:
        return Sent(Outcome.DIFFERS, seen, _still(seen), "still_enabled")
    return Sent(Outcome.UNKNOWN, seen, _still(seen) if seen.snapshot else {}, sending.steps[-1].kind)
