"""Finds what the history page shows: newest first, one entry a change, bounded in time whatever is asked.

Pages go on below a seq, never by an offset, so they hold still while others append. An entry stands where the first of
its records that match stands: there is one such record, so an entry comes once, and no later outcome moves it.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from keys.ledger.actions import OWN_ACTIONS
from keys.ledger.finding import behind, seqs_between
from keys.models import Person, Record
from keys.permissions import Verb, allowed, visible_teams
from keys.selectors.history import visible_records
from keys.selectors.history_filter import HistoryFilter, with_seqs
from keys.types import ActorKind

PAGE: Final = 50
BUDGET_S: Final = 0.35
"""How long one page may look through what no index leads to, before it says how far it came."""
WINDOW, WIDEST = 10_000, 40_000
"""Records looked through at once: first, and later ones."""
FIELDS_AT_ONCE: Final = 400
END: Final = 2**63 - 1
TOLD: Final = ("seq", "change", "outcome")
Told = tuple[int, str, str]
AT_ONCE: Final = 1_000
"""Records, and changes, asked for at a time by who wants them all."""


@dataclass(frozen=True, slots=True)
class Found:
    """records: those that matching entries begin with. next_before: the `before` of the next page, None on the last.

    looked_down_to: where looking stopped because it took too long, else None.
    """

    records: Sequence[Record]
    next_before: int | None = None
    looked_down_to: int | None = None


@dataclass(frozen=True, slots=True)
class _Way:
    """One part of what a person may see, by one index. seen: the records in it. few: too few to go by parts."""

    asked: HistoryFilter
    seen: Q = field(default_factory=Q)
    few: bool = False

    @property
    def direct(self) -> bool:
        """Is all of it asked for at once, since next to nothing is passed over?"""
        return self.few or (self.asked.served and not self.asked.by_field)


def find(person: Person, asked: HistoryFilter, before: int | None = None, limit: int = PAGE) -> Found:
    """One page of what this person may see and asks for. before: only smaller seqs."""
    low, high = _bounds(asked, 1, END if before is None else before)
    ends_at = time.monotonic() + BUDGET_S
    found: dict[int, Record] = {}
    floor, more = low, False
    for way in _ways(person, asked):
        records, down_to = _along(way, low, high, limit + 1, ends_at)
        found |= {record.seq: record for record in records}
        if down_to > low:
            floor, more = max(floor, down_to), True
    page = [found[seq] for seq in sorted(found, reverse=True) if seq >= floor]
    if len(page) > limit:
        return Found(page[:limit], page[limit - 1].seq)
    return Found(page, floor, floor) if more else Found(page)


def every(person: Person | None, asked: HistoryFilter, low: int = 1, high: int = END) -> Iterator[list[Told]]:
    """All that `find` would come by, of the seqs from `low` to below `high`: in lots, in no order, some of it twice.

    person: None for the system itself, which sees all.
    """
    low, high = _bounds(asked, low, high)
    for way in _ways(person, asked):
        matches = way.asked.apply(Record.objects.filter(way.seen))
        if way.direct:
            yield from _lots(matches, low, high)
        else:
            for part, _ in _parts(way, low, high):
                yield list(matches.filter(part).values_list(*TOLD))


def of_changes(person: Person | None, changes: Iterable[str], high: int) -> list[Told]:
    """All records of these changes below `high` that the person may see: what an entry of the history tells."""
    visible = Record.objects.all() if person is None else visible_records(person)
    return list(visible.filter(change__in=set(changes), seq__gte=1, seq__lt=high).order_by().values_list(*TOLD))


def _lots(matches: QuerySet[Record], low: int, high: int) -> Iterator[list[Told]]:
    """The oldest first, as they lie in the file: read the other way, no disk reads ahead, which takes three times as
    long. With one lower bound a query: of two, SQLite goes by the first, and walks from the oldest record each time.
    """
    rows = matches.filter(seq__lt=high).order_by("seq").values_list(*TOLD)
    while lot := list(rows.filter(seq__gte=low)[:AT_ONCE]):
        yield lot
        low = lot[-1][0] + 1


def _bounds(asked: HistoryFilter, low: int, high: int) -> tuple[int, int]:
    """The seqs to look at: from the first one to below the second one."""
    if (asked.records.since or asked.records.until) and not behind():
        between = seqs_between(asked.records.since, asked.records.until)
        if between is None:
            return 1, 1
        return max(low, between[0]), min(high, between[1] + 1)
    return low, high


def _ways(person: Person | None, asked: HistoryFilter) -> Iterator[_Way]:
    """What this person may see, in parts that an index leads to each: all, or team by team and one's own."""
    if person is None or allowed(person, Verb.VIEW_ALL_HISTORY):
        yield _Way(asked, few=_few(asked))
        return
    for team in visible_teams(person):
        if asked.records.team in (None, team.pk) and allowed(person, Verb.VIEW_HISTORY, team):
            theirs = asked.of_team(team.pk)
            yield _Way(theirs, few=_few(theirs))
    if asked.records.team is None:
        own = Q(actor_kind=ActorKind.PERSON, actor_id=str(person.pk), action__in=OWN_ACTIONS, team_id=None)
        yield _Way(asked, own, few=True)


