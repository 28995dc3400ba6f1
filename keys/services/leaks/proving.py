"""One leaked key on its way to proof: disabled by the one road, then tried with its own secret, again and again.

Nothing above what is proven is ever noted (cometapi.md, trap 5): reads disabled is a reading; refused is a 401 of the
model endpoint for the secret, beside a 401 for a made-up one, of a secret that had been accepted before; still
refused is the same after 70 s and 10 min, with the counter of used units standing still. 403 is not dead.
"""

from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import structlog
from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from keys.cometapi import keyed
from keys.cometapi.keyed import Verdict
from keys.errors import CometAdminError, LedgerUnavailable, UpstreamError
from keys.models import Change, Incident, Leaked, Person
from keys.services import access_tokens, settle, status
from keys.services.compute import Plan
from keys.services.leaks import holding, telling, trying
from keys.services.outcome import Answer, Kind, Outcome, Result
from keys.services.perform import perform
from keys.services.requests import Look, Sending
from keys.services.sending import Sent
from keys.types import Actor, Deadline, Status

log = structlog.get_logger(__name__)

LATE_TRIES: Final = 12
"""How many times the first pause the longest one is."""


def step(pk: int, person: Person | None = None, actor: Actor = holding.DESK) -> None:
    """Do what is due for one leaked key, if nobody else is at it. person: who pressed; None for the desk itself."""
    row = _claim(pk)
    if row is None:
        return
    try:
        if row.disabled_at is None and not row.gone:
            _disable(row, person, actor)
        if (row.disabled_at or row.gone) and row.next_at and row.next_at <= timezone.now():
            _prove_on_record(row)
    finally:
        _save(row, busy_until=None)


def first_try(pk: int) -> None:
    """Does a secret work that nobody has pressed for yet? Nothing is held by this: a press goes right ahead."""
    waiting = Leaked.objects.filter(pk=pk, pressed_at=None, next_at__lte=timezone.now())
    if not waiting.update(next_at=None):
        return
    row, begun = Leaked.objects.get(pk=pk), timezone.now()
    secret = holding.secret_of(row)
    if secret is None:
        return
    try:
        verdict = keyed.models_with(secret.reveal(), Deadline.after(settings.WAITS.look_s))
    except UpstreamError:
        return
    if verdict is Verdict.ACCEPTED:
        Leaked.objects.filter(pk=pk).update(accepted_at=begun)


def _claim(pk: int) -> Leaked | None:
    now = timezone.now()
    free = Q(busy_until=None) | Q(busy_until__lt=now)
    busy_until = now + timedelta(seconds=2 * settings.WAITS.disable_s + settings.WAITS.look_s)
    due = Leaked.objects.filter(free, pk=pk, next_at__lte=now, team__isnull=False, pressed_at__isnull=False)
    if not due.update(epoch=F("epoch") + 1, busy_until=busy_until):
        return None
    return Leaked.objects.select_related("incident", "team__access_token").get(pk=pk)


def _save(row: Leaked, **columns: Any) -> bool:
    """False: another process has taken the row over."""
    for name, value in columns.items():
        setattr(row, name, value)
    return bool(Leaked.objects.filter(pk=row.pk, epoch=row.epoch).update(**columns))


def _disable(row: Leaked, person: Person | None, actor: Actor) -> None:
    tried, tried_at = trying.try_before(row), timezone.now()
    try:
        result = _sent(row, person, actor, tried)
    except LedgerUnavailable:
        _save(row, why="ledger", next_at=_soon(row))
        raise
    except CometAdminError as fault:
        log.warning("leaked_key_not_disabled", leak=row.incident_id, key=row.key_id, error=type(fault).__name__)
        kind = "no_access_token" if isinstance(fault, access_tokens.NoAccessToken) else "held_back"
        _save(row, why=kind, next_at=_soon(row))
        return
    accepted = trying.verdict_of(tried) == Verdict.ACCEPTED if tried else False
    _save(row, **_after(row, result), **({"accepted_at": tried_at} if accepted else {}))


def _sent(row: Leaked, person: Person | None, actor: Actor, tried: Future[Verdict] | None) -> Result:
    """The disable of this row: made, or looked after if it has been made before. tried: what it waits for a little."""
    assert row.team and row.key_id is not None  # noqa: S101  (claimed rows have both)
    if row.change_id and Change.objects.filter(pk=row.change_id).exists():
        result = settle.change_result(row.change_id, row.team, row.key_id)
        if result and (result.outcome in (Outcome.CONFIRMED, Outcome.APPLIED, Outcome.UNKNOWN) or result.gone):
            return result
        _save(row, change_id=uuid4())
    change_id = row.change_id or uuid4()
    _save(row, change_id=change_id)
    reason = f"Leak {row.incident_id}"
    road = status.disable_road(
        person=person, actor=actor, team=row.team, key_id=row.key_id, change_id=change_id, reason=reason
    )

    def send(sending: Sending, plan: Plan) -> Sent:
        if tried:
            trying.give_time(tried)
        return road.send(sending, plan)

    return perform(replace(road, send=send))


