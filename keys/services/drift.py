"""Drift: what changed upstream without a change of ours, found, read once more, and recorded (actor: outside).

Nobody is accused on a guess: a key with a change of ours that is open, unknown or has only just ended waits until it
is settled; what reads otherwise is read again by id, and judged again under the ledger's lock.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from django.conf import settings
from django.db.models import Model
from django.utils import timezone

from keys.errors import AccessTokenRefused, NotSent, RateLimited, UpstreamError
from keys.ledger import book
from keys.ledger.actions import Action
from keys.models import Change, ChangeState, Drift, MirrorKey, Team
from keys.selectors.drift import suspects
from keys.services import access_tokens, mirror
from keys.services.compare import Differences, came_back
from keys.services.explain import OurChange, unexplained, weaker_fields
from keys.services.outcome import Answer, Kind, Outcome, Result
from keys.services.snapshots import snapshot_from_json
from keys.types import LIVED, Actor, ActorKind, Deadline, KeySnapshot

M = TypeVar("M", bound=Model)

log = structlog.get_logger(__name__)

HOLDS_UP_ALL = (AccessTokenRefused, NotSent, RateLimited)
"""Trouble that the next key would meet as well."""
OUTSIDE = Actor(ActorKind.SYSTEM, "", "outside", role="system")

_last_turn: dict[int | None, int] = {}
"""Of each team the key, and under None the team, that this process looked at last."""
_CLEAR_ENDS = frozenset(map(str, (Outcome.CONFIRMED, Outcome.DIFFERS, Outcome.REFUSED, Outcome.NOT_SENT)))


def examine(team: Team, until: Deadline) -> bool:
    """Look at every key of the team whose reading may hold a drift. False: there was no time for all of them.

    Raises UpstreamError, NoAccessToken, LedgerUnavailable; what was not looked at stays a suspect.
    """
    rows = list(suspects(team))
    looked = 0
    for row in _in_turn(team.pk, rows, until):
        looked += 1
        try:
            _examine(team, row, until)
        except HOLDS_UP_ALL:
            raise
        except UpstreamError as error:  # of this one key: it stays a suspect, and holds up no other
            log.warning("suspect_not_read", team=team.slug, key=row.key_id, error=error.kind)
    return looked == len(rows)


def _in_turn(among: int | None, all_of_them: list[M], until: Deadline) -> Iterator[M]:
    """As many as there is time for, beginning behind the one that had the last turn: none holds the others up."""
    last = _last_turn.get(among, 0)
    for one in sorted(all_of_them, key=lambda one: (one.pk <= last, one.pk)):
        if until.passed:
            return
        _last_turn[among] = one.pk
        yield one


def go_on(team: Team, until: Deadline) -> bool:
    """As `examine`; trouble with CometAPI ends it for now: syncing says it of the team, and the keys stay suspects."""
    try:
        return examine(team, until)
    except (UpstreamError, access_tokens.NoAccessToken):
        return True


def examine_all(until: Deadline) -> None:
    """Every team's suspects, one team's trouble holding up no other."""
    teams = Team.objects.filter(mirror_keys__suspect=True, mirror_keys__gone_at=None).distinct()
    for team in _in_turn(None, list(teams.select_related("access_token")), until):
        go_on(team, until)


def _examine(team: Team, row: MirrorKey, until: Deadline) -> None:
    missed = _judge(row)
    if missed is None:
        return
    if not missed:
        _explained(row)
        return
    begun = timezone.now()
    client = access_tokens.client_for(team)
    mirror.store(team, [client.get_key(row.key_id, until.within(settings.WAITS.look_s))], begun)
    with book.opened() as ledger:
        # Under the ledger's lock no change of ours can begin: what is judged now cannot be explained a moment later.
        # And under the mirror's no reading is stored: what is recorded now is not found, and recorded, once more.
        mirror.hold(team)
        row.refresh_from_db()
        missed = _judge(row) if row.read_at == begun else None
        if missed:
            _record(ledger, team, row, missed)
        elif missed is not None:
            _explained(row)


def _judge(row: MirrorKey) -> Differences | None:
    """What no change of ours explains; None when it is too early to tell."""
    changes = Change.objects.filter(
        account_id=row.account_id, key_id=row.key_id, created_at__gte=_baseline_at(row) - mirror.lookback()
    ).order_by("intent_seq")
    ours: list[OurChange] = []
    for change in changes:
        if not _is_over(change, row.read_at):
            return None
        ours += _as_ours(change)
    start, end = snapshot_from_json(row.baseline or row.snapshot), snapshot_from_json(row.snapshot)
    return unexplained(start, _baseline_at(row), ours, end, settings.AUTO_GROUPS)


def _is_over(change: Change, read_at: datetime) -> bool:
    """Had it ended, for good, when the reading was begun?"""
    if change.state != ChangeState.DONE or change.recheck_at or change.created_at >= read_at:
        return False
    if change.sent_until is None:
        return True
    lands_until = change.sent_until + timedelta(seconds=0 if _is_clear(change) else settings.WAITS.late_s)
    return lands_until < read_at and _ended_at(change) < read_at


def _is_clear(change: Change) -> bool:
    steps = change.result.get("steps", ())
    return change.outcome in _CLEAR_ENDS and all(step["answer"] != Answer.UNCLEAR for step in steps)


def _ended_at(change: Change) -> datetime:
    checked_at = Result.from_json(change.result).checked_at if change.result else None
    return checked_at or change.sent_until or change.created_at


def _as_ours(change: Change) -> Iterator[OurChange]:
    """Nothing for a change of which no request ever left us: a PUT is marked before it is tried (`sent_until`)."""
    if change.sent_until is None or not change.before or change.outcome == Outcome.NOT_SENT:
        return
    found = snapshot_from_json(change.found) if change.found else None
    yield OurChange(
        before=snapshot_from_json(change.before),
        wanted=snapshot_from_json(change.wanted),
        found=_left_by(change, found) if found and change.kind == Kind.DISABLE else found,
        read_at=change.read_at,
        ended_at=_ended_at(change),
        clear=_is_clear(change),
    )


def _left_by(change: Change, found: KeySnapshot) -> KeySnapshot:
    """`found` without what a disable read and did not write: that somebody else did, and no other record tells it."""
    moved = Result.from_json(change.result).moved
    before = snapshot_from_json(change.before)
    theirs = {name: getattr(before.settings, name) for name in moved if name != "remain_quota"}
    if "remain_quota" in moved:
        theirs["remain_quota"] = before.limit - found.used_quota
    return replace(found, settings=replace(found.settings, **theirs))


def _explained(row: MirrorKey) -> None:
    MirrorKey.objects.filter(pk=row.pk, read_at=row.read_at).update(
        baseline=row.snapshot, baseline_at=row.read_at, suspect=False
    )


def _record(ledger: book.Ledger, team: Team, row: MirrorKey, missed: Differences) -> None:
    now = snapshot_from_json(row.snapshot)
    changed = {field: list(pair) for field, pair in missed.items()}
    weaker = weaker_fields(changed, now)
    body = {"before": row.baseline, "found": row.snapshot, "changed": changed, "weaker": weaker}
    record = ledger.append(
        book.Entry(
            action=Action.KEY_DRIFT,
            actor=OUTSIDE,
            body=body,
            team=team,
            key_id=row.key_id,
            key_name=now.settings.name,
        )
    )
    status = changed.get("status", (None, None))
    Drift.objects.create(
        team=team,
        account_id=row.account_id,
        key_id=row.key_id,
        found_at=timezone.now(),
        changed=changed,
        weaker=weaker,
        revived=came_back(*status) and now.settings.status in LIVED,
        record_seq=record.seq,
    )
    _explained(row)


def _baseline_at(row: MirrorKey) -> datetime:
    return row.baseline_at or row.first_seen_at
