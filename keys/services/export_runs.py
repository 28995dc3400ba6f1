"""Exports over the web: each tells how far it has come, so that who asked for it can see, and how it ended."""

import time
from collections.abc import Iterator
from typing import Final

from django.utils import timezone

from keys.errors import Invalid
from keys.models import ExportRun, Person
from keys.models.export_run import RunState
from keys.selectors.history_filter import HistoryFilter
from keys.services.export_lines import pieces_of
from keys.services.exporting import Export, Format, begin_export
from keys.types import Actor

TOLD_EVERY_S: Final = 1.0


def export_over_the_web(
    *, person: Person, actor: Actor, wanted: HistoryFilter, form: Format
) -> tuple[Export, Iterator[bytes]]:
    """Record the export and give its pieces. Raises Invalid with nothing recorded, Contradicted, LedgerUnavailable."""
    run = _Run(person, form)
    try:
        export = begin_export(person=person, actor=actor, wanted=wanted, form=form, noted=run.counted)
        run.recorded(export)
        return export, run.handing_out(export, pieces_of(export, form))
    except Invalid:
        run.forgotten()
        raise
    except BaseException:
        run.told(state=RunState.STOPPED)
        raise


class _Run:
    def __init__(self, person: Person, form: Format) -> None:
        now = timezone.now()
        self._row = ExportRun.objects.create(person_id=str(person.pk), form=str(form), begun_at=now, moved_at=now)
        self._told_at = time.monotonic()

    def told(self, **news: object) -> None:
        ExportRun.objects.filter(pk=self._row.pk).update(**news, moved_at=timezone.now())
        self._told_at = time.monotonic()

    def forgotten(self) -> None:
        self._row.delete()

    def counted(self, found: int) -> None:
        if self._due():
            self.told(found=found)

    def recorded(self, export: Export) -> None:
        self.told(state=RunState.SENDING, seq=export.record.seq, found=export.count, total=export.total)

    def handing_out(self, export: Export, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Who leaves before the last piece leaves it STOPPED: only what was handed on to its end is called whole."""
        size, state = 0, RunState.STOPPED
        try:
            for piece in pieces:
                yield piece
                size += len(piece)
                if self._due():
                    self.told(done=export.done, total=export.total, size=size)
            state = RunState.WHOLE
        finally:
            self.told(state=state, done=export.done, total=export.total, size=size)

    def _due(self) -> bool:
        return time.monotonic() - self._told_at >= TOLD_EVERY_S