def _after(row: Leaked, result: Result) -> dict[str, Any]:
    """What a disable's outcome makes of the row."""
    now = timezone.now()
    left_us = any(step.answer is not Answer.NOT_SENT for step in result.steps) or result.outcome is Outcome.UNKNOWN
    intent = Change.objects.filter(pk=result.change_id).values_list("created_at", flat=True).first()
    columns: dict[str, Any] = {"sent_at": row.sent_at or ((intent or now) if left_us else None)}
    if result.outcome in (Outcome.CONFIRMED, Outcome.APPLIED):
        return {**columns, "disabled_at": result.checked_at or now, "why": "", "next_at": now}
    if result.gone:
        return {**columns, "gone": True, "why": "", "next_at": now}
    words = {
        Outcome.DIFFERS: "still_enabled",
        Outcome.OTHER: "still_enabled",
        Outcome.REFUSED: "disable_refused",
        Outcome.UNKNOWN: "unclear",
    }
    return {**columns, "why": words.get(result.outcome, "not_sent"), "next_at": _soon(row)}


def _prove_on_record(row: Leaked) -> None:
    try:
        _prove(row)
    except LedgerUnavailable:
        # Nothing is claimed that is not recorded; the key stays disabled, and is tried again.
        _save(row, why="ledger", next_at=_soon(row))


def _prove(row: Leaked) -> None:
    secret = holding.secret_of(row)
    if secret is None:
        _without_secret(row)
        return
    seen, verdict, control = trying.asked(row, secret)
    if trying.reads_alive(row, seen):
        _alive(row)
        return
    if verdict is Verdict.ACCEPTED and row.refused_at:
        _alive(row)
        return
    why = trying.why_not(row, verdict, control)
    if verdict is Verdict.ACCEPTED:
        _save(row, accepted_at=timezone.now())
    if why:
        telling.probed(row, str(verdict), str(control), why)
        _save(row, why=why, next_at=_soon(row))
        return
    _reached(row, seen, str(verdict), str(control))


def _without_secret(row: Leaked) -> None:
    """Its secret is destroyed: no more can be proven. That it came back to life is seen until the leak is closed."""
    if row.incident.state == Incident.State.CLOSED:
        _save(row, why=row.why if row.last_at else "no_secret", next_at=None)
        return
    seen = trying.read(row)
    if trying.reads_alive(row, seen):
        _alive(row)
    elif row.last_at is None:
        _save(row, why="no_secret", next_at=None)
    elif seen.snapshot or seen.gone:
        _save(row, gone=seen.gone, next_at=None)
    else:
        _save(row, next_at=_soon(row))


def _reached(row: Leaked, seen: Look, verdict: str, control: str) -> None:
    """The next level of proof, where all that it takes is there."""
    now, waits = timezone.now(), settings.WAITS
    used = seen.snapshot.used_quota if seen.snapshot else None
    # Without its counter; a level that is reached so says it (`keys.selectors.leak_words.UNCOUNTED`).
    deleted: dict[str, Any] = {"gone": True} if used is None and (seen.gone or row.gone) else {}
    if row.refused_at is None:
        _note(
            row,
            "refused",
            verdict,
            control,
            refused_at=now,
            used=used,
            next_at=_later(now, waits.leak_again_s),
            **deleted,
        )
        return
    if used is None and not deleted:
        _save(row, why="unread", next_at=_soon(row))
    elif used is not None and used != row.used and row.used is not None:
        telling.probed(row, verdict, control, "spending")
        # What was under way when it was refused may be booked late: from here on the counter has to stand still.
        _save(row, why="spending", used=used, next_at=_later(now, waits.leak_again_s))
    elif row.used is None and used is not None:
        _save(row, why="unread", used=used, next_at=_later(now, waits.leak_again_s))
    elif row.again_at is None:
        last = max(row.refused_at + timedelta(seconds=waits.leak_last_s), now)
        _note(row, "refused_again", verdict, control, again_at=now, used=used, next_at=last, **deleted)
    else:
        _note(row, "refused_last", verdict, control, last_at=now, next_at=None, **deleted)


def _note(row: Leaked, proof: str, verdict: str, control: str, **columns: Any) -> None:
    """Recorded first: without its record no level is claimed."""
    if row.why != "":
        columns["why"] = ""
    telling.proven(row, proof, verdict, control, lambda: _save(row, **columns))


def _alive(row: Leaked) -> None:
    """It came back to life: alarm, and disabled again; unless somebody enabled it here on purpose."""
    since = row.disabled_at or row.incident.pasted_at
    if _enabled_by_us(row, since):
        telling.revived(row, "enabled_here", lambda: _save(row, **_BACK, why="enabled_here", next_at=None))
        return
    again: dict[str, Any] = {**_BACK, "why": "", "change_id": uuid4(), "next_at": timezone.now()}
    telling.revived(row, "", lambda: _save(row, **again, revived=row.revived + 1))
    _disable(row, None, holding.DESK)


_BACK: Final[dict[str, Any]] = {
    "disabled_at": None,
    "refused_at": None,
    "again_at": None,
    "last_at": None,
    "used": None,
    "gone": False,
}


def _enabled_by_us(row: Leaked, since: datetime) -> bool:
    """On purpose, and not disabled here again after that."""
    assert row.account_id is not None and row.key_id is not None  # noqa: S101
    changes = Change.objects.filter(account_id=row.account_id, key_id=row.key_id, created_at__gt=since)
    for change in changes.filter(outcome__in=(str(Outcome.CONFIRMED), str(Outcome.APPLIED))).order_by("-created_at"):
        if change.kind == Kind.DISABLE:
            return False
        if change.wanted.get("status") == Status.ENABLED and change.before.get("status") != Status.ENABLED:
            return True
    return False


def _soon(row: Leaked) -> datetime:
    """Tried again after a pause that grows with every claim of the row."""
    return _later(timezone.now(), settings.WAITS.leak_retry_s * min(1 + row.epoch // 4, LATE_TRIES))


def _later(now: datetime, seconds: float) -> datetime:
    return now + timedelta(seconds=seconds)
