"""Disabling and enabling a key. Disabling is the safe direction: one press, never held, repeated until it reads so."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from keys import rules
from keys.models import Change, Person, Team
from keys.permissions import Verb
from keys.services import repeats
from keys.services.compare import Differences, moved_between, same_value
from keys.services.compute import Plan, plan_edit
from keys.services.disabling import send_disable
from keys.services.outcome import ENDED_AS_WANTED, Conflict, Kind, Outcome, Result
from keys.services.perform import perform
from keys.services.requests import Sending
from keys.services.road import Road
from keys.services.sending import Sent, send_edit
from keys.types import Actor, KeySnapshot, KeyWish, QuotaMode, QuotaWish, Status


def disable_key(
    *,
    person: Person | None,
    actor: Actor,
    team: Team,
    key_id: int,
    change_id: UUID,
    reason: str = "",
    answers: int | None = None,
    part_of: int | None = None,
) -> Result:
    """Disable a key and tell what was read. Never held: takes the key over from whatever is under way.

    person: None for the system repeating a disable. CONFIRMED means that it *reads* disabled; upstream may go on
    serving it from a cache for about a minute (trap 5). Sends even to a key that reads disabled: a reading may be
    stale, and an earlier edit may be about to land. Raises Denied, ChangeIdTaken, NoAccessToken, LedgerUnavailable.
    """
    who: dict[str, Any] = {"person": person, "actor": actor, "team": team, "key_id": key_id, "change_id": change_id}
    return perform(disable_road(**who, reason=reason, answers=answers, part_of=part_of))


def disable_road(
    *,
    person: Person | None,
    actor: Actor,
    team: Team,
    key_id: int,
    change_id: UUID,
    reason: str = "",
    answers: int | None = None,
    part_of: int | None = None,
) -> Road:
    """What `disable_key` walks, for who walks it with several keys side by side (`keys.services.abreast`)."""

    def send(sending: Sending, plan: Plan) -> Sent:
        return send_disable(sending)

    return Road(
        person=person,
        actor=actor,
        verb=Verb.DISABLE_KEY,
        kind=Kind.DISABLE,
        team=team,
        key_id=key_id,
        change_id=change_id,
        content=repeats.content_of(Kind.DISABLE, team, key_id, {"reason": reason}, answers),
        reason=reason,
        plan=_plan_disable,
        send=send,
        urgent=True,
        answers=answers,
        part_of=part_of,
    )


def enable_key(
    *,
    person: Person,
    actor: Actor,
    team: Team,
    key_id: int,
    change_id: UUID,
    reason: str = "",
    put_back: bool = False,
    answers: int | None = None,
    part_of: int | None = None,
    since: KeySnapshot | None = None,
    begun: datetime | None = None,
) -> Result:
    """Enable a key as it is; with `put_back`, together with the settings that a disable had to alter (trap 4).

    since: how it must still read; what has moved from there is a Conflict. begun: put back what was altered from then
    on alone. Raises Invalid when it is expired or has no quota left: those are mended in the form first; and as
    `edit_key`.
    """

    def plan(live: KeySnapshot) -> Plan:
        if since is not None and (moved := moved_between(since, live)):
            raise Conflict({field: (was, now, was) for field, (was, now) in moved.items()}, live)
        wish = KeyWish({"status": int(Status.ENABLED)})
        if put_back:
            wish = _with_altered(wish, put_back_offer(team, key_id, live, begun))
        return plan_edit(live, wish, live, timezone.now(), settings.AUTO_GROUPS)

    return perform(
        Road(
            person=person,
            actor=actor,
            verb=Verb.ENABLE_KEY,
            kind=Kind.ENABLE,
            team=team,
            key_id=key_id,
            change_id=change_id,
            content=repeats.content_of(Kind.ENABLE, team, key_id, {"reason": reason, "put_back": put_back}, answers),
            reason=reason,
            plan=plan,
            send=send_edit,
            answers=answers,
            part_of=part_of,
        )
    )


def put_back_offer(team: Team, key_id: int, live: KeySnapshot, begun: datetime | None = None) -> Differences:
    """What disabling had to alter since the key was last seen enabled, and still reads so: field -> (now, before).

    begun: only disables from then on. Without it those before count as well, since a key that comes back to life by
    itself, and is disabled again, cannot be told from one that somebody enabled in the console.
    """
    offer = {
        field: (now, before)
        for field, (before, now) in _altered_since_enabled(team, key_id, begun).items()
        # A quota below zero or above the bound is refused on the way back (trap 7), so it is not offered.
        if same_value(field, getattr(live.settings, field), now)
        and not (field == "remain_quota" and not 0 < before <= rules.MAX_UNITS)
    }
    group = offer["group"][1] if "group" in offer else live.settings.group
    if group not in settings.AUTO_GROUPS:
        offer.pop("cross_group_retry", None)  # nothing to put back: it does nothing there (trap 9)
    return offer


def _altered_since_enabled(team: Team, key_id: int, begun: datetime | None) -> Mapping[str, Any]:
    """Over all disables of the key since: one that finds it disabled already takes nothing of the offer away.

    The walk back ends at the first edit of the enabled key, so that it does not grow with all that a key has had.
    """
    changes = Change.objects.filter(team_id=team.pk, key_id=key_id).exclude(outcome__in=("", str(Outcome.NOT_SENT)))
    if begun is not None:
        changes = changes.filter(created_at__gte=begun)
    since: list[Change] = []
    for change in changes.order_by("-created_at").iterator(chunk_size=20):
        if change.kind == Kind.DISABLE:
            since.append(change)
        elif _saw_enabled(change):
            break
    altered: dict[str, Any] = {}
    for change in reversed(since):
        for field, (before, now) in change.result.get("altered", {}).items():
            same = field in altered and same_value(field, altered[field][1], before)
            altered[field] = (altered[field][0] if same else before, now)
    return altered


def _saw_enabled(change: Change) -> bool:
    """Did this edit find the key enabled, or enable it? Then nothing is left to put back of what was before."""
    enabled = change.outcome in ENDED_AS_WANTED and change.wanted.get("status") == Status.ENABLED
    return bool(enabled or change.before.get("status") == Status.ENABLED)


def _with_altered(wish: KeyWish, offer: Differences) -> KeyWish:
    fields = {**wish.fields, **{f: before for f, (_, before) in offer.items() if f != "remain_quota"}}
    quota = QuotaWish(QuotaMode.SET, offer["remain_quota"][1]) if "remain_quota" in offer else None
    return KeyWish(fields, quota)


def _plan_disable(live: KeySnapshot) -> Plan:
    wanted = replace(live.settings, status=int(Status.DISABLED))
    changed = {} if live.settings.status == Status.DISABLED else {"status": (live.settings.status, wanted.status)}
    return Plan(wanted=wanted, changed=changed, moved={}, asked=("status",))
