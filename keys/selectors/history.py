"""Reads the ledger for pages: who may see which records, one record, and changes told as one entry each."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from django.db.models import Q, QuerySet

from keys.ledger.actions import OWN_ACTIONS
from keys.ledger.finding import parsed
from keys.ledger.labels import action_label, outcome_label
from keys.models import Person, Record
from keys.permissions import Verb, allowed, visible_teams
from keys.selectors.telling import Line, body_of, facts_of, lines_of
from keys.selectors.undoing import answered, takes_back
from keys.types import ActorKind

MOMENTS: Final = ("before", "after")
ENDED_AS_WANTED: Final = ("confirmed", "applied")
FOLLOWING: Final = 200
"""How many of a key's later changes are asked whether they took one back."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One thing that happened: an intent with what became of it, or a record that is whole by itself.

    record: what it began with. outcomes: the records that tell what became of it, oldest first. changed: what was asked
    for, old and new. altered: what a disable had to change besides. differs: wanted and found, by the newest outcome.
    facts: (label, value) of what else is worth saying. readable: is the record's text whole? undoes: seq of what it
    takes back. undone_by: of what took it back, among those that were looked at together.
    """

    record: Record
    outcomes: tuple[Record, ...]
    changed: tuple[Line, ...]
    altered: tuple[Line, ...]
    differs: tuple[Line, ...]
    facts: tuple[tuple[str, str], ...]
    readable: bool
    undoes: int | None = None
    undone_by: int | None = None

    @property
    def newest(self) -> Record:
        return self.outcomes[-1] if self.outcomes else self.record

    @property
    def outcome(self) -> str:
        """The newest one, "" while the change is open (which is unknown), and for what has none."""
        return self.newest.outcome

    @property
    def open(self) -> bool:
        return bool(self.record.change) and not self.newest.outcome

    @property
    def label(self) -> str:
        return action_label(self.action)

    @property
    def outcome_label(self) -> str:
        return outcome_label(self.outcome, self.change)[0]

    @property
    def tone(self) -> str:
        return outcome_label(self.outcome, self.change)[1]

    @property
    def earlier(self) -> list[tuple[Record, str, str]]:
        """What was thought of it before: (record, word, tone)."""
        return [(record, *outcome_label(record.outcome, record.change)) for record in self.outcomes[:-1]]

    @property
    def settled_at(self) -> datetime | None:
        """When it was settled, where that was not at once."""
        return self.newest.time if len(self.outcomes) > 1 or self.newest.action != self.action else None

    @property
    def restorable(self) -> list[str]:
        """Of which moments it tells the key's settings, so that they can be brought back: `before` it, `after` it."""
        return [when for when in MOMENTS if _state((self.record, *self.outcomes), self.record, when)]

    @property
    def seq(self) -> int:
        return self.record.seq

    @property
    def outcome_seq(self) -> int | None:
        return self.outcomes[-1].seq if self.outcomes else None

    @property
    def time(self) -> datetime:
        return self.record.time

    @property
    def action(self) -> str:
        return self.record.action

    @property
    def actor(self) -> str:
        return self.record.actor

    @property
    def reason(self) -> str:
        return self.record.reason

    @property
    def change(self) -> str:
        return self.record.change


def visible_records(person: Person) -> QuerySet[Record]:
    """All records for who may see all; else those of one's teams, and one's own signing in and out."""
    records = Record.objects.order_by("-seq")
    if allowed(person, Verb.VIEW_ALL_HISTORY):
        return records
    teams = [team.pk for team in visible_teams(person) if allowed(person, Verb.VIEW_HISTORY, team)]
    own = Q(actor_kind=ActorKind.PERSON, actor_id=str(person.pk), action__in=OWN_ACTIONS)
    return records.filter(Q(team_id__in=teams) | own)


def record_for(person: Person, seq: int) -> Record | None:
    """One record, None when it is not there or not for this person: the two look alike."""
    return visible_records(person).filter(seq=seq, seq__gte=1).first()


def told_together(record: Record, person: Person) -> list[Record]:
    """The other records of the same change that the person may see, oldest first."""
    if not record.change:
        return []
    together = visible_records(person).filter(change=record.change, seq__gte=1).exclude(seq=record.seq)
    return list(together.order_by("seq"))


def state_told(record: Record, when: str) -> Mapping[str, Any] | None:
    """Settings and counters of the key that a change's records tell; None when they do not.

    when: `before` the change, or `after` it, as it was then read; of an earlier outcome's record, as that one read it.
    """
    change = Record.objects.filter(change=record.change).order_by("seq") if record.change else [record]
    return _state(change, record, when)


