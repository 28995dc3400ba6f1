"""Reads a whole ledger in its database and says whether it is as it was written.

Values are read raw, past Django's converters, and compared with what each record's text says: a damaged value is found
and named instead of being repaired or tripped over. Memory does not grow with the number of records, only with the
number of keys that have any. What a tail cut together with its head row looks like, only checkpoints can tell.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import Error, InterfaceError, OperationalError, connection

from keys.errors import ChainBroken, LedgerError
from keys.ledger.chain import Verifier, short
from keys.ledger.columns import COLUMNS, columns_of
from keys.ledger.pairs import check_pairs, open_changes

UNREADABLE = (Error, UnicodeDecodeError)
"""What reading raises: in a damaged SQLite file even a column's name may be no text any more."""

BATCH = 5_000
"""Rows fetched at a time."""

CHAIN = ("seq", "text", "digest", "previous", "link", "seal", "seal_key")


class CannotVerify(LedgerError):
    """There is no verdict: no key, no database, no table."""


@dataclass(frozen=True, slots=True)
class Sound:
    """records: how many there are, which is the newest seq. link: the newest. open: changes without any outcome."""

    records: int
    link: str
    open: int


def verify(keys: Mapping[str, bytes]) -> Sound:
    """Verify every record that is there now, in the order of seq. keys: ledger keys by id.

    Raises ChainBroken with the first record that is damaged, CannotVerify when there is no verdict.
    """
    if not keys:
        raise CannotVerify("no ledger key is set")
    stored_time = _STORED_TIME[connection.vendor]
    verifier, ordinals = Verifier(keys), Ordinals()
    with _read_raw():
        head_seq, head_link, newest = _ends()
        for row in _rows(verifier):
            verifier.step(*row[: len(CHAIN)])
            said = _check_columns(verifier.seq, row[1], row[len(CHAIN) :], stored_time)
            ordinals.step(verifier.seq, said)
            if verifier.seq == newest:
                break
        _check_head(verifier, head_seq, head_link)
        check_pairs(verifier.seq)
        return Sound(verifier.seq, verifier.link, open_changes(verifier.seq))


class Ordinals:
    """Follows `team_n` and `key_n`: within each team and each key they count 1, 2, 3 without a gap."""

    def __init__(self) -> None:
        self._newest: dict[tuple[int, int | None], int] = {}

    def step(self, seq: int, said: Mapping[str, Any]) -> None:
        team_id, key_id = said["team_id"], said["key_id"]
        self._next(seq, "team_n", None if team_id is None else (team_id, None), said["team_n"])
        self._next(seq, "key_n", None if team_id is None or key_id is None else (team_id, key_id), said["key_n"])

    def _next(self, seq: int, name: str, among: tuple[int, int | None] | None, found: int | None) -> None:
        expected = None if among is None else self._newest.get(among, 0) + 1
        if found != expected:
            raise ChainBroken(seq, name, short(expected), short(found))
        if among is not None and expected is not None:
            self._newest[among] = expected


def _check_columns(seq: int, text: str, found: tuple[Any, ...], stored_time: Callable[[str], str]) -> Mapping[str, Any]:
    """Compare the columns with the text."""
    try:
        said: Mapping[str, Any] = json.loads(text)
        columns = columns_of(said)
    except (ValueError, LookupError, TypeError, AttributeError):
        raise ChainBroken(seq, "text", "a record of this format", short(text)) from None
    columns["time"] = stored_time(columns["time"])
    expected = tuple(columns.values())
    if found != expected:
        for name, wanted, value in zip(COLUMNS, expected, found, strict=True):
            if wanted != value:
                raise ChainBroken(seq, name, short(wanted), short(value))
    return said


def _check_head(verifier: Verifier, head_seq: object, head_link: object) -> None:
    seq = verifier.seq
    if type(head_seq) is not int:
        raise ChainBroken(seq, "head", "one head row", short(head_seq))
    if head_seq > seq:
        raise ChainBroken(seq + 1, "missing", f"records up to {head_seq}, as the head says", "no such record")
    if head_seq < seq:
        raise ChainBroken(head_seq + 1, "head", f"no record after {head_seq}, as the head says", f"records up to {seq}")
    if head_link != verifier.link:
        raise ChainBroken(seq, "head", verifier.link, short(head_link))


def _ends() -> tuple[object, object, object]:
    """The head's seq and link and the newest seq, in one statement: of one moment, while others append."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT (SELECT seq FROM keys_ledgerhead WHERE id = 1),"
                " (SELECT link FROM keys_ledgerhead WHERE id = 1), (SELECT max(seq) FROM keys_record)"
            )
            head_seq, head_link, newest = cursor.fetchone()
            return head_seq, head_link, newest
    except UNREADABLE as error:
        raise CannotVerify(f"the ledger cannot be read ({type(error).__name__})") from None


def _rows(verifier: Verifier) -> Iterator[tuple[Any, ...]]:
    """Every row from the first on, batch by batch by seq, whatever its seq looks like."""
    columns = ", ".join((*CHAIN, _TIME[connection.vendor], *COLUMNS[1:]))
    after = ""
    try:
        while True:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT {columns} FROM keys_record {after} ORDER BY seq LIMIT {BATCH}")  # noqa: S608
                count = 0
                for row in cursor:
                    count += 1
                    yield row
            if count < BATCH:
                return
            after = f"WHERE seq > {verifier.seq}"
    except (OperationalError, InterfaceError) as error:
        raise CannotVerify(f"reading stopped after record {verifier.seq} ({type(error).__name__})") from None
    except UNREADABLE as error:
        raise ChainBroken(verifier.seq + 1, "row", "a row that can be read", type(error).__name__) from None


# Past the converters: on SQLite an expression has no declared type, and PostgreSQL writes the text itself.
_TIME = {
    "sqlite": "+time",
    "postgresql": """to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""",
}


def _stored_by_sqlite(told: str) -> str:
    """A text's time as Django stores it there: naive, and without an empty fraction."""
    return f"{told[:10]} {told[11:19]}" if told.endswith(".000000Z") else f"{told[:10]} {told[11:26]}"


_STORED_TIME: dict[str, Callable[[str], str]] = {"sqlite": _stored_by_sqlite, "postgresql": str}


@contextmanager
def _read_raw() -> Iterator[None]:
    """Have SQLite hand out texts that are no UTF-8 any more, instead of failing without saying where."""
    if connection.vendor != "sqlite":
        yield
        return
    connection.ensure_connection()
    usual = connection.connection.text_factory
    connection.connection.text_factory = partial(str, encoding="utf-8", errors="surrogateescape")
    try:
        yield
    finally:
        connection.connection.text_factory = usual