def _few(asked: HistoryFilter) -> bool:
    """Has the team so few records that all of them may be looked at? Its newest one's number tells how many."""
    if asked.records.team is None:
        return False
    newest = Record.objects.filter(team_id=asked.records.team).aggregate(newest=Max("team_n"))["newest"]
    return (newest or 0) <= WIDEST


def _along(way: _Way, low: int, high: int, limit: int, ends_at: float) -> tuple[list[Record], int]:
    """At most `limit` matches, newest first, and the seq down to which all were found; `low` when that is all."""
    matches = _first_of_each_change(way.asked.apply(Record.objects.filter(way.seen)), way)
    found: list[Record] = []
    for part, down_to in _parts(way, low, high):
        found += matches.filter(part).order_by("-seq")[: limit - len(found)]
        if len(found) >= limit:
            return found, found[-1].seq
        if down_to > low and time.monotonic() > ends_at:
            return found, down_to
    return found, low


def _first_of_each_change(matches: QuerySet[Record], way: _Way) -> QuerySet[Record]:
    earlier = Record.objects.filter(change=OuterRef(OuterRef("change")), seq__lt=OuterRef(OuterRef("seq")))
    return matches.filter(Q(change="") | ~Exists(way.asked.apply(with_seqs(earlier))))


def _parts(way: _Way, low: int, high: int) -> Iterator[tuple[Q, int]]:
    """What to look at, newest first, and down to where that is."""
    if way.direct:
        yield Q(seq__gte=low, seq__lt=high), low
    elif way.asked.by_field and not way.asked.records.outcome:
        yield from _by_field(way.asked, low, high)
    else:
        for start, end in _windows(low, high):
            yield Q(seq__gte=start, seq__lt=end), start


def _windows(low: int, high: int) -> Iterator[tuple[int, int]]:
    newest = Record.objects.order_by("-seq").values_list("seq", flat=True).first() or 0
    end, width = min(high, newest + 1), WINDOW
    while end > low:
        start = max(low, end - width)
        yield start, end
        end, width = start, min(width * 2, WIDEST)


def _by_field(asked: HistoryFilter, low: int, high: int) -> Iterator[tuple[Q, int]]:
    """The seqs of records with such a changed field; a value is looked for in windows, a field's name by its index."""
    for start, end in _windows(low, high) if asked.value else [(low, high)]:
        while end > start:
            fields = asked.fields().filter(seq__gte=start, seq__lt=end)
            seqs = list(fields.values_list("seq", flat=True)[:FIELDS_AT_ONCE])
            full = len(seqs) == FIELDS_AT_ONCE
            # A record with several such fields comes several times: the last one's others may be cut off here.
            end = seqs[-1] if full else start
            yield Q(seq__in=set(seqs)), end
