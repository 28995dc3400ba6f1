"""Exports of the ledger: counted and recorded first, then streamed in flat memory (design.md, "The ledger").

The record of an export is one of the very team and key that it asks for, so that its own ordinals end the row of those
exported: an outsider counts up to it and sees that none was left out.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import QuerySet
from django.utils.translation import gettext

from keys.errors import Invalid
from keys.ledger import book
from keys.ledger.actions import Action
from keys.models import Person, Record, Team
from keys.permissions import Verb, allowed, visible_teams
from keys.redact import looks_secret
from keys.selectors.history import visible_records
from keys.selectors.ledger_filter import Among, LedgerFilter
from keys.types import Actor

BATCH = 1_000
"""Records read at a time."""

MATCHES_DOMAIN = b"cometadmin ledger v1 export matches\n"


class Format(StrEnum):
    CSV = "csv"
    JSON_LINES = "jsonl"
    BUNDLE = "bundle"


@dataclass(frozen=True, slots=True)
class Export:
    """One export that has its record. matching: every record of it, in whatever order; count: how many."""

    wanted: LedgerFilter
    record: Record
    matching: QuerySet[Record]
    count: int
    countable: Among | None


def begin_export(*, person: Person | None, actor: Actor, wanted: LedgerFilter, form: Format) -> Export:
    """Count what matches now and record that it is handed out. person: None for the system itself, which sees all.

    Raises Invalid with nothing recorded, LedgerUnavailable.
    """
    _check(person, wanted)
    scope = "all" if person is None or allowed(person, Verb.VIEW_ALL_HISTORY) else _teams(person)
    visible = Record.objects.all() if person is None else visible_records(person)
    matching = wanted.apply(visible).order_by("seq")
    counted = _Counted()
    counted.take(matching)
    with book.opened() as ledger:
        # What was appended since is few; now nothing comes between the count and its record.
        counted.take(matching)
        body = {
            "format": str(form),
            "scope": scope,
            "filter": wanted.told(),
            "count": counted.count,
            "matches": counted.digest(),
        }
        record = ledger.append(_entry(actor, wanted, body))
    countable = wanted.countable if scope == "all" or wanted.team is not None else None
    return Export(wanted, record, matching.filter(seq__lt=record.seq), counted.count, countable)


def in_order(records: QuerySet[Record], *fields: str, after: int = 0) -> Iterator[tuple[object, ...]]:
    """(seq, *fields) of all `records` behind `after` by seq, a batch at a time: no cursor is kept open meanwhile."""
    rows = records.order_by("seq").values_list("seq", *fields)
    while batch := list(rows.filter(seq__gt=after)[:BATCH]):
        yield from batch
        after = batch[-1][0]


class _Counted:
    """How many matches there are, and the digest over their digests in the order of seq."""

    def __init__(self) -> None:
        self.count, self._newest, self._hash = 0, 0, hashlib.sha256(MATCHES_DOMAIN)

    def take(self, matching: QuerySet[Record]) -> None:
        for seq, digest in in_order(matching, "digest", after=self._newest):
            self._hash.update(_raw(digest))
            self.count, self._newest = self.count + 1, int(str(seq))

    def digest(self) -> str:
        return self._hash.hexdigest()


def _raw(digest: object) -> bytes:
    """32 bytes; of a damaged digest its text, so that a damaged ledger can be exported too."""
    try:
        return bytes.fromhex(str(digest))
    except ValueError:
        return str(digest).encode("utf-8", "surrogatepass")


def _check(person: Person | None, wanted: LedgerFilter) -> None:
    faults: dict[str, list[str]] = {}
    for name in ("actor", "text", "request_id"):
        if looks_secret(getattr(wanted, name)) and not (name == "request_id" and _ours(wanted.request_id)):
            faults[name] = [gettext("This looks like a secret. It was neither searched for nor recorded.")]
    if wanted.since and wanted.until and wanted.since >= wanted.until:
        faults["until"] = [gettext("This is not after the beginning, so nothing can lie between.")]
    if wanted.key_id is not None and wanted.team is None:
        faults["key_id"] = [gettext("Choose the team of this key too: two teams can have keys with the same number.")]
    if wanted.team is not None and not _may_see(person, wanted.team):
        faults["team"] = [gettext("There is no such team.")]
    if faults:
        raise Invalid(faults)


def _ours(request_id: str) -> bool:
    return book.OWN_REQUEST_ID.fullmatch(request_id) is not None


def _may_see(person: Person | None, team: int) -> bool:
    if person is None or allowed(person, Verb.VIEW_ALL_HISTORY):
        return Team.objects.filter(pk=team).exists() or Record.objects.filter(team_id=team).exists()
    return team in _teams(person)


def _teams(person: Person) -> list[int]:
    return [team.pk for team in visible_teams(person).order_by("pk") if allowed(person, Verb.VIEW_HISTORY, team)]


def _entry(actor: Actor, wanted: LedgerFilter, body: Mapping[str, object]) -> book.Entry:
    team = _team(wanted.team) if wanted.team is not None else None
    return book.Entry(action=Action.EXPORT, actor=actor, body=body, team=team, key_id=wanted.key_id)


def _team(pk: int) -> Team:
    """The team, or what is left of one that is gone: its number and its name in the records."""
    there = Team.objects.filter(pk=pk).first()
    if there:
        return there
    name = Record.objects.filter(team_id=pk).order_by("-seq").values_list("team", flat=True).first()
    return Team(pk=pk, name=name or "")
