"""The history's index against the records that it was made from: what was taken out of it, the history would leave out.

Fed with rows that have just been verified, so that no text is read twice; compared lot by lot, in flat memory.
"""

import json
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from django.db import connection

from keys.ledger import raw
from keys.ledger.columns import COLUMNS
from keys.ledger.finding import CHANGES, changes_of

LOT = 5_000
"""Records compared at a time."""

_decoded = json.JSONDecoder().raw_decode
_MARKS = tuple((part, f'"{part}":', len(part) + 3) for part in CHANGES)
"""How the parts of a body that are indexed begin in canonical JSON: inside a text their quotes would be escaped."""
_TIME, _TEAM, _KEY = (len(raw.CHAIN) + COLUMNS.index(name) for name in ("time", "team_id", "key_id"))
_HOUR = len("2026-11-24T03")
_BELOW = -(2**63)

Row = tuple[Any, ...]


class IndexCheck:
    """first: the first record that the index tells otherwise than its text does, None as long as there is none."""

    def __init__(self) -> None:
        self.first: int | None = None
        self._after, self._seq, self._until = _BELOW, 0, LOT
        self._rows: list[Row] = []
        self._hours: dict[str, list[int]] = {}
        self._hour, self._span = "", [0, 0]
        # As an index's time comes out: past the converters on SQLite, as `keys.ledger.raw` reads a record's.
        self._time, self._read_time = _TIMES[connection.vendor]

    def take(self, row: raw.Row) -> None:
        """The next record, in the order of seq."""
        self._seq = seq = row[0]
        text, time = row[1], row[_TIME]
        hour = time[:_HOUR]
        if hour != self._hour:
            self._hour, self._span = hour, self._hours.setdefault(hour, [seq, seq])
        self._span[1] = seq
        if changed := _changes(text):
            about = (seq, self._time(time), row[_TEAM], row[_KEY])
            self._rows += [about + change for change in sorted(changes_of(changed))]
        if seq >= self._until:
            self._compare_fields()

    def end(self) -> None:
        """The rest, once the last record was taken."""
        self._compare_fields()
        self._compare_hours()

    def _compare_fields(self) -> None:
        found = raw.legibly(partial(_fields, self._read_time, self._after, self._seq))
        if self._rows != found:  # or each database has an order of its own
            for row in set(self._rows) ^ set(found):
                self._differs(row[0])
        self._after, self._until = self._seq, self._seq + LOT
        self._rows.clear()

    def _compare_hours(self) -> None:
        found = raw.legibly(partial(_hours, self._read_time))
        newest = raw.ends()[2]
        for hour, (first, last) in self._hours.items():
            begins, ends = found.pop(hour.replace("T", " "), (0, 0))
            moved_on = isinstance(ends, int) and isinstance(newest, int) and self._seq < ends <= newest
            if begins != first or not (ends == last or moved_on):
                self._differs(first)
        for begins, _ in found.values():  # hours of no record that was read
            if not (isinstance(begins, int) and begins > self._seq):
                self._differs(1)

    def _differs(self, seq: int) -> None:
        self.first = seq if self.first is None else min(seq, self.first)


def _changes(text: str) -> dict[str, Any]:
    """The parts of a record's body that are indexed, without the rest being parsed: those names stand nowhere else."""
    found = {}
    for part, mark, length in _MARKS:
        at = text.find(mark)
        if at >= 0:
            found[part], _ = _decoded(text, at + length)
    return found


def _fields(time: str, after: int, upto: int) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT seq, {time}, team_id, key_id, field, before, after FROM keys_changedfield"  # noqa: S608
            " WHERE seq > %s AND seq <= %s ORDER BY seq, field",
            [after, upto],
        )
        return list(cursor.fetchall())


def _hours(time: str) -> dict[str, Row]:
    time = time.replace("time", "hour")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {time}, first_seq, last_seq FROM keys_recordhour")  # noqa: S608
        return {str(hour)[:_HOUR]: (first, last) for hour, first, last in cursor.fetchall()}


def _same(time: str) -> str:
    return time


_TIMES: dict[str, tuple[Callable[[str], Any], str]] = {
    "sqlite": (_same, "+time"),
    "postgresql": (datetime.fromisoformat, "time"),
}