def answered_by(record: Record, together: Sequence[Record]) -> int | None:
    """seq of the record that this change takes back, or whose settings it brings back."""
    answers = (body_of(one).get("answers") for one in (record, *together))
    return next((seq for seq in answers if isinstance(seq, int)), None)


def part_of(record: Record, together: Sequence[Record]) -> int | None:
    """seq of the record that begins what was done to many keys at once, this one among them."""
    begins = (body_of(one).get("part_of") for one in (record, *together))
    return next((seq for seq in begins if isinstance(seq, int)), None)


def _state(change: Iterable[Record], record: Record, when: str) -> Mapping[str, Any] | None:
    """change: the records of the change that `record` is of, oldest first."""
    states = [
        body_of(one).get("before" if when == "before" else "found") for one in change if _tells(one, record, when)
    ]
    return next((state for state in reversed(states) if isinstance(state, dict) and state), None)


def _tells(one: Record, record: Record, when: str) -> bool:
    return when == "before" or not record.outcome or one.seq == record.seq


def key_history(team_id: int, key_id: int, limit: int = 20) -> list[HistoryEntry]:
    """The newest `limit` entries of one key, newest first."""
    return entries_of(_beginning(team_id, key_id).order_by("-seq")[:limit])


def key_history_size(team_id: int, key_id: int) -> int:
    """How many entries `key_history` is the newest of."""
    return _beginning(team_id, key_id).count()


def _beginning(team_id: int, key_id: int) -> QuerySet[Record]:
    """The records that entries of one key begin with."""
    return Record.objects.filter(Q(outcome="") | Q(change=""), team_id=team_id, key_id=key_id)


def entries_of(records: Sequence[Record] | QuerySet[Record]) -> list[HistoryEntry]:
    """An entry for each of these records, in their order, whichever record of a change each is."""
    found = list(records)
    changes: dict[str, list[Record]] = defaultdict(list)
    wanted = {record.change for record in found if record.change}
    # From the first one on: a number below it is damage, and has no page.
    for record in Record.objects.filter(change__in=wanted, seq__gte=1).order_by("seq") if wanted else ():
        changes[record.change].append(record)
    return _with_undoing([_entry(changes[record.change] if record.change else [record]) for record in found])


def undone_by(record: Record, together: Sequence[Record], person: Person) -> int | None:
    """seq of the record that took this change back, by one of those that followed on the same key."""
    begun = min((record, *together), key=lambda one: one.seq)
    # In a damaged ledger a number may be a word.
    if not (begun.change and isinstance(begun.team_id, int) and isinstance(begun.key_id, int)):
        return None
    of_key = visible_records(person).filter(team_id=begun.team_id, key_id=begun.key_id, outcome="", seq__gt=begun.seq)
    later = list(of_key.order_by("seq")[:FOLLOWING])
    answers = answered(later)
    undoing = [one for one in later if answers.get(one.seq) == begun.seq]
    return entries_of([begun, *undoing])[0].undone_by if undoing else None


def _with_undoing(entries: list[HistoryEntry]) -> list[HistoryEntry]:
    """One query for all of them, where what was undone is not among them."""
    answers = answered(entry.record for entry in entries)
    begun = {entry.seq: entry.record for entry in entries}
    if missing := set(answers.values()) - begun.keys():
        begun |= Record.objects.in_bulk(missing)
    undoes: dict[int, int] = {}
    undone: dict[int, int] = {}
    for entry in entries:
        of = begun.get(answers.get(entry.seq, 0))
        if of and takes_back(entry.record, of):
            undoes[entry.seq] = of.seq
            if entry.outcome in ENDED_AS_WANTED:
                undone[of.seq] = entry.seq
    if not undoes:
        return entries
    return [replace(entry, undoes=undoes.get(entry.seq), undone_by=undone.get(entry.seq)) for entry in entries]


def _entry(records: list[Record]) -> HistoryEntry:
    begun, outcomes = records[0], tuple(record for record in records[1:] if record.outcome)
    body = body_of(begun)
    newest = outcomes[-1] if outcomes else begun
    return HistoryEntry(
        record=begun,
        outcomes=outcomes,
        changed=lines_of(body, "changed"),
        altered=tuple(line for record in records for line in lines_of(body_of(record), "altered")),
        differs=lines_of(body_of(newest), "differs"),
        facts=facts_of(newest),
        readable=all(parsed(record.text) is not None for record in records),
    )
