"""Reads the ledger for pages: the list that one person may see, one record, and the story of one key."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from keys.ledger.actions import OWN_ACTIONS
from keys.ledger.labels import action_label, field_label, outcome_label, value_text
from keys.models import Person, Record
from keys.permissions import Verb, allowed, visible_teams
from keys.types import EDITABLE, ActorKind

PAGE = 50
STEP_ORDER = ("step", "answer", "http_status", "kind", "message", "upstream_request_id", "ms")


@dataclass(frozen=True, slots=True)
class Line:
    """One field, old -> new (or wanted -> found), as people read it: safe to show, units and zones named."""

    field: str
    label: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Newest first. next_before: the `before` of the page after this one, None on the last."""

    records: Sequence[Record]
    next_before: int | None


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One thing that happened to a key: an intent with what became of it, or a record that is whole by itself.

    outcome: the newest one, "" while `open` (which is unknown). changed: what was asked for, old and new. differs:
    wanted and found, from the newest outcome. seq, outcome_seq: of the records that tell it.
    """

    time: datetime
    actor: str
    actor_role: str
    action: str
    outcome: str
    reason: str
    changed: tuple[Line, ...]
    differs: tuple[Line, ...]
    seq: int
    outcome_seq: int | None
    change: str
    open: bool

    @property
    def label(self) -> str:
        return action_label(self.action)

    @property
    def outcome_label(self) -> str:
        return outcome_label(self.outcome, self.change)[0]

    @property
    def tone(self) -> str:
        return outcome_label(self.outcome, self.change)[1]


@dataclass(frozen=True, slots=True)
class Told:
    """A record's body in words. states: (label, before, wanted, found). steps, plain: (name or label, value).

    weaker: labels of the fields in which the key became weaker.
    """

    changed: tuple[Line, ...]
    differs: tuple[Line, ...]
    moved: tuple[Line, ...]
    altered: tuple[Line, ...]
    states: tuple[tuple[str, ...], ...]
    steps: tuple[tuple[tuple[str, str], ...], ...]
    plain: tuple[tuple[str, str], ...]
    weaker: tuple[str, ...]


def visible_records(person: Person) -> QuerySet[Record]:
    """All records for who may see all; else those of one's teams, and one's own signing in and out."""
    records = Record.objects.order_by("-seq")
    if allowed(person, Verb.VIEW_ALL_HISTORY):
        return records
    teams = [team.pk for team in visible_teams(person) if allowed(person, Verb.VIEW_HISTORY, team)]
    own = Q(actor_kind=ActorKind.PERSON, actor_id=str(person.pk), action__in=OWN_ACTIONS)
    return records.filter(Q(team_id__in=teams) | own)


def records_for(person: Person, before: int | None = None, limit: int = PAGE) -> RecordPage:
    """One page of what this person may see. before: only smaller seqs, so that pages hold still while others append."""
    records = visible_records(person).defer("text")
    if before is not None:
        records = records.filter(seq__lt=before)
    found = list(records[: limit + 1])
    more = len(found) > limit
    return RecordPage(found[:limit], found[limit - 1].seq if more else None)


def record_for(person: Person, seq: int) -> Record | None:
    """One record, None when it is not there or not for this person: the two look alike."""
    return visible_records(person).filter(seq=seq).first()


def ended_changes(records: Iterable[Record]) -> set[str]:
    """Of the intents among these records, the changes that have an outcome in some record."""
    intents = [record.change for record in records if record.change and not record.outcome]
    with_outcome = Record.objects.filter(change__in=intents).exclude(outcome="")
    return set(with_outcome.order_by().values_list("change", flat=True)) if intents else set()


def told_together(record: Record, person: Person) -> list[Record]:
    """The other records of the same change that the person may see, oldest first."""
    if not record.change:
        return []
    together = visible_records(person).filter(change=record.change).exclude(seq=record.seq)
    return list(together.order_by("seq"))


def key_history(team_id: int, key_id: int, limit: int = 20) -> list[HistoryEntry]:
    """The newest `limit` entries of one key, newest first."""
    of_key = Record.objects.filter(team_id=team_id, key_id=key_id)
    begun = list(of_key.filter(Q(outcome="") | Q(change="")).order_by("-seq")[:limit])
    outcomes: dict[str, list[Record]] = defaultdict(list)
    changes = [record.change for record in begun if record.change]
    for record in of_key.filter(change__in=changes).exclude(outcome="").order_by("seq"):
        outcomes[record.change].append(record)
    return [_entry(record, outcomes.get(record.change, []) if record.change else []) for record in begun]


def body_of(record: Record) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(record.text)["body"]
    return body


def told(record: Record) -> Told:
    """Everything a record's body says, as people read it."""
    body = body_of(record)
    pairs = {name: lines_of(body, name) for name in ("changed", "differs", "moved", "altered")}
    states = [body.get(name) or {} for name in ("before", "wanted", "found")]
    fields = in_order({name for state in states for name in state})
    steps = tuple(
        tuple((name, value_text(name, step[name])) for name in STEP_ORDER if step.get(name) not in (None, ""))
        for step in body.get("steps") or ()
    )
    return Told(
        **pairs,
        states=tuple(
            (field_label(f), *(value_text(f, state[f]) if f in state else "–" for state in states)) for f in fields
        ),
        steps=steps,
        plain=tuple(
            (field_label(name), value_text(name, value))
            for name, value in sorted(body.items())
            if not isinstance(value, dict | list) and value not in (None, "", False)
        ),
        weaker=tuple(field_label(name) for name in body.get("weaker") or ()),
    )


def lines_of(body: Mapping[str, Any], name: str) -> tuple[Line, ...]:
    """The pairs under one name of a body, in the order of the form."""
    pairs: Mapping[str, Sequence[Any]] = body.get(name) or {}
    return tuple(
        Line(field, field_label(field), *(value_text(field, value) for value in pairs[field]))
        for field in in_order(pairs)
    )


def in_order(fields: Iterable[str]) -> list[str]:
    """Field names in the reference page's order, others after them by name."""
    places = {name: place for place, name in enumerate(EDITABLE)}
    return sorted(fields, key=lambda name: (places.get(name, len(places)), name))


def _entry(begun: Record, outcomes: list[Record]) -> HistoryEntry:
    newest = outcomes[-1] if outcomes else None
    return HistoryEntry(
        time=begun.time,
        actor=begun.actor,
        actor_role=begun.actor_role,
        action=begun.action,
        outcome=newest.outcome if newest else begun.outcome,
        reason=begun.reason,
        changed=lines_of(body_of(begun), "changed"),
        differs=lines_of(body_of(newest), "differs") if newest else (),
        seq=begun.seq,
        outcome_seq=newest.seq if newest else None,
        change=begun.change,
        open=bool(begun.change) and newest is None,
    )
