"""Dealing with drift: accept what was changed elsewhere, with a reason on record, or put it back by the one road."""

from functools import partial
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext

from keys.errors import CometAdminError, Invalid
from keys.ledger import book
from keys.ledger.actions import Action
from keys.models import Drift, MirrorKey, Person, Team
from keys.permissions import Verb
from keys.services import edit
from keys.services.compare import still_there
from keys.services.guard import guard
from keys.services.outcome import Kind, Outcome, Result
from keys.services.settle import freed
from keys.services.typed import one_line, refuse_bad_text
from keys.types import BY_ITSELF, Actor, KeySnapshot, KeyWish, QuotaMode, QuotaWish

_AS_WANTED = (Outcome.CONFIRMED, Outcome.APPLIED)
_NO_STATUS = (None, None)
"""As the status of a drift that is not about it: no key reads so."""


class DriftOver(CometAdminError):
    """Somebody has dealt with this drift already, or there is none. Nothing was done."""


class CannotPutBack(CometAdminError):
    """What was found is still there, and CometAPI alone sets what was before. Nothing was done."""


def accept_drift(*, person: Person, actor: Actor, team: Team, drift_id: int, reason: str) -> Drift:
    """End a drift as it is. Raises Denied, DriftOver, Invalid, LedgerUnavailable."""
    drift = _open(team, drift_id)
    guard(person, actor, Verb.EDIT_KEY, team, drift.key_id)
    reason = one_line(reason)
    if not reason:
        raise Invalid({"reason": [gettext("Say why this is all right: it goes on record.")]})
    refuse_bad_text({"reason": reason})
    with book.opened() as ledger:
        if not _end(drift, actor, Drift.State.ACCEPTED, among=(Drift.State.OPEN,)):
            raise DriftOver
        ledger.append(
            book.Entry(
                action=Action.KEY_DRIFT_ACCEPT,
                actor=actor,
                body={"changed": drift.changed, "weaker": drift.weaker, "drift_seq": drift.record_seq},
                team=team,
                key_id=drift.key_id,
                key_name=_name(drift),
                reason=reason,
            )
        )
    return drift


def put_back(*, person: Person, actor: Actor, team: Team, drift_id: int, change_id: UUID) -> tuple[Drift, Result]:
    """Set what is still as it was found to what it was before. Whoever changed it again since is not overwritten.

    Tried once more where reading ends the change that holds the key. Raises DriftOver, CannotPutBack, UpstreamError for
    the first reading, and as `edit.edit_key`.
    """
    drift = _open(team, drift_id)
    guard(person, actor, Verb.EDIT_KEY, team, drift.key_id)
    putting = partial(_put_back, person=person, actor=actor, team=team, drift=drift, change_id=change_id)
    return drift, freed(putting, team=team, key_id=drift.key_id)


def _put_back(*, person: Person, actor: Actor, team: Team, drift: Drift, change_id: UUID) -> Result:
    live = edit.read_key(team=team, key_id=drift.key_id)
    wish = wish_back(drift, live)
    if not wish.touched and still_there("status", drift.changed.get("status", _NO_STATUS), live.settings.status):
        raise CannotPutBack
    if not wish.touched:
        _end(drift, actor, Drift.State.SUPERSEDED, among=(Drift.State.OPEN,))
        return Result(Outcome.UNCHANGED, Kind.EDIT, change_id, timezone.now(), live)
    result = edit.edit_key(
        person=person,
        actor=actor,
        team=team,
        key_id=drift.key_id,
        base=live,
        wish=wish,
        change_id=change_id,
        reason=f"Puts back what was changed elsewhere (record {drift.record_seq}).",
    )
    if result.outcome in _AS_WANTED:
        # The mirror may have seen already that nothing of the drift is left.
        _end(drift, actor, Drift.State.PUT_BACK, among=(Drift.State.OPEN, Drift.State.SUPERSEDED))
    return result


def wish_back(drift: Drift, live: KeySnapshot) -> KeyWish:
    """What it takes to put back what still reads as found; the quota by the difference of its limits."""
    fields = {
        field: pair[0]
        for field, pair in drift.changed.items()
        if field not in ("remain_quota", "limit")
        and still_there(field, pair, getattr(live.settings, field))
        # Nobody but CometAPI sets a key to expired or exhausted.
        and not (field == "status" and pair[0] in BY_ITSELF)
    }
    before, after = drift.changed.get("limit", (0, 0))
    if before == after or live.limit != after:
        return KeyWish(fields)
    mode = QuotaMode.ADD if before > after else QuotaMode.TAKE
    return KeyWish(fields, QuotaWish(mode, abs(before - after)))


def _open(team: Team, drift_id: int) -> Drift:
    drift = Drift.objects.filter(team=team, pk=drift_id, state=Drift.State.OPEN).first()
    if drift is None:
        raise DriftOver
    return drift


def _end(drift: Drift, actor: Actor, state: Drift.State, *, among: tuple[Drift.State, ...]) -> bool:
    ended = {"state": state, "ended_at": timezone.now(), "ended_by": actor.name[:200]}
    return Drift.objects.filter(pk=drift.pk, state__in=among).update(**ended) == 1


def _name(drift: Drift) -> str:
    row = MirrorKey.objects.filter(account_id=drift.account_id, key_id=drift.key_id).first()
    return str(row.snapshot["name"]) if row else ""
