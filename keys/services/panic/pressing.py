"""The two presses: disable all keys of a team, and enable again exactly those that one press has disabled."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from keys.errors import CometAdminError
from keys.ledger import book
from keys.ledger.actions import Action
from keys.models import Change, Job, MirrorKey, Panic, PanicItem, Person, Team, TeamSync
from keys.permissions import Verb
from keys.services import jobs, journal
from keys.services.denials import demand
from keys.services.outcome import Outcome, Result
from keys.services.typed import one_line, refuse_bad_text
from keys.services.undo import can_be_undone
from keys.types import Actor, Lane, Status

PANIC, PANIC_UNDO = "panic", "panic_undo"
OPEN: Final = (Job.Status.QUEUED, Job.Status.RUNNING)
STILL_DISABLED: Final = (Outcome.CONFIRMED, Outcome.APPLIED)


class NumberChanged(CometAdminError):
    """The number that was typed is not how many there are. Nothing was sent. number: how many there are."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(str(number))


class NothingToUndo(CometAdminError):
    """It is still going on, or no key is left that it disabled. Nothing was sent."""


@dataclass(frozen=True, slots=True)
class Count:
    """Keys of a team by the mirror: to_disable can serve or could come back, disabled read so already.

    fresh: was all of it read a moment ago, in a list that is whole by CometAPI's own count? Else there may be keys that
    nobody here knows of yet.
    """

    to_disable: int
    disabled: int
    fresh: bool

    @property
    def to_press(self) -> bool:
        """Is there anything to press for? All keys are listed first, so that 0 of an old list is something."""
        return bool(self.to_disable) or not self.fresh


def count(team: Team) -> Count:
    there = MirrorKey.objects.filter(team=team, gone_at=None)
    disabled = there.filter(status=Status.DISABLED).count()
    since = timezone.now() - timedelta(seconds=settings.WAITS.refresh_s)
    fresh = TeamSync.objects.filter(team=team, listed_at__gte=since, trouble="").exists()
    return Count(there.count() - disabled, disabled, fresh)


def open_panic(team: Team, kind: str = PANIC) -> Panic | None:
    """The one under way."""
    return Panic.objects.filter(team=team, job__kind=kind, job__status__in=OPEN).order_by("-pk").first()


def press(*, person: Person, actor: Actor, team: Team, typed: int | None, reason: str = "") -> Panic:
    """Begin to disable every key of the team; of one that is under way already, that one.

    typed: the number of keys, typed back. Raises Denied, Invalid (the reason), NumberChanged, LedgerUnavailable;
    nothing was sent then.
    """
    demand(person, actor, Verb.PANIC, team)
    reason = one_line(reason)
    refuse_bad_text({"reason": reason})
    with journal.opened() as ledger:
        # Under the ledger's lock, so that of two presses the second finds the first one's.
        if under_way := open_panic(team):
            return under_way
        counted = count(team)
        if typed is None or typed != counted.to_disable or not counted.to_press:
            raise NumberChanged(counted.to_disable)
        if undoing := open_panic(team, PANIC_UNDO):
            _stop(undoing)
        body = {"keys": typed, "already": counted.disabled}
        more: dict[str, Any] = {"actor": actor, "team": team, "reason": reason}
        record = ledger.append(book.Entry(action=Action.KEYS_PANIC, body=body, **more))
        job = jobs.enqueue(PANIC, team, lane=Lane.URGENT, asked_by=actor.name)
        return _panic(person, actor, team, job, reason, asked=typed, record_seq=record.seq)


def undo(*, person: Person, actor: Actor, team: Team, panic: Panic) -> Panic:
    """Begin to enable what this press has disabled and nobody has touched since; of one under way, that one.

    Raises Denied, NothingToUndo, LedgerUnavailable; nothing was sent then.
    """
    demand(person, actor, Verb.PANIC, team)
    with journal.opened() as ledger:
        if under_way := open_panic(team, PANIC_UNDO):
            return under_way
        panic.refresh_from_db()
        changes = undoable(panic)
        if not changes or open_panic(team) not in (None, panic) or (_is_open(panic) and not _checking(panic)):
            raise NothingToUndo
        _stop(panic)
        body = {"keys": len(changes), "answers": panic.record_seq}
        entry = book.Entry(action=Action.KEYS_PANIC_UNDO, actor=actor, body=body, team=team)
        record = ledger.append(entry)
        job = jobs.enqueue(PANIC_UNDO, team, asked_by=actor.name)
        begun = _panic(person, actor, team, job, "", asked=len(changes), record_seq=record.seq, undoes=panic)
        PanicItem.objects.bulk_create(_undone(begun, panic, changes))
        return begun


def undoable(panic: Panic) -> dict[int, Change]:
    """Key id -> the disable that this press came to, for what read enabled before it and reads disabled after it.

    Without those that an earlier press has enabled again.
    """
    if panic.undoes_id is not None:
        return {}
    done = panic.items.filter(state=PanicItem.State.DONE, change_id__isnull=False)
    again = PanicItem.objects.filter(panic__undoes=panic, state=PanicItem.State.DONE).values("key_id")
    changes = Change.objects.in_bulk(list(done.exclude(key_id__in=again).values_list("change_id", flat=True)))
    found = {change.key_id: change for change in changes.values() if change.result}
    return {key_id: change for key_id, change in found.items() if can_be_undone(Result.from_json(change.result))}


def number_typed(text: str) -> int | None:
    """`1,234` and `1 234` are numbers as people copy them; None for what is none."""
    digits = "".join(sign for sign in text if sign not in " ,.'’\u00a0\u202f_")
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= 9 else None


def actor_of(panic: Panic) -> Actor:
    """Who pressed, as every key's record tells it."""
    return Actor(**panic.actor)


def _panic(person: Person, actor: Actor, team: Team, job: Job, reason: str, **more: Any) -> Panic:
    phase = Panic.Phase.WORKING if "undoes" in more else Panic.Phase.LISTING
    told = {**asdict(actor), "kind": str(actor.kind)}
    own: dict[str, Any] = {"person": person, "actor": told, "team": team, "job": job, "reason": reason, "phase": phase}
    return Panic.objects.create(**own, started_at=timezone.now(), **more)


def _undone(begun: Panic, panic: Panic, changes: dict[int, Change]) -> Sequence[PanicItem]:
    items = panic.items.filter(key_id__in=changes)
    return [
        PanicItem(
            panic=begun,
            account_id=item.account_id,
            key_id=item.key_id,
            name=item.name,
            masked=item.masked,
            undone=changes[item.key_id].pk,
            at=begun.started_at,
        )
        for item in items
    ]


def _is_open(panic: Panic) -> bool:
    return Job.objects.filter(pk=panic.job_id or 0, status__in=OPEN).exists()


def _checking(panic: Panic) -> bool:
    return panic.phase == Panic.Phase.CHECKING


def _stop(panic: Panic) -> None:
    """End its job, if it is open, and fence off whoever is at it."""
    now = timezone.now()
    ended = {"status": Job.Status.DONE, "ended_at": now, "heartbeat_at": None, "epoch": F("epoch") + 1}
    if Job.objects.filter(pk=panic.job_id or 0, status__in=OPEN).update(**ended):
        Panic.objects.filter(pk=panic.pk).update(phase=Panic.Phase.OVER, ended_at=now)
