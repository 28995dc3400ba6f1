"""Reads for the pages about drift: what is open in a team, and the alarms that stand on every page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.db.models import QuerySet

from keys.ledger.labels import field_label, value_text
from keys.models import CompanyRole, Drift, MirrorKey, Person, Team, TeamRole
from keys.redact import escape_visible
from keys.selectors.history import in_order

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
    """name: the key's, as last read. change_id: for the button that puts back, so that a double press is one change."""

    drift: Drift
    name: str
    changed: tuple[Changed, ...]
    change_id: UUID


@dataclass(frozen=True, slots=True)
class Alarm:
    """Disabled keys of one team that came back to life."""

    team: Team
    count: int


def open_drifts(team: Team) -> QuerySet[Drift]:
    return Drift.objects.filter(team=team, state=Drift.State.OPEN).order_by("-revived", "-pk")


def drift_rows(team: Team) -> list[DriftRow]:
    """The open drifts of a team, revived keys first, then the newest; at most `SHOWN`."""
    drifts = list(open_drifts(team)[:SHOWN])
    keys = MirrorKey.objects.filter(team=team, key_id__in=[drift.key_id for drift in drifts])
    names = dict(keys.values_list("key_id", "name"))
    return [DriftRow(drift, names.get(drift.key_id, ""), _changed(drift), uuid4()) for drift in drifts]


def alarms(person: Person) -> Sequence[Alarm]:
    """For admins all of them, for leads those of their teams; one query."""
    revived = Drift.objects.filter(state=Drift.State.OPEN, revived=True).select_related("team")
    if person.company_role == CompanyRole.AUDITOR:
        return ()
    if person.company_role != CompanyRole.ADMIN:
        revived = revived.filter(team__memberships__person=person, team__memberships__role=TeamRole.LEAD)
    counted: dict[Team, int] = {}
    for drift in revived[:1000]:
        counted[drift.team] = counted.get(drift.team, 0) + 1
    return [Alarm(team, count) for team, count in counted.items()]


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
    return escape_visible(value_text(field, value), keep="\n")
