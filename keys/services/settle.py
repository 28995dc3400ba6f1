"""Ending what is unknown, by reading: when somebody opens or saves a key, and by `manage.py settle_changes`.

design.md, "One road to a write": a late PUT may still land, so "not applied" is only said of a reading begun
`Waits.late_s` after the last moment at which a request of the change could have left us.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID, uuid4

from django.conf import settings
from django.db.models import Case, F, Q, QuerySet, When
from django.utils import timezone

from keys.models import Change, ChangeState, Team
from keys.services import access_tokens, journal, late, leases, mirror, status
from keys.services.compare import Differences, differences, moved_between
from keys.services.disabling import apart
from keys.services.outcome import Held, Kind, Outcome, Result
from keys.services.requests import Look, look
from keys.services.snapshots import snapshot_from_json
from keys.types import Actor, ActorKind, Deadline, KeySnapshot, Lane, Status

Done = TypeVar("Done")
SETTLER = Actor(ActorKind.SYSTEM, "", "settling", role="system")


def open_change(team: Team, key_id: int) -> Change | None:
    """The newest change of this key that is under way or unknown."""
    return Change.objects.filter(_open(), team_id=team.pk, key_id=key_id).order_by("-created_at").first()


def change_result(change_id: UUID, team: Team, key_id: int, *, by_itself: bool = False) -> Result | None:
    """What is known of a change by now, once `settle_key` has done what it can; None when there is no such change."""
    settle_key(team=team, key_id=key_id, by_itself=by_itself)
    return result_now(change_id, team, key_id)


def result_now(change_id: UUID, team: Team, key_id: int) -> Result | None:
    """The same without reading anything."""
    change = Change.objects.filter(pk=change_id, team_id=team.pk, key_id=key_id).first()
    if change is None:
        return None
    while change.result:
        result = Result.from_json(change.result)
        followed = Change.objects.filter(pk=result.followed_by).first() if result.followed_by else None
        if followed is None:
            return result
        change = followed
    return Result(Outcome.UNKNOWN, Kind(change.kind), change.pk, why="under_way", settle_after=change.sent_until)


def settle_key(*, team: Team, key_id: int, by_itself: bool = False) -> None:
    """Settle every change of this key that reading can settle now. Upstream trouble leaves them as they are.

    by_itself: a page asks, over and over, and nobody waits for it: a look of some seconds ago will do.
    """
    for change in due().filter(team_id=team.pk, key_id=key_id):
        if not by_itself or claim_look(change, settings.WAITS.look_s * (0.4 if change.kind == Kind.DISABLE else 0.8)):
            settle_change(change, team)


def claim_look(change: Change, apart_s: float) -> bool:
    """Is it time to look at this change again, so long after the last look? Who is told so, looks; nobody else does."""
    now = timezone.now()
    rested = Q(looked_at=None) | Q(looked_at__lte=now - timedelta(seconds=apart_s))
    return Change.objects.filter(rested, pk=change.pk).update(looked_at=now) == 1


def freed(attempt: Callable[[], Done], *, team: Team, key_id: int) -> Done:
    """What `attempt` returns; made once more where reading ends what held the key, which takes no worker (design.md).

    Raises what `attempt` raises: Held when reading cannot end it yet, LedgerUnavailable, SealBroken.
    """
    try:
        return attempt()
    except Held:
        settle_key(team=team, key_id=key_id)
        return attempt()


def due() -> QuerySet[Change]:
    """Changes to look after: disables first, of these and of the others those longest not looked at.

    So one whose reading stalls stands behind all others of its kind, once it has been tried.
    """
    found = Change.objects.filter(_open() | Q(recheck_at__lte=timezone.now()))
    return found.order_by(_others_behind(), F("looked_at").asc(nulls_first=True), "created_at")


def settle_change(change: Change, team: Team) -> Outcome | None:
    """End one change if reading can end it now; None when it cannot. Raises LedgerUnavailable, SealBroken."""
    if change.state == ChangeState.INTENT:
        return _settle_unsent(change, team)
    if change.state == ChangeState.SENDING and timezone.now() < _dead_after(change):
        return None
    urgent = change.kind == Kind.DISABLE
    try:
        client = access_tokens.client_for(team, lane=Lane.URGENT if urgent else Lane.ORDINARY)
    except access_tokens.NoAccessToken:
        return None
    seen = look(client, change.key_id, Deadline.after(settings.WAITS.look_s))
    if seen.snapshot is None and not seen.gone:
        return None
    verdict = _settle_by(change, team, seen)
    mirror.note(team, seen.snapshot, seen.at)
    return verdict


def _settle_by(change: Change, team: Team, seen: Look) -> Outcome | None:
    urgent = change.kind == Kind.DISABLE
    verdict = _disable_verdict(change, seen) if urgent else _edit_verdict(change, seen)
    if verdict is None:
        return None
    if not urgent or verdict is not Outcome.OTHER or seen.gone:
        return _close(change, team, verdict, seen, why=_why(change, verdict, seen))
    later = _overruling(change)
    if later is None:
        return _disable_again(change, team, seen)
    ours = later.kind == Kind.DISABLE and later.person_id == SETTLER.id
    if later.kind == Kind.DISABLE and not ours and later.state != ChangeState.DONE:
        return None  # somebody is disabling it: what reads after that tells of this one too
    # Being disabled once more by us already, or cut off at that: what becomes of it is the end of this one too.
    return _close(change, team, verdict, seen, followed_by=later.pk if ours else None)


def _settle_unsent(change: Change, team: Team) -> Outcome | None:
    """An intent whose process is gone, or that lost its lease: fenced off first, so that "not sent" stays true."""
    lost = leases.of(change.account_id, change.key_id, change.pk).epoch != change.epoch
    if not lost and timezone.now() < _dead_after(change):
        return None
    return _close(change, team, Outcome.NOT_SENT, None, why="superseded" if lost else "stopped")


def _edit_verdict(change: Change, seen: Look) -> Outcome | None:
    if change.state == ChangeState.DONE and _newer(change).exists():
        return Outcome.OTHER
    if seen.snapshot is None:
        return Outcome.OTHER
    missing, as_before = _missing(change, seen), _reads_as_before(change, seen.snapshot)
    if not missing and not as_before:
        return Outcome.OTHER if _written_since(change) else Outcome.APPLIED
    sent_until = change.sent_until or change.created_at
    if seen.at < sent_until + timedelta(seconds=settings.WAITS.late_s) and change.state != ChangeState.DONE:
        return None
    # A later change may have put back what this one had altered: then it cannot be told from one that never landed.
    untold = change.state == ChangeState.DONE or _newer(change).exists()
    return Outcome.NOT_APPLIED if missing and as_before and not untold else Outcome.OTHER


def _why(change: Change, verdict: Outcome, seen: Look) -> str:
    """`untold` where nothing speaks against the change, and nothing for it: later ones may have made or unmade it."""
    if change.kind == Kind.DISABLE or verdict is not Outcome.OTHER or seen.snapshot is None:
        return ""
    return "untold" if not _missing(change, seen) or _reads_as_before(change, seen.snapshot) else ""


def _reads_as_before(change: Change, now: KeySnapshot) -> bool:
    before = snapshot_from_json(change.before)
    return not differences(before.settings, before.used_quota, now, auto_groups=settings.AUTO_GROUPS)


def _disable_verdict(change: Change, seen: Look) -> Outcome:
    disabled = seen.snapshot is not None and seen.snapshot.settings.status == Status.DISABLED
    return Outcome.APPLIED if disabled else Outcome.OTHER


def _disable_again(change: Change, team: Team, seen: Look) -> Outcome | None:
    """Still enabled, or enabled again by an edit that arrived late: disable it once more, on record.

    None, so that it is tried again, when that could not be sent.
    """
    again = uuid4()
    reason = "The key still read enabled after it was disabled."
    done = status.disable_key(
        person=None, actor=SETTLER, team=team, key_id=change.key_id, change_id=again, reason=reason
    )
    if done.outcome is Outcome.NOT_SENT and not done.gone:
        return None
    return _close(change, team, Outcome.OTHER, seen, followed_by=again)


def _close(
    change: Change, team: Team, verdict: Outcome, seen: Look | None, *, why: str = "", followed_by: UUID | None = None
) -> Outcome | None:
    """Record what settling found, unless somebody else has ended the change meanwhile."""
    with journal.opened() as ledger:
        was, told = change.state, change.outcome_seq
        if was != ChangeState.DONE:
            leases.fence(change)
        change.refresh_from_db()
        if change.state != was and (was, change.state) != (ChangeState.SENDING, ChangeState.UNKNOWN):
            return None  # also when it was thought unsent and has been sent meanwhile
        if was == ChangeState.DONE and change.outcome_seq != told:
            return None  # looked at once more, by two at a time: one record tells it
        result = _settled(change, verdict, seen, why)
        result = replace(result, followed_by=followed_by)
        body = {**journal.outcome_body(result, None), "followed_by": str(followed_by) if followed_by else None}
        record = journal.record_settled(ledger, change, team, SETTLER, verdict, body)
        journal.close(change, replace(result, record_seq=record.seq), record)
    return verdict


def _settled(change: Change, verdict: Outcome, seen: Look | None, why: str) -> Result:
    known = Result.from_json(change.result) if change.result else Result(verdict, Kind(change.kind), change.pk)
    snapshot = seen.snapshot if seen else None
    disabled = change.kind == Kind.DISABLE and verdict is Outcome.APPLIED
    earlier = late.may_still_land_after(change) if disabled else []
    if disabled and snapshot:
        steps = {step.step for step in known.steps}
        altered, moved = apart(snapshot_from_json(change.before), steps, snapshot, settings.AUTO_GROUPS)
        ours = {name for later in _landed_since(change) for name in _left_so(later, snapshot)}
        moved = {name: pair for name, pair in moved.items() if name not in ours}
        known = replace(known, altered={**altered, **late.taken_back(change, snapshot)}, moved=moved)
    return replace(
        known,
        outcome=verdict,
        why=why,
        snapshot=snapshot or known.snapshot,
        checked_at=seen.at if seen else known.checked_at,
        differs={} if snapshot is None else _missing(change, seen) if seen else {},
        gone=bool(seen and seen.gone),
        settle_after=late.look_again_at(earlier),
        earlier_may_arrive=bool(earlier),
    )


def _missing(change: Change, seen: Look) -> Differences:
    wanted, before = snapshot_from_json(change.wanted), snapshot_from_json(change.before)
    if seen.snapshot is None:
        return {}
    if change.kind == Kind.DISABLE:
        status_now = seen.snapshot.settings.status
        return {} if status_now == Status.DISABLED else {"status": (int(Status.DISABLED), status_now)}
    asked = ("status",) if wanted.settings.status != before.settings.status else ()
    return differences(wanted.settings, before.used_quota, seen.snapshot, asked=asked, auto_groups=settings.AUTO_GROUPS)


def _newer(change: Change) -> QuerySet[Change]:
    """Later changes of the same key that were sent: what reads now may be theirs."""
    sent = Change.objects.filter(
        account_id=change.account_id, key_id=change.key_id, created_at__gt=change.created_at, sent_until__isnull=False
    )
    return sent.exclude(pk=change.pk).exclude(outcome=str(Outcome.NOT_SENT))


def _written_since(change: Change) -> bool:
    """Has a later change of ours written what this one wanted? Then what reads now is no sign of this one."""
    asked = _wrote(change)
    for later in _newer(change):
        if any(name == "remain_quota" or later.wanted[name] == change.wanted[name] for name in asked & _wrote(later)):
            return True
    return False


def _landed_since(change: Change) -> QuerySet[Change]:
    """Later changes of the same key that CometAPI carried out, or may have."""
    return _newer(change).exclude(outcome__in=(str(Outcome.REFUSED), str(Outcome.NOT_APPLIED)))


def _left_so(later: Change, now: KeySnapshot) -> set[str]:
    """What this change wrote and reads so still, as it wanted it or as it found it: its own record tells it."""
    left = [snapshot_from_json(one) for one in (later.wanted, later.found) if one]
    return {name for name in _wrote(later) if any(name not in moved_between(one, now) for one in left)}


def _wrote(change: Change) -> set[str]:
    return {name for name, want in change.wanted.items() if want != change.before.get(name)}


def enabled_since(change: Change) -> bool:
    """Has somebody enabled the key here on purpose since this disable, and nobody disabled it here again?"""
    later = _overruling(change)
    return later is not None and later.kind != Kind.DISABLE


def _overruling(change: Change) -> Change | None:
    """The newest change that enabled the key on purpose, or disabled it anew. An edit of a name is neither."""
    for later in _landed_since(change).order_by("-created_at"):
        before, wanted = later.before.get("status"), later.wanted.get("status")
        if later.kind == Kind.DISABLE or (wanted == Status.ENABLED and before != Status.ENABLED):
            return later
    return None


def _dead_after(change: Change) -> datetime:
    """When the process that makes this change can no longer be at it."""
    return change.created_at + timedelta(seconds=settings.WAITS.edit_s + settings.WAITS.connect_s)


def _others_behind() -> Case:
    return Case(When(kind=Kind.DISABLE, then=0), default=1)


def _open() -> Q:
    return Q(state__in=(ChangeState.INTENT, ChangeState.SENDING, ChangeState.UNKNOWN))
