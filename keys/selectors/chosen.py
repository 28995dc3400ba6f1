"""Which records a view of the history tells, all pages of it: what an export holds, and how many that are."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from keys.models import Person, Record
from keys.selectors.history_filter import HistoryFilter
from keys.selectors.search import END, Told, every, of_changes
from keys.seqset import SeqSet


@dataclass(slots=True)
class Chosen:
    """seqs: of every record that an entry of the view tells: one that matches, and the others of its change.

    entries: how many the history shows of them. whole: was everything looked at?
    """

    seqs: SeqSet = field(default_factory=SeqSet)
    entries: int = 0
    whole: bool = True

    def add(self, records: Iterable[Told]) -> None:
        for seq, change, outcome in records:
            if self.seqs.add(seq) and not (change and outcome):
                self.entries += 1


def newest_seq() -> int:
    return Record.objects.order_by("-seq").values_list("seq", flat=True).first() or 0


def choose(
    person: Person | None,
    wanted: HistoryFilter,
    *,
    high: int = END,
    noted: Callable[[int], None] = lambda _count: None,
    budget_s: float | None = None,
) -> Chosen:
    """Everything below `high` that the person may see and asks for, a change with all its records or not at all.

    noted: is told now and then how many there are so far. budget_s: after which to stop, with `whole` false.
    """
    chosen, begun = Chosen(), time.monotonic()
    for lot in every(person, wanted, high=high):
        chosen.add(lot)
        if wanted.splits and (changes := {change for _, change, _ in lot if change}):
            chosen.add(of_changes(person, changes, high))
        noted(len(chosen.seqs))
        if budget_s is not None and time.monotonic() - begun > budget_s:
            chosen.whole = False
            break
    return chosen
