"""The road's two durable transactions, intent and outcome: what is written into the ledger and the change row."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from keys.errors import LedgerUnavailable
from keys.ledger import book
from keys.ledger.actions import Action
from keys.models import Change, ChangeState, Record, Team
from keys.services import late, leases
from keys.services.compute import Plan, refusal_field
from keys.services.disabling import apart
from keys.services.outcome import Answer, Kind, Outcome, Pairs, Result
from keys.services.requests import Sending
from keys.services.road import Road
from keys.services.sending import Sent
from keys.services.snapshots import snapshot_to_json
from keys.types import Actor, KeySnapshot, Waits

ACTIONS = {Kind.EDIT: Action.KEY_EDIT, Kind.DISABLE: Action.KEY_DISABLE, Kind.ENABLE: Action.KEY_ENABLE}

UNAVAILABLE = "The change cannot be recorded now, so nothing was sent."


@contextmanager
def opened() -> Iterator[book.Ledger]:
    """The transaction that every record is written in; its first statement locks the ledger's head.

    Raises LedgerUnavailable for whatever the database refuses in it, the change row and the lease too.
    """
    try:
        with book.opened() as ledger:
            yield ledger
    except DatabaseError as error:
        raise LedgerUnavailable(UNAVAILABLE) from error


def can_record(entry: book.Entry) -> bool:
    """Could this be recorded now? It is written and taken back, so that the ledger stays as it is."""
    try:
        with opened() as ledger:
            ledger.append(entry)
            raise _TakenBackError
    except _TakenBackError:
        return True
    except LedgerUnavailable:
        return False


class _TakenBackError(Exception):
    """Ends the transaction without a trace."""


def intent(ledger: book.Ledger, road: Road, live: KeySnapshot, plan: Plan, epoch: int, read_at: datetime) -> Change:
    """Write the intent and the change row beside it; committed by the caller before anything is sent.

    read_at: when the reading `live` was begun.
    """
    before = snapshot_to_json(live)
    wanted = {**before, **plan.wanted.as_dict()}
    body = {
        "kind": str(road.kind),
        "before": before,
        "wanted": wanted,
        "changed": _lists(plan.changed),
        "moved": _lists(plan.moved),
        "touched": list(plan.asked),
        **_links(road),
    }
    record = ledger.append(_entry(road, body, live.settings.name))
    return _row(road, record.seq, before=before, wanted=wanted, epoch=epoch, read_at=read_at)


def outcome(road: Road, change: Change, result: Result, sending: Sending) -> Result:
    """Write the outcome, unless settling has ended this change meanwhile; then that is the answer."""
    try:
        with opened() as ledger:
            body = outcome_body(result, sending)
            record = ledger.append(_entry(road, body, sending.live.settings.name, str(result.outcome)))
            result = replace(result, record_seq=record.seq)
            close(change, result, record)
    except _EndedMeanwhileError:
        return Result.from_json(Change.objects.get(pk=change.pk).result)
    return result


class _EndedMeanwhileError(Exception):
    """Somebody else has ended the change, or gone on with it: what was recorded of it here is taken back."""


def not_sent(road: Road, result: Result) -> Result | None:
    """Intent and outcome at once, for a change that ended before there was anything to send.

    None where the very same submission has come further meanwhile: what became of it is the answer.
    """
    with opened() as ledger:
        if Change.objects.filter(pk=road.change_id).exists():
            return None
        intended = ledger.append(_entry(road, {"kind": str(road.kind), "touched": [], **_links(road)}, ""))
        body = {"kind": str(road.kind), "message": result.message, "why": result.why, "gone": result.gone}
        record = ledger.append(_entry(road, body, "", str(result.outcome)))
        result = replace(result, record_seq=record.seq)
        close(_row(road, intended.seq, before={}, wanted={}, epoch=0), result, record)
    return result


def close(change: Change, result: Result, record: Record) -> None:
    """Note an outcome in the change row and let go of the key where it ends the change.

    Never over what another process has made of the row: that ends the transaction, and the record with it.
    """
    noted = {
        "state": ChangeState.UNKNOWN if result.outcome is Outcome.UNKNOWN else ChangeState.DONE,
        "outcome": str(result.outcome),
        "outcome_seq": record.seq,
        "result": result.to_json(),
        "found": snapshot_to_json(result.snapshot) if result.snapshot else None,
        "recheck_at": result.settle_after,
    }
    if not Change.objects.filter(pk=change.pk, state=change.state).update(**noted):
        raise _EndedMeanwhileError
    for name, value in noted.items():
        setattr(change, name, value)
    if change.state == ChangeState.DONE:
        leases.release(change)


def result_of(road: Road, change: Change, plan: Plan, sending: Sending, sent: Sent) -> Result:
    """Everything there is to tell of a change that was sent."""
    snapshot = sent.look.snapshot if sent.look else None
    disabling = road.kind is Kind.DISABLE
    altered: Pairs = {}
    moved = plan.moved
    if disabling and snapshot:
        left = {step.step for step in sending.steps if step.answer is not Answer.NOT_SENT}
        altered, moved = apart(sending.live, left, snapshot, settings.AUTO_GROUPS)
        altered = {**altered, **late.taken_back(change, snapshot)}
    earlier = late.may_still_land_after(change) if disabling else []
    return Result(
        outcome=sent.outcome,
        kind=road.kind,
        change_id=road.change_id,
        checked_at=sent.look.at if sent.look and snapshot else None,
        snapshot=snapshot,
        changed=plan.changed,
        differs=sent.differs,
        moved=moved,
        altered=altered,
        steps=tuple(sending.steps),
        message=next((step.message for step in reversed(sending.steps) if step.message), ""),
        field=_field(sending, plan, sent),
        why=sent.why,
        retry_after_s=sending.retry_after_s,
        gone=bool(sent.look and sent.look.gone),
        earlier_may_arrive=bool(earlier),
        settle_after=_settle_after(change, sent.outcome, disabling, earlier),
        window_ms=sending.window_ms,
    )


def outcome_body(result: Result, sending: Sending | None) -> dict[str, Any]:
    """The outcome as the ledger keeps it (`keys.ledger.actions`, recordable fields)."""
    return {
        "kind": str(result.kind),
        "found": snapshot_to_json(result.snapshot) if result.snapshot else None,
        "differs": _lists(result.differs),
        "altered": _lists(result.altered),
        # Of an edit the intent tells it; a disable never looks at it before it sends.
        **({"moved": _lists(result.moved)} if result.kind is Kind.DISABLE and result.moved else {}),
        "steps": [step.to_json() for step in result.steps],
        "window_ms": sending.window_ms if sending else None,
        "message": result.message,
        "why": result.why,
        "field": result.field,
        # Whole seconds: the ledger's JSON knows no floats.
        "retry_after_s": None if result.retry_after_s is None else math.ceil(result.retry_after_s),
        "gone": result.gone,
        "earlier": result.earlier_may_arrive,
        "checked_at": result.checked_at.isoformat() if result.checked_at else None,
    }


def record_settled(
    ledger: book.Ledger, change: Change, team: Team | None, actor: Actor, outcome: Outcome, body: dict[str, Any]
) -> Record:
    """Append what settling found of an earlier change."""
    name = str((change.before or {}).get("name", ""))
    return ledger.append(
        book.Entry(
            action=Action.KEY_SETTLE,
            actor=actor,
            body=body,
            team=team,
            key_id=change.key_id,
            key_name=name,
            outcome=str(outcome),
            change=str(change.pk),
        )
    )


def _settle_after(change: Change, outcome: Outcome, disabling: bool, earlier: list[Change]) -> datetime | None:
    waits: Waits = settings.WAITS
    now = timezone.now()
    if outcome is Outcome.UNKNOWN:
        # A disable that is not yet sure is looked after first, and at once.
        return now if disabling else (change.sent_until or now) + timedelta(seconds=waits.late_s)
    if outcome is Outcome.DIFFERS:
        return now + timedelta(seconds=waits.look_s if disabling else waits.differs_settle_s)
    if disabling and earlier and outcome in (Outcome.CONFIRMED, Outcome.APPLIED):
        return late.look_again_at(earlier)
    return None


def _field(sending: Sending, plan: Plan, sent: Sent) -> str:
    """The form field a refusal is about. A 4xx is about the access token or the request, never about a field."""
    last = sending.steps[-1] if sending.steps else None
    if sent.outcome is not Outcome.REFUSED or last is None or last.answer is not Answer.REFUSED:
        return ""
    if last.http_status != 200:
        return ""
    return refusal_field(plan.wanted, plan.asked) or ("status" if last.step == "status" else "")


def _entry(road: Road, body: dict[str, Any], key_name: str, outcome_text: str = "") -> book.Entry:
    return book.Entry(
        action=ACTIONS[road.kind],
        actor=road.actor,
        body=body,
        team=road.team,
        key_id=road.key_id,
        key_name=key_name,
        outcome=outcome_text,
        change=str(road.change_id),
        reason=road.reason,
    )


def _links(road: Road) -> dict[str, int]:
    links = {"answers": road.answers, "part_of": road.part_of}
    return {name: seq for name, seq in links.items() if seq is not None}


def _row(
    road: Road,
    intent_seq: int,
    *,
    before: dict[str, Any],
    wanted: dict[str, Any],
    epoch: int,
    read_at: datetime | None = None,
) -> Change:
    return Change.objects.create(
        id=road.change_id,
        kind=str(road.kind),
        person_id=road.actor.id,
        team_id=road.team.pk,
        account_id=road.account_id,
        key_id=road.key_id,
        epoch=epoch,
        content=road.content,
        before=before,
        wanted=wanted,
        created_at=timezone.now(),
        read_at=read_at,
        intent_seq=intent_seq,
    )


def _lists(pairs: Pairs) -> dict[str, list[Any]]:
    return {field: list(pair) for field, pair in pairs.items()}
