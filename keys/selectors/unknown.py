"""Changes of which it is not known yet what became of them, and for how long: they stand on top until settled."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from keys.models import Change, ChangeState, Person, Record, Team
from keys.permissions import Verb, allowed, visible_teams

SHOWN = 20
SOONEST_S, LATEST_S = 3, 60
PACE: Final = 1 / 20
"""Of how long the newest has been open by now, a page waits so much before it looks again, within these bounds."""
OPEN = (ChangeState.INTENT, ChangeState.SENDING, ChangeState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Unknown:
    """One open change. intent: its record. team: None where it is gone. under_way: it may merely not have ended yet."""

    change: Change
    intent: Record
    team: Team | None

    @property
    def under_way(self) -> bool:
        return self.change.state != ChangeState.UNKNOWN


@dataclass(frozen=True, slots=True)
class Unknowns:
    """shown: the longest unknown first. more: how many besides."""

    shown: tuple[Unknown, ...]
    more: int


def look_again_s(unknown: Unknowns) -> int:
    """After how many seconds a page that shows these looks again: at first soon, then at the pace of the newest."""
    newest = unknown.shown[-1].change.created_at if unknown.shown else timezone.now()
    waited = (timezone.now() - newest).total_seconds() * PACE
    return int(min(max(waited, SOONEST_S), LATEST_S))


def unknown_changes(person: Person, team_id: int | None = None, key_id: int | None = None) -> Unknowns:
    """The open changes that this person may see, of this team and key if given."""
    teams = {team.pk: team for team in visible_teams(person) if allowed(person, Verb.VIEW_HISTORY, team)}
    changes = Change.objects.filter(state__in=OPEN)
    if not allowed(person, Verb.VIEW_ALL_HISTORY):
        changes = changes.filter(team_id__in=teams)
    return _told(_narrowed(changes, team_id, key_id), teams)


def unknown_of_key(team: Team, key_id: int) -> tuple[Unknown, ...]:
    """The open changes of one key, for who may see it."""
    of_key = Change.objects.filter(account_id=team.account_id or 0, state__in=OPEN)
    return _told(_narrowed(of_key, team.pk, key_id), {team.pk: team}).shown


def begun_at(change_id: UUID) -> datetime | None:
    """Since when a change has been under way or unknown."""
    return Change.objects.filter(pk=change_id).values_list("created_at", flat=True).first()


def _narrowed(changes: QuerySet[Change], team_id: int | None, key_id: int | None) -> QuerySet[Change]:
    if team_id is not None:
        changes = changes.filter(team_id=team_id)
    return changes if key_id is None else changes.filter(key_id=key_id)


def _told(changes: QuerySet[Change], teams: dict[int, Team]) -> Unknowns:
    first = list(changes.order_by("created_at")[:SHOWN])
    more = changes.count() - SHOWN if len(first) == SHOWN else 0
    intents = Record.objects.in_bulk([change.intent_seq for change in first])
    shown = (
        Unknown(change, intents[change.intent_seq], teams.get(change.team_id))
        for change in first
        if change.intent_seq in intents
    )
    return Unknowns(tuple(shown), max(more, 0))
