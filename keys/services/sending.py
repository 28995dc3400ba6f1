"""Sending an edit: one PUT, or two where the status must follow apart, each read back. What was read is the verdict."""

import time
from dataclasses import dataclass, field, replace

from django.conf import settings

from keys.services.compare import Differences, differences, moved_by_itself
from keys.services.compute import Plan
from keys.services.outcome import Answer, Outcome
from keys.services.requests import Look, Sending
from keys.types import KeySnapshot, Status


@dataclass(frozen=True, slots=True)
class Sent:
    """How a sender ended. look: the last reading, None where none was needed. why: one word for records and pages."""

    outcome: Outcome
    look: Look | None = None
    differs: Differences = field(default_factory=dict)
    why: str = ""


def send_edit(sending: Sending, plan: Plan) -> Sent:
    """Send `plan` and read back. Never repeats a PUT; a status that did not follow is asked for apart (traps 4, 6)."""
    first = plan.wanted
    if plan.status_apart:
        first = replace(first, status=sending.live.settings.status)
    step = "status" if plan.only_status else "settings"
    answer = sending.put(step, first, sending.waits.write_s, status_only=plan.only_status)
    if answer is None:
        return Sent(Outcome.NOT_SENT, why="superseded")
    if answer is Answer.NOT_SENT:
        return Sent(Outcome.NOT_SENT, why=sending.steps[-1].kind)
    follows = "status" in plan.changed and not plan.only_status and not _shown_as_wanted(sending, plan)
    seen = _look_until(sending, plan, answer, but_status=follows)
    if _status_must_follow(sending, plan, seen, answer):
        return _send_status(sending, plan, seen)
    return _verdict(sending, plan, answer, seen)


def _send_status(sending: Sending, plan: Plan, seen: Look) -> Sent:
    assert seen.snapshot is not None  # noqa: S101  (_status_must_follow said so)
    # Built from what was just read, so that spending since the first PUT is not refunded (trap 3).
    body = replace(seen.snapshot.settings, status=plan.wanted.status)
    answer = sending.put("status", body, sending.waits.look_s, status_only=True)
    if answer is None or answer is Answer.NOT_SENT:
        missed = _missing(plan, sending.live, seen.snapshot)
        return Sent(Outcome.DIFFERS, seen, missed, "superseded" if answer is None else sending.steps[-1].kind)
    return _verdict(sending, plan, answer, _look_until(sending, plan, answer, but_status=False))


def _status_must_follow(sending: Sending, plan: Plan, seen: Look, answer: Answer) -> bool:
    if "status" not in plan.changed or plan.only_status or seen.snapshot is None:
        return False
    missing = _missing(plan, sending.live, seen.snapshot)
    if "status" not in missing or not _arrived(answer, missing) or not _left_alone(sending, plan, seen.snapshot):
        return False
    return set(missing) == {"status"} or plan.wanted.status == Status.DISABLED


def _left_alone(sending: Sending, plan: Plan, seen: KeySnapshot) -> bool:
    """Does the status read as upstream left it, and not as somebody else has set it since? Disabling overrules that."""
    was, now = sending.live.settings.status, seen.settings.status
    if plan.wanted.status == Status.DISABLED and now == Status.ENABLED:
        return True
    return (now == was and not _shown_as_wanted(sending, plan)) or moved_by_itself(was, seen)


def _shown_as_wanted(sending: Sending, plan: Plan) -> bool:
    """Did the answer to the PUT show the status as wanted? What reads otherwise a moment later, somebody else wrote."""
    return sending.answered is not None and sending.answered.settings.status == plan.wanted.status


def _arrived(answer: Answer, missing: Differences) -> bool:
    """May the first PUT be taken as done? A refused or unclear one only when all but the status reads as wanted."""
    return answer is Answer.SUCCESS or set(missing) == {"status"}


def _look_until(sending: Sending, plan: Plan, answer: Answer, *, but_status: bool) -> Look:
    """Read back. After a success that does not read so, read again after 1 s and 3 s before it is said (design.md).

    but_status: a status that has not followed is no reason to wait: one family of servers never writes it here.
    """
    seen = sending.look(sending.waits.look_s)
    if answer is not Answer.SUCCESS:
        return seen
    for pause_s in sending.waits.differs_again_s:
        if seen.snapshot is None:
            return seen
        missing = set(_missing(plan, sending.live, seen.snapshot)) - ({"status"} if but_status else set())
        if not missing or sending.deadline.left_s() <= pause_s:
            return seen
        time.sleep(pause_s)
        seen = sending.look(sending.waits.look_s)
    return seen


def _verdict(sending: Sending, plan: Plan, answer: Answer, seen: Look) -> Sent:
    """design.md, "What the user is told is what was read": the rows of its table for an edit."""
    if seen.snapshot is None:
        if seen.gone:
            return Sent(Outcome.DIFFERS, seen, why="gone")
        return Sent(Outcome.UNKNOWN, seen, why="not_read" if answer is Answer.SUCCESS else sending.steps[-1].kind)
    missing = _missing(plan, sending.live, seen.snapshot)
    before = not differences(sending.live.settings, sending.live.used_quota, seen.snapshot, auto_groups=_auto_groups())
    only_one = len(sending.steps) == 1
    kind = sending.steps[-1].kind
    if answer in (Answer.REFUSED, Answer.LIMITED) and before and only_one:
        return Sent(Outcome.REFUSED, seen, why=kind)
    if not missing:
        unclear = any(step.answer is Answer.UNCLEAR for step in sending.steps)
        # Both can hold when spending has blurred a quota: then reading cannot tell, and nothing is claimed.
        if answer is Answer.UNCLEAR and before:
            return Sent(Outcome.UNKNOWN, seen, why=kind)
        return Sent(Outcome.APPLIED if unclear else Outcome.CONFIRMED, seen)
    if answer is Answer.UNCLEAR:
        return Sent(Outcome.UNKNOWN, seen, missing, kind)
    return Sent(Outcome.DIFFERS, seen, missing, kind)


def _missing(plan: Plan, live: KeySnapshot, seen: KeySnapshot) -> Differences:
    return differences(plan.wanted, live.used_quota, seen, asked=plan.asked, auto_groups=_auto_groups())


def _auto_groups() -> tuple[str, ...]:
    return tuple(settings.AUTO_GROUPS)
