"""What the history page and the exports ask for: which records, and which changed fields and values."""

import dataclasses
import re
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from keys.ledger.finding import folded
from keys.models import ChangedField, Record
from keys.selectors.ledger_filter import Among, LedgerFilter
from keys.selectors.meant import Meant, measured

_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+")
SERVED_IN_PAIRS = (
    {"team", "action"},
    {"team", "outcome"},
    {"team", "actor_id"},
    {"actor_id", "action"},
)
MOST_OF_A_CHANGE = 1_000
SERVED_IN_ANY = {"request_id", "key_id"}
"""So few records have the same one that whatever else is asked of them is asked of few."""


def with_seqs(records: QuerySet[Record]) -> QuerySet[Record]:
    """The same records, found before anything else is asked of them: the slice keeps a database from going by another
    index, any of which would do and be slow. For one change's records, by `OuterRef(OuterRef(…))`."""
    return Record.objects.filter(seq__in=records.order_by("seq").values("seq")[:MOST_OF_A_CHANGE])


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """All that is given must hold. field: a changed field's name. value: stands in its value before or after, or one
    of what is `meant` by it does.

    records: what `LedgerFilter` asks of a record.
    """

    records: LedgerFilter = dataclasses.field(default_factory=LedgerFilter)
    field: str = ""
    value: str = ""
    meant: tuple[Meant, ...] = ()

    def apply(self, records: QuerySet[Record]) -> QuerySet[Record]:
        """Those of `records` that match; their order stays.

        An outcome is told by a record of its own: whatever else is asked for may be told by any record of its change.
        """
        asked = self.records
        if not asked.outcome:
            return self._with_field(asked.apply(records))
        own = replace(asked, actor="", action="", text="", request_id="")
        shared = LedgerFilter(actor=asked.actor, action=asked.action, text=asked.text, request_id=asked.request_id)
        records = own.apply(records)
        if shared == LedgerFilter() and not self.by_field:
            return records
        itself = Record.objects.filter(seq=OuterRef("seq"))
        of_change = with_seqs(Record.objects.filter(change=OuterRef(OuterRef("change"))))
        alone, together = (Exists(self._with_field(shared.apply(told))) for told in (itself, of_change))
        return records.filter((Q(change="") & alone) | (~Q(change="") & together))

    def _with_field(self, records: QuerySet[Record]) -> QuerySet[Record]:
        if not self.by_field:
            return records
        return records.filter(Exists(self.fields().filter(seq=OuterRef("seq"))))

    @property
    def by_field(self) -> bool:
        return bool(self.field or self.value)

    def fields(self) -> QuerySet[ChangedField]:
        """The changed fields that are asked for, of whatever record."""
        fields = ChangedField.objects.order_by("-seq")
        about = {"field": self.field, "team_id": self.records.team, "key_id": self.records.key_id}
        fields = fields.filter(**{name: value for name, value in about.items() if value not in (None, "")})
        if self.value:
            typed = self.value.replace(",", "") if _GROUPED.fullmatch(self.value) else self.value
            asked = Q(before__contains=folded(typed)) | Q(after__contains=folded(typed))
            for meant in self.meant:
                asked |= meant.stands_in("before") | meant.stands_in("after")
            fields = (measured(fields) if self.meant else fields).filter(asked)
        return fields

    def of_team(self, team_id: int) -> "HistoryFilter":
        """The same, of this team's records alone."""
        return replace(self, records=replace(self.records, team=team_id))

    @property
    def splits(self) -> bool:
        """Can one record of a change match and another one not? All of them are of one team and one key."""
        return self != HistoryFilter(LedgerFilter(team=self.records.team, key_id=self.records.key_id))

    @property
    def countable(self) -> Among | None:
        """See `LedgerFilter.countable`: no number tells which fields a record changed, nor from what to what."""
        return None if self.by_field else self.records.countable

    def told(self) -> dict[str, Any]:
        """What is asked for, as a record keeps it and an export tells it."""
        given = {"field": self.field, "value": self.value}
        return self.records.told() | {name: value for name, value in given.items() if value}

    @property
    def served(self) -> bool:
        """Does an index lead to every match, so that none is come by in passing over others?"""
        if self.records.text or self.value:
            return False
        names = {name for name in ("team", "key_id", "action", "outcome", "request_id") if self._has(name)}
        if self.records.actor:
            names.add("actor_id" if self.records.actor.startswith("#") else "actor")
        return len(names) < 2 or bool(names & SERVED_IN_ANY) or names in SERVED_IN_PAIRS

    def _has(self, name: str) -> bool:
        return getattr(self.records, name) not in (None, "")
