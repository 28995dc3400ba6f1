"""What an intruder with the database in hand may do to single records, guards dropped first."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

from keys.ledger import guards
from keys.ledger.triggers import HEAD, POSTGRESQL, RECORD, SQLITE
from keys.models import Record

Cursor = Any
Damage = Callable[[Cursor, int, int, random.Random], int]
"""(cursor, seq, newest, chance) -> the first seq that is bad afterwards."""


@contextmanager
def without_guards() -> Iterator[Cursor]:
    """Guards and constraints away, as for somebody who owns the database; guards are laid again afterwards."""
    with transaction.atomic(), connection.cursor() as cursor:
        for guard in SQLITE if connection.vendor == "sqlite" else POSTGRESQL:
            table = RECORD if guard.name.startswith("record") else HEAD
            cursor.execute(f"DROP TRIGGER {guard.name}" + ("" if connection.vendor == "sqlite" else f" ON {table}"))
        yield cursor
    guards.lay(connection)


def put(cursor: Cursor, seq: int, column: str, value: Any) -> None:
    cursor.execute(f"UPDATE {RECORD} SET {column} = %s WHERE seq = %s", [value, seq])


def row_of(cursor: Cursor, seq: int) -> dict[str, Any]:
    cursor.execute(f"SELECT * FROM {RECORD} WHERE seq = %s", [seq])
    return dict(zip([column[0] for column in cursor.description], cursor.fetchone(), strict=True))


def shown(column: str) -> Damage:
    """Another value in one shown column."""

    def damage(cursor: Cursor, seq: int, newest: int, chance: random.Random) -> int:
        now = row_of(cursor, seq)[column]
        if column == "time":
            cursor.execute(f"SELECT time FROM {RECORD} WHERE seq = %s", [seq])
            moved = Record.objects.get(seq=seq).time.replace(year=2020)
            put(cursor, seq, "time", moved.isoformat(sep=" ") if connection.vendor == "postgresql" else str(moved)[:26])
        elif column in ("team_id", "key_id", "team_n", "key_n"):
            put(cursor, seq, column, None if now is not None and chance.random() < 0.5 else (now or 0) + 1_000_000)
        else:
            put(cursor, seq, column, "" if now and chance.random() < 0.3 else flipped(now or "a", chance))
        return seq

    return damage


def flipped(text: str, chance: random.Random) -> str:
    """One character changed by one bit, among characters that every database keeps."""
    place = chance.randrange(len(text))
    changed = chr(ord(text[place]) ^ 1)
    return text[:place] + (changed if changed.isprintable() else "?") + text[place + 1 :]


def flip(cursor: Cursor, seq: int, newest: int, chance: random.Random) -> int:
    """A bit of a text or a hash."""
    column = chance.choice(["text", "digest", "link", "seal", "previous", "seal_key"])
    put(cursor, seq, column, flipped(row_of(cursor, seq)[column], chance))
    return seq


def delete(cursor: Cursor, seq: int, newest: int, chance: random.Random) -> int:
    cursor.execute(f"DELETE FROM {RECORD} WHERE seq = %s", [seq])
    return seq


def renumber(cursor: Cursor, seq: int, newest: int, chance: random.Random) -> int:
    put(cursor, seq, "seq", chance.choice([newest + 5, -seq]))
    return seq if row_exists(cursor, -seq) is False else 1


def row_exists(cursor: Cursor, seq: int) -> bool:
    cursor.execute(f"SELECT count(*) FROM {RECORD} WHERE seq = %s", [seq])
    return bool(cursor.fetchone()[0])


def insert(cursor: Cursor, row: dict[str, Any]) -> None:
    places = ", ".join(["%s"] * len(row))
    cursor.execute(f"INSERT INTO {RECORD} ({', '.join(row)}) VALUES ({places})", list(row.values()))


def duplicate(cursor: Cursor, seq: int, newest: int, chance: random.Random) -> int:
    """The same record once more, at the end, its unique columns bent so that the database takes it."""
    insert(
        cursor, row_of(cursor, seq) | {"seq": newest + 1, "previous": "p", "link": "l", "team_n": None, "key_n": None}
    )
    return newest + 1


def insert_between(cursor: Cursor, seq: int, newest: int, chance: random.Random) -> int:
    """A foreign record at a place, everything after it moved up."""
    taken = row_of(cursor, seq)
    cursor.execute(f"UPDATE {RECORD} SET seq = -seq - 1 WHERE seq >= %s", [seq])
    cursor.execute(f"UPDATE {RECORD} SET seq = -seq WHERE seq < 0")
    insert(cursor, taken | {"previous": "p", "link": "l", "team_n": None, "key_n": None})
    return seq


CARRIED = ("text", "digest", "seal", "seal_key", "time", "action", "outcome", "actor", "reason", "change", "key_name")


def exchange(cursor: Cursor, first: int, second: int, columns: tuple[str, ...]) -> int:
    one, other = row_of(cursor, first), row_of(cursor, second)
    for column in columns:
        put(cursor, first, column, other[column])
        put(cursor, second, column, one[column])
    return first


def swap(cursor: Cursor, seq: int, newest: int, chance: random.Random) -> int:
    """Two records change places, links and all."""
    other = seq + 1 if seq < newest else seq - 1
    cursor.execute(f"UPDATE {RECORD} SET seq = -1 WHERE seq = %s", [seq])
    cursor.execute(f"UPDATE {RECORD} SET seq = %s WHERE seq = %s", [seq, other])
    cursor.execute(f"UPDATE {RECORD} SET seq = %s WHERE seq = -1", [other])
    return min(seq, other)


def outcomes_exchanged(cursor: Cursor, seq: int, newest: int, chance: random.Random) -> int:
    """What two records say changes places, while seq and links stay."""
    other = chance.choice([n for n in range(1, newest + 1) if n != seq])
    return exchange(cursor, min(seq, other), max(seq, other), CARRIED)


def rehashed(cursor: Cursor, seq: int, newest: int, chance: random.Random) -> int:
    """Text and columns altered together, the whole chain after it computed anew, without the key."""
    from keys.ledger import chain

    row = row_of(cursor, seq)
    put(cursor, seq, "text", row["text"].replace('"v":1', '"v":1,"x":2'))
    previous = row["previous"]
    cursor.execute(f"SELECT seq, text FROM {RECORD} WHERE seq >= %s ORDER BY seq DESC", [seq])
    later = list(reversed(cursor.fetchall()))
    cursor.execute(f"UPDATE {RECORD} SET previous = 'p' || seq, link = 'l' || seq WHERE seq >= %s", [seq])
    for number, text in later:
        digest = chain.digest_of(text)
        link = chain.link_of(previous, number, digest)
        for column, value in (("digest", digest), ("previous", previous), ("link", link)):
            put(cursor, number, column, value)
        put(cursor, number, "seal", chain.seal_of(b"guessed", link))
        previous = link
    cursor.execute(f"UPDATE {HEAD} SET link = %s", [previous])
    return seq


def cut(cursor: Cursor, seq: int, newest: int, chance: random.Random) -> int:
    """Everything from here on is gone."""
    cursor.execute(f"DELETE FROM {RECORD} WHERE seq >= %s", [seq])
    return seq


SHOWN = (
    *("time", "action", "outcome", "actor_kind", "actor_id", "actor", "actor_role", "address", "request_id"),
    *("team_id", "team", "key_id", "key_name", "change", "reason", "team_n", "key_n"),
)

KINDS: dict[str, Damage] = {
    **{column: shown(column) for column in SHOWN},
    "flipped bit": flip,
    "deleted": delete,
    "duplicated": duplicate,
    "swapped": swap,
    "inserted": insert_between,
    "renumbered": renumber,
    "said by another": outcomes_exchanged,
    "recomputed without the key": rehashed,
    "cut": cut,
}
