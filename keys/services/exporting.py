"""Exports of the ledger: counted and recorded first, then streamed in flat memory (design.md, "The ledger").

The record of an export is one of the very team and key that it asks for, so that its own ordinals end the row of those
exported: an outsider counts up to it and sees that none was left out.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext

from keys.errors import Invalid
from keys.ledger import book
from keys.ledger.actions import Action
from keys.ledger.raw import legibly
from keys.ledger.recordable import OWN_REQUEST_ID
from keys.models import Person, Record, Team
from keys.permissions import Verb, allowed, visible_teams
from keys.redact import looks_secret
from keys.selectors import known
from keys.selectors.chosen import Chosen, choose, newest_seq
from keys.selectors.history_filter import HistoryFilter
from keys.selectors.ledger_filter import Among
from keys.selectors.search import END, every, of_changes
from keys.seqset import SeqSet
from keys.types import Actor

BATCH = 1_000
"""Records read at a time."""

MATCHES_DOMAIN = b"cometadmin ledger v1 export matches\n"


class Format(StrEnum):
    CSV = "csv"
    JSON_LINES = "jsonl"
    BUNDLE = "bundle"


@dataclass(slots=True)
class Export:
    """One export that has its record. seqs: of every record of it; entries: how many the history shows of them.

    countable: how an outsider can count that none was left out, None where that cannot be shown. done, total: lines
    that were asked for so far, of how many.
    """

    wanted: HistoryFilter
    record: Record
    seqs: SeqSet
    entries: int
    countable: Among | None
    done: int = 0
    total: int = field(init=False)

    def __post_init__(self) -> None:
        self.total = self.count

    @property
    def count(self) -> int:
        return len(self.seqs)

    def rows(self, *fields: str) -> Iterator[tuple[object, ...]]:
        """(seq, *fields) of all records of it by seq, a batch at a time: no cursor is kept open meanwhile."""
        return self.counting(_rows(self.seqs, *fields))

    def counting(self, rows: Iterator[tuple[object, ...]]) -> Iterator[tuple[object, ...]]:
        for row in rows:
            self.done += 1
            yield row


def begin_export(
    *,
    person: Person | None,
    actor: Actor,
    wanted: HistoryFilter,
    form: Format,
    noted: Callable[[int], None] = lambda _count: None,
) -> Export:
    """Choose what the history shows for `wanted` now, and record that it is handed out.

    A change is told by all its records, whichever of them matches: that is what the history shows of it. person: None
    for the system itself, which sees all. noted: is told now and then how many records were found so far.
    Raises Invalid with nothing recorded, LedgerUnavailable.
    """
    _check(person, wanted)
    scope = "all" if person is None or _sees_all(person) else _teams(person)
    countable = wanted.countable if scope == "all" or wanted.records.team is not None else None
    high = newest_seq() + 1
    chosen = choose(person, wanted, high=high, noted=noted)
    counted = _Counted()
    counted.take(chosen.seqs)
    with book.opened() as ledger:
        added = _meanwhile(person, wanted, chosen, high, countable)
        if next(iter(added), high) < high:  # rarely: it belongs before what was counted already
            counted, added = _Counted(), chosen.seqs
        counted.take(added)
        body = {
            "format": str(form),
            "scope": scope,
            "filter": wanted.told(),
            "count": len(chosen.seqs),
            "matches": counted.digest(),
        }
        record = ledger.append(_entry(actor, wanted, body))
    return Export(wanted, record, chosen.seqs, chosen.entries, countable)


def _meanwhile(
    person: Person | None, wanted: HistoryFilter, chosen: Chosen, high: int, countable: Among | None
) -> SeqSet:
    """Add what was appended from `high` on while the rest was chosen, which is little; what came to it.

    Numbers are counted up to the export's own: where they are, nothing may lack. And a change is told by all its
    records, the latest too. Both hold under the ledger's lock alone.
    """
    late = [told for lot in every(person, wanted, high) for told in lot] if countable else []
    if wanted.splits:
        appended = Record.objects.filter(seq__gte=high).exclude(change="").values_list("change", flat=True)
        told = of_changes(person, appended, END)
        whole = {change for seq, change, _ in told if seq in chosen.seqs} | {change for _, change, _ in late}
        late += [one for one in told if one[1] in whole]
    added = SeqSet()
    for seq, *_ in late:
        if seq not in chosen.seqs:
            added.add(seq)
    chosen.add(late)
    return added


def in_order(records: QuerySet[Record], *fields: str, after: int = 0) -> Iterator[tuple[object, ...]]:
    """(seq, *fields) of all `records` behind `after` by seq, a batch at a time: no cursor is kept open meanwhile."""
    rows = records.order_by("seq").values_list("seq", *fields)
    batch: list[Any]
    while batch := legibly(partial(list, rows.filter(seq__gt=after)[:BATCH])):
        yield from batch
        after = batch[-1][0]


def _rows(seqs: SeqSet, *fields: str) -> Iterator[tuple[object, ...]]:
    rows = Record.objects.order_by("seq").values_list("seq", *fields)
    for lot in seqs.lots(BATCH):
        yield from legibly(partial(list, rows.filter(seq__in=lot)))


class _Counted:
    """The digest over the digests of what is exported, in the order of seq."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256(MATCHES_DOMAIN)

    def take(self, seqs: SeqSet) -> None:
        for _, digest in _rows(seqs, "digest"):
            self._hash.update(_raw(digest))

    def digest(self) -> str:
        return self._hash.hexdigest()


