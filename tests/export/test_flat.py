"""Promise 16, exports: four times the records take no more memory, in any form."""

import tracemalloc
from typing import Any

import pytest

from keys.ledger import book
from keys.selectors.history_filter import HistoryFilter
from keys.services import exporting
from keys.services.export_lines import pieces_of
from keys.services.exporting import Format, begin_export
from tests.ledger.bulk import fill
from tests.ledger.making import entry, key_fields
from tests.people.making import SYSTEM
from tests.support.report import Promise


def peak(form: Format) -> tuple[int, int]:
    """Bytes exported, and the most that were held meanwhile."""
    tracemalloc.start()
    try:
        export = begin_export(person=None, actor=SYSTEM, wanted=HistoryFilter(), form=form)
        size = sum(map(len, pieces_of(export, form)))
        return size, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.prove
def test_memory_stays_flat(real_db: Any, monkeypatch: Any, scale: str, promise: Promise) -> None:
    promise.number, promise.title = "16", "exports in flat memory"
    monkeypatch.setattr(exporting, "BATCH", 20)
    few = 20_000 if scale == "full" else 100
    fill(few)
    before = {form: peak(form) for form in Format}
    fill_more(few * 4)
    for form in Format:
        size, most = peak(form)
        promise.tried()
        assert size > 2 * before[form][0]
        if most > before[form][1] * 1.5 + 300_000:
            promise.broke(f"{form}: {before[form][1]} bytes held for {before[form][0]}, {most} for {size}")


def fill_more(count: int) -> None:
    """The exports themselves stand in the ledger now, so that `fill` cannot go on; their like can be appended."""
    said = entry(reason="the new office", body={"kind": "edit", "before": key_fields(), "wanted": key_fields()})
    with book.opened() as ledger:
        while ledger.append(said).seq < count:
            pass
