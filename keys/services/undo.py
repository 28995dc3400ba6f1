"""Undoing one change: the inverse of exactly that, made against what is there now; a change like any other."""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext

from keys.errors import CometAdminError
from keys.models import Change, Person, Team
from keys.services import edit, status
from keys.services.outcome import Kind, Outcome, Result
from keys.services.snapshots import snapshot_from_json
from keys.types import Actor, KeyWish, QuotaMode, QuotaWish, Status

UNDONE_BY_SAVING = (Outcome.CONFIRMED, Outcome.APPLIED)


class NotUndoable(CometAdminError):
    """There is no inverse of this change that could be sent unseen. Nothing was sent. message: for people."""

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


def undo_change(
    *,
    person: Person,
    actor: Actor,
    team: Team,
    key_id: int,
    undone: Change,
    change_id: UUID,
    reason: str = "",
    part_of: int | None = None,
    begun: datetime | None = None,
) -> Result:
    """Make the inverse of `undone` and tell what was read; its records name the one they answer.

    Of a quota the difference is taken back, so that what was spent since is never refunded. A disable is undone by
    enabling, together with what it had to alter. part_of: for one of many that are undone at once, which is left alone
    if anything of it has moved since; begun: when those began, of which one key may have had several. Raises
    NotUndoable, Conflict when somebody changed the same field since, LeavesNothing, and as `edit_key`.
    """
    result = Result.from_json(undone.result) if undone.result else None
    if result is None or not can_be_undone(result) or undone.found is None:
        raise NotUndoable(gettext("What this change came to is not known for sure, so it is not undone at one press."))
    about = {"person": person, "actor": actor, "team": team, "key_id": key_id, "change_id": change_id, "reason": reason}
    if undone.kind == Kind.DISABLE:
        _refuse_if_disabled_again(undone, result)
        since = snapshot_from_json(undone.found) if part_of is not None else None
        links = {"answers": undone.intent_seq, "part_of": part_of}
        return status.enable_key(**about, **links, put_back=True, since=since, begun=begun or undone.created_at)  # type: ignore[arg-type]
    base = snapshot_from_json(undone.found)
    return edit.edit_key(**about, base=base, wish=inverse_of(undone), answers=undone.intent_seq, unseen=True)  # type: ignore[arg-type]


def can_be_undone(result: Result) -> bool:
    """Did it read as wanted, and did anything change by it?"""
    if result.outcome not in UNDONE_BY_SAVING or not result.changed or result.gone:
        return False
    return result.kind is not Kind.DISABLE or result.changed["status"][0] == Status.ENABLED


def inverse_of(change: Change) -> KeyWish:
    """What to wish for so that exactly this change is taken back. Only of one that `can_be_undone`."""
    before, wanted = snapshot_from_json(change.before), snapshot_from_json(change.wanted)
    changed = Result.from_json(change.result).changed
    fields = {field: getattr(before.settings, field) for field in changed if field != "remain_quota"}
    added = wanted.settings.remain_quota - before.settings.remain_quota
    if "remain_quota" not in changed or not added:
        return KeyWish(fields)
    return KeyWish(fields, QuotaWish(QuotaMode.TAKE if added > 0 else QuotaMode.ADD, abs(added)))


def _refuse_if_disabled_again(undone: Change, result: Result) -> None:
    """Somebody who pressed Disable since wants the key disabled, though no field of it moved by that."""
    again = Change.objects.filter(
        account_id=undone.account_id, key_id=undone.key_id, kind=str(Kind.DISABLE), intent_seq__gt=undone.intent_seq
    ).exclude(outcome=str(Outcome.NOT_SENT))
    if again.exclude(pk=result.followed_by).exists() if result.followed_by else again.exists():
        raise NotUndoable(gettext("The key was disabled once more since. Enable it on its own page if that is meant."))