def _raw(digest: object) -> bytes:
    """32 bytes; of a damaged digest its text, so that a damaged ledger can be exported too."""
    try:
        return bytes.fromhex(str(digest))
    except ValueError:
        return str(digest).encode("utf-8", "surrogatepass")


def _check(person: Person | None, wanted: HistoryFilter) -> None:
    asked, faults = wanted.records, dict[str, list[str]]()
    for name, typed in wanted.told().items():
        if isinstance(typed, str) and (fault := _fault_of(name, typed)):
            faults[name] = [fault]
    if asked.actor and "actor" not in faults and _sees_all(person) and not known.actor_known(asked.actor):
        faults["actor"] = [known.nobody_such()]
    if asked.since and asked.until and asked.since >= asked.until:
        faults["until"] = [gettext("This is not after the beginning, so nothing can lie between.")]
    if asked.key_id is not None and abs(asked.key_id) > book.INT64:
        faults["key_id"] = [gettext("No key has such a number.")]
    if asked.team is not None and not _may_see(person, asked.team):
        faults["team"] = [gettext("There is no such team.")]
    if faults:
        raise Invalid(faults)


_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_KNOWN: dict[str, Callable[[str], bool]] = {
    "action": known.action_known,
    "outcome": known.outcome_known,
    "field": known.field_known,
}


def _fault_of(name: str, typed: str) -> str:
    """Why nothing can be found by this text, "" where something might."""
    if looks_secret(typed) and not (name == "request_id" and OWN_REQUEST_ID.fullmatch(typed)):
        return gettext("This looks like a secret. It was neither searched for nor recorded.")
    if _NO_TEXT.search(typed):  # no database can be asked for it
        return gettext("This is no text.")
    is_known = _KNOWN.get(name)
    return "" if is_known is None or is_known(typed) else known.nothing_such()


def _sees_all(person: Person | None) -> bool:
    return person is None or allowed(person, Verb.VIEW_ALL_HISTORY)


def _may_see(person: Person | None, team: int) -> bool:
    if _sees_all(person):
        return Team.objects.filter(pk=team).exists() or Record.objects.filter(team_id=team).exists()
    return person is not None and team in _teams(person)


def _teams(person: Person) -> list[int]:
    return [team.pk for team in visible_teams(person).order_by("pk") if allowed(person, Verb.VIEW_HISTORY, team)]


def _entry(actor: Actor, wanted: HistoryFilter, body: Mapping[str, object]) -> book.Entry:
    team = _team(wanted.records.team) if wanted.records.team is not None else None
    key_id = wanted.records.key_id if team else None  # two teams can have keys with the same number
    return book.Entry(action=Action.EXPORT, actor=actor, body=body, team=team, key_id=key_id)


def _team(pk: int) -> Team:
    """The team, or what is left of one that is gone: its number and its name in the records."""
    there = Team.objects.filter(pk=pk).first()
    if there:
        return there
    name = Record.objects.filter(team_id=pk).order_by("-seq").values_list("team", flat=True).first()
    return Team(pk=pk, name=name or "")
