"""What is meant by a value that is asked for in words: codes, units and seconds, as the history's index has them."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.db.models.functions import Length

from keys.ledger.labels import field_label
from keys.models import ChangedField


@dataclass(frozen=True, slots=True)
class Meant:
    """From `low` to `high`, both with; of `fields` alone, in which a value is written in words.

    A text stands for itself: then `low` and `high` are the same.
    """

    fields: tuple[str, ...]
    low: int | str
    high: int | str

    def stands_in(self, column: str) -> Q:
        """Of rows that `measured` went over. column: `before` or `after`."""
        asked = Q(pk__in=())
        for low, high in self._by_digits():
            if low == high:
                asked |= Q(**{column: low})
            else:
                asked |= Q(**{f"{column}__gte": low, f"{column}__lte": high, f"{column}_length": len(low)})
        return Q(field__in=self.fields) & asked

    def _by_digits(self) -> Iterator[tuple[str, str]]:
        """The index holds texts, which stand in the order of numbers only where they have as many digits."""
        if isinstance(self.low, str) or isinstance(self.high, str) or self.low == self.high:
            yield str(self.low), str(self.high)
            return
        for digits in range(len(str(self.low)), len(str(self.high)) + 1):
            yield str(max(self.low, 10 ** (digits - 1))), str(min(self.high, 10**digits - 1))

    def __str__(self) -> str:
        """`Status 2`."""
        names = ", ".join(map(field_label, self.fields))
        return f"{names} {self.low}" + (f"\N{EN DASH}{self.high}" if self.high != self.low else "")


def measured(fields: QuerySet[ChangedField]) -> QuerySet[ChangedField]:
    return fields.alias(before_length=Length("before"), after_length=Length("after"))
