"""What became of one key of a press: from the road's results to the words of `PanicItem.State`."""

from typing import Any, Final
from uuid import UUID

from django.utils import timezone

from keys.models import Change, ChangeState, PanicItem
from keys.services import settle
from keys.services.outcome import Outcome, Result

State = PanicItem.State
TRIES: Final = 40
"""How often a key of which nothing could be sent is tried, each time after a rest."""
AS_WANTED: Final = (Outcome.CONFIRMED, Outcome.APPLIED)


def put(item: PanicItem, state: State, **columns: Any) -> None:
    columns = {"state": state, "at": timezone.now(), **columns}
    PanicItem.objects.filter(pk=item.pk).update(**columns)
    for name, value in columns.items():
        setattr(item, name, value)


def judge(item: PanicItem, result: Result) -> None:
    """Note what the road says of the item's newest change; nothing is claimed that was not read."""
    told = {"why": result.why[:30], "message": result.message}
    if result.gone:
        put(item, State.GONE, **told)
    elif result.outcome in AS_WANTED:
        put(item, State.DONE, why="", message="", tries=0)
    elif result.outcome is Outcome.NOT_SENT:
        again(item, result.why, result.message)
    elif result.outcome in (Outcome.REFUSED, Outcome.NOT_APPLIED):
        put(item, State.FAILED, **told)
    elif result.outcome is Outcome.OTHER:
        put(item, State.LEFT, why="changed", message="")
    else:
        put(item, State.UNKNOWN, **told)


def again(item: PanicItem, why: str, message: str = "") -> None:
    """Nothing was sent: it waits for another try, until there were enough of them."""
    tries = item.tries + 1
    state = State.FAILED if tries >= TRIES else State.WAITING
    put(item, state, why=why[:30], message=message, tries=tries)


def change_of(change_id: UUID | None) -> Change:
    """Of an item that has one."""
    assert change_id is not None  # noqa: S101
    return Change.objects.get(pk=change_id)


def recover(item: PanicItem) -> None:
    """Of a process that was killed at it: what was sent, if anything, is settled before anything is repeated."""
    sent = item.change_id is not None and Change.objects.filter(pk=item.change_id).exists()
    put(item, State.UNKNOWN if sent else State.WAITING, why="stopped" if sent else "")


def settle_item(item: PanicItem) -> None:
    """End what is unknown, if reading can end it now. Raises LedgerUnavailable, SealBroken."""
    change = change_of(item.change_id)
    over = change.state == ChangeState.DONE
    if not over or (change.recheck_at is not None and change.recheck_at <= timezone.now()):
        settle.settle_change(change, item.panic.team)
    change = _newest(change_of(item.change_id))
    if change.pk != item.change_id:
        put(item, State.UNKNOWN, change_id=change.pk)
    waits = change.outcome == Outcome.DIFFERS and change.recheck_at is not None
    if change.state == ChangeState.DONE and not waits:
        judge(item, Result.from_json(change.result))


def _newest(change: Change) -> Change:
    """Settling may have disabled the key once more: what is true by now is there."""
    while change.result and (followed_by := Result.from_json(change.result).followed_by):
        change = Change.objects.get(pk=followed_by)
    return change
