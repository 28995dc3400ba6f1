"""Reads for the pages about drift: what is open in a team, and the alarms that stand on every page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.db.models import Count, QuerySet
from django.utils.translation import gettext

from keys.ledger.labels import field_label, value_text
from keys.models import CompanyRole, Drift, MirrorKey, Person, Team, TeamRole
from keys.redact import escape_visible
from keys.selectors.history import in_order
from keys.spoken import units, usd

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
    if person.company_role == CompanyRole.AUDITOR:
        return ()
    teams = Team.objects.filter(drifts__state=Drift.State.OPEN, drifts__revived=True)
    if person.company_role != CompanyRole.ADMIN:
        teams = teams.filter(memberships__person=person, memberships__role=TeamRole.LEAD)
    return [Alarm(team, team.revived) for team in teams.annotate(revived=Count("drifts"))]


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
    if field == "limit":
        return f"{usd(value)} ({units(value)})"
    return escape_visible(value_text(field, value), keep="\n")
