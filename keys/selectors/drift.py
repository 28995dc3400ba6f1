"""Reads for the pages about drift: what is open in a team, and the alarms that stand on every page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext

from keys.ledger.labels import field_label, value_text
from keys.models import CompanyRole, Drift, MirrorKey, Person, Team, TeamRole
from keys.redact import escape_visible
from keys.selectors.telling import in_order
from keys.types import BY_ITSELF

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Changed:
    """One field, before and now as people read it. weaker: the key lets in, lasts or is good for more than before."""

    label: str
    old: str
    new: str
    weaker: bool


@dataclass(frozen=True, slots=True)
class DriftRow:
    """name: the key's, as last read. gone_at: since when CometAPI has not had it; then nothing can be put back.

    dry: CometAPI has set it to expired or exhausted, which it does to none but enabled keys.
    can_put_back: false where CometAPI alone sets all that was before. change_id: for the button that puts back, so that
    a double press is one change.
    """

    drift: Drift
    name: str
    gone_at: datetime | None
    dry: bool
    changed: tuple[Changed, ...]
    can_put_back: bool
    change_id: UUID


@dataclass(frozen=True, slots=True)
class Alarm:
    """Disabled keys of one team that were enabled. dry: how many of them read expired or exhausted by now."""

    team: Team
    count: int
    dry: int

    @property
    def alive(self) -> int:
        return self.count - self.dry


def open_drifts(team: Team) -> QuerySet[Drift]:
    return Drift.objects.filter(team=team, state=Drift.State.OPEN).order_by("-revived", "-pk")


def suspects(team: Team) -> QuerySet[MirrorKey]:
    """Keys that may have been changed elsewhere; they are still to be looked at."""
    return MirrorKey.objects.filter(team=team, suspect=True, gone_at=None)


def drift_rows(team: Team) -> list[DriftRow]:
    """The open drifts of a team, revived keys first, then the newest; at most `SHOWN`."""
    drifts = list(open_drifts(team)[:SHOWN])
    keys = MirrorKey.objects.filter(team=team, key_id__in=[drift.key_id for drift in drifts])
    read = {
        key_id: (name, gone_at, status in BY_ITSELF)
        for key_id, name, gone_at, status in keys.values_list("key_id", "name", "gone_at", "status")
    }
    return [
        DriftRow(drift, *read.get(drift.key_id, ("", None, False)), _changed(drift), _can_put_back(drift), uuid4())
        for drift in drifts
    ]


def of_present_keys(drifts: QuerySet[Drift]) -> QuerySet[Drift]:
    """Without those of keys that are gone: such a key is neither alive nor in any list, and should it come back, so do
    they. On the page of drifts they stay, until somebody has dealt with them."""
    present = MirrorKey.objects.filter(account_id=OuterRef("account_id"), key_id=OuterRef("key_id"), gone_at=None)
    return drifts.filter(Exists(present))


def runs_dry() -> Exists:
    """Of a drift: has CometAPI set its key to expired or exhausted, by the newest reading?"""
    keys = MirrorKey.objects.filter(account_id=OuterRef("account_id"), key_id=OuterRef("key_id"))
    return Exists(keys.filter(status__in=BY_ITSELF))


def alarms(person: Person) -> Sequence[Alarm]:
    """For admins all of them, for leads those of their teams; one small query where there is none, on every page."""
    came_back = Drift.objects.filter(state=Drift.State.OPEN, revived=True)
    if person.company_role == CompanyRole.AUDITOR or not came_back.exists():
        return ()
    revived = of_present_keys(came_back)
    teams = Team.objects.filter(drifts__in=revived)
    if person.company_role != CompanyRole.ADMIN:
        teams = teams.filter(memberships__person=person, memberships__role=TeamRole.LEAD)
    dry = Count("drifts", filter=Q(drifts__in=revived.filter(runs_dry())))
    return [Alarm(team, team.revived, team.dry) for team in teams.annotate(revived=Count("drifts"), dry=dry)]


def _can_put_back(drift: Drift) -> bool:
    return any(field != "status" or before not in BY_ITSELF for field, (before, _) in drift.changed.items())


def _changed(drift: Drift) -> tuple[Changed, ...]:
    # The limit tells what somebody did to the quota; what is left moves with spending too.
    fields = [field for field in in_order(drift.changed) if not (field == "remain_quota" and "limit" in drift.changed)]
    return tuple(
        Changed(
            field_label(field),
            _told(field, drift.changed[field][0]),
            _told(field, drift.changed[field][1]),
            field in drift.weaker,
        )
        for field in fields
    )


def _told(field: str, value: Any) -> str:
    if field == "allow_ips" and not value:
        return gettext("any address")
    return escape_visible(value_text(field, value), keep="\n")
