"""Records read raw, past Django's converters: a damaged value is found and named instead of being repaired."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import django.db.backends.sqlite3.base  # noqa: F401  (it registers Django's converters: ours come after them)
from django.db import Error, InterfaceError, OperationalError, connection
from django.utils.dateparse import parse_datetime

from keys.errors import ChainBroken, LedgerError
from keys.ledger.columns import COLUMNS
from keys.redact import escape_visible

UNREADABLE = (Error, UnicodeDecodeError)
"""What reading raises: in a damaged SQLite file even a column's name may be no text any more."""

BATCH = 5_000
"""Rows asked for at a time."""

CHAIN = ("seq", "text", "digest", "previous", "link", "seal", "seal_key")

Row = tuple[Any, ...]
Read = TypeVar("Read")


class CannotVerify(LedgerError):
    """There is no verdict: no key, no database, no table."""


def ends() -> tuple[object, object, object]:
    """The head's seq and link and the newest seq, in one statement: of one moment, while others append."""
    try:
        with tolerant(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT (SELECT seq FROM keys_ledgerhead WHERE id = 1),"
                " (SELECT link FROM keys_ledgerhead WHERE id = 1), (SELECT max(seq) FROM keys_record)"
            )
            head_seq, head_link, newest = cursor.fetchone()
            return head_seq, head_link, newest
    except UNREADABLE as error:
        raise CannotVerify(f"the ledger cannot be read ({type(error).__name__})") from None


def rows(after: int) -> Iterator[Row]:
    """Every row behind `after`, in the order of seq, as (*CHAIN, *COLUMNS): batch by batch, whatever is in it.

    From the first on (0), rows whose seq is no number or below 1 come too. What comes next is asked for only once the
    row before has been found good. Raises CannotVerify, ChainBroken.
    """
    last = after
    try:
        for row in _rows(after):
            yield row
            last = row[0]
    except UNREADABLE:
        # Once more from there, so that a text that is no UTF-8 any more comes out, instead of failing unnamed.
        with tolerant():
            yield from _named(last)


def _named(last: int) -> Iterator[Row]:
    try:
        for row in _rows(last):
            yield row
            last = row[0]
    except (OperationalError, InterfaceError) as error:
        raise CannotVerify(f"reading stopped after record {last} ({type(error).__name__})") from None
    except UNREADABLE as error:
        raise ChainBroken(last + 1, "row", "a row that can be read", type(error).__name__) from None


def _rows(last: int) -> Iterator[Row]:
    columns = ", ".join((*CHAIN, _TIME[connection.vendor], *COLUMNS[1:]))
    while True:
        behind = f"WHERE seq > {last}" if last else ""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {columns} FROM keys_record {behind} ORDER BY seq LIMIT {BATCH}")  # noqa: S608
            count = 0
            for row in cursor:
                count += 1
                yield row
                last = row[0]
        if count < BATCH:
            return


# Past the converters: on SQLite an expression has no declared type, and PostgreSQL writes the text itself.
_TIME = {
    "sqlite": "+time",
    "postgresql": """to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""",
}


def _stored_by_sqlite(told: str) -> str:
    """A text's time as Django stores it there: naive, and without an empty fraction."""
    return f"{told[:10]} {told[11:19]}" if told.endswith(".000000Z") else f"{told[:10]} {told[11:26]}"


def _stored_by_postgresql(told: str) -> str:
    return told


def stored_time() -> Callable[[str], str]:
    """From a text's time to what `rows` gives for the column."""
    return _stored_by_sqlite if connection.vendor == "sqlite" else _stored_by_postgresql


def legibly(read: Callable[[], Read]) -> Read:
    """What `read` gives; read once more, with U+FFFD for what is no UTF-8 any more, where SQLite cannot hand that out.

    A page of a damaged ledger opens by this, and by `_moment`. read: may be called twice.
    """
    try:
        return read()
    except OperationalError as error:
        if "Could not decode to UTF-8" not in str(error):
            raise
        with tolerant("replace"):
            return read()


def as_text(stored: object) -> str:
    """A text as it stands; of bytes, which SQLite keeps in any column, what is no text as `\\xff`."""
    return escape_visible(stored.decode(errors="backslashreplace")) if isinstance(stored, bytes) else str(stored)


@contextmanager
def tolerant(errors: str = "surrogateescape") -> Iterator[None]:
    """Have SQLite hand out texts that are no UTF-8 any more. Slow: Python is asked for every text."""
    if connection.vendor != "sqlite":
        yield
        return
    connection.ensure_connection()
    usual = connection.connection.text_factory
    connection.connection.text_factory = partial(str, encoding="utf-8", errors=errors)
    try:
        yield
    finally:
        connection.connection.text_factory = usual


def _moment(stored: bytes) -> datetime | None:
    """As Django reads a time of SQLite; None too, as for any other damage, for a 26th day of the 19th month."""
    try:
        return parse_datetime(stored.decode())
    except ValueError:
        return None


sqlite3.register_converter("datetime", _moment)
