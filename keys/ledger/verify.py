"""Reads a ledger in its database and says whether it is as it was written, from the beginning or from a sound place.

Memory does not grow with the number of records, only with the number of keys that have any. What a tail cut together
with its head row looks like, only checkpoints can tell (`keys.ledger.anchors`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from django.db import connection

from keys.errors import ChainBroken
from keys.ledger import raw
from keys.ledger.chain import GENESIS, Verifier, short
from keys.ledger.columns import COLUMNS
from keys.ledger.pairs import check_pairs
from keys.ledger.raw import CHAIN, UNREADABLE, CannotVerify
from keys.ledger.rotation import ROTATIONS, check_rotation
from keys.ledger.shown import Numbers, check_columns

__all__ = ["BEGINNING", "UNREADABLE", "CannotVerify", "Place", "Sound", "verify"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where verifying goes on from: everything up to this record has been found sound before.

    retired: ledger keys that another had followed by then.
    """

    seq: int
    link: str
    retired: tuple[str, ...] = ()


BEGINNING = Place(0, GENESIS)

_ACTION = len(CHAIN) + COLUMNS.index("action")


@dataclass(frozen=True, slots=True)
class Sound:
    """records: how many there are, which is the newest seq. link: the newest. open: changes without any outcome,
    counted over all records only, else None. retired: ledger keys that another has followed.
    """

    records: int
    link: str
    open: int | None
    retired: tuple[str, ...]


def verify(
    keys: Mapping[str, bytes], after: Place = BEGINNING, seen: Callable[[raw.Row], object] = lambda row: None
) -> Sound:
    """Verify every record behind `after` that is there now, in the order of seq. keys: ledger keys by id.

    seen: is told each row once it has been found good.
    Raises ChainBroken with the first record that is damaged, CannotVerify when there is no verdict.
    """
    if not keys:
        raise CannotVerify("no ledger key is set")
    verifier, ordinals = Verifier(keys, seq=after.seq, link=after.link), Ordinals(after.seq)
    retired = list(after.retired)
    for key_id in retired:
        verifier.retire(key_id)
    head_seq, head_link, newest = raw.ends()
    if after.seq:
        _check_place(after)
    if newest != after.seq:
        for seq, text, previous, seal_key in _follow(verifier, ordinals, newest, seen):
            if followed := check_rotation(keys, seq, text, previous, seal_key):
                verifier.retire(followed)
                retired.append(followed)
    _check_head(verifier, head_seq, head_link)
    return Sound(verifier.seq, verifier.link, check_pairs(after.seq, verifier.seq), tuple(retired))


def _follow(
    verifier: Verifier, ordinals: "Ordinals", newest: object, seen: Callable[[raw.Row], object]
) -> Iterator[tuple[int, str, str, str]]:
    """Stops at each rotation of a key: its seq, text, previous link and the id of the key that sealed it."""
    stored_time, step, follow = raw.stored_time(), verifier.step, ordinals.step
    for row in raw.rows(verifier.seq):
        step(*row[:7])
        follow(verifier.seq, check_columns(verifier.seq, row[1], row[7:], stored_time))
        seen(row)
        if row[_ACTION] in ROTATIONS:
            yield row[0], row[1], row[3], row[6]
        if verifier.seq == newest:
            return


class Ordinals:
    """Follows `team_n` and `key_n`: within each team and each key they count 1, 2, 3 without a gap.

    after: the seq up to which they were followed before; where they stood then is looked up when it is needed.
    """

    def __init__(self, after: int = 0) -> None:
        self._after = after
        self._teams: dict[object, int] = {}
        self._keys: dict[object, int] = {}

    def step(self, seq: int, numbers: Numbers) -> None:
        team_id, key_id, team_n, key_n = numbers
        teams, keys = self._teams, self._keys
        if team_n == teams.get(team_id, 0) + 1 and team_id in teams:
            teams[team_id] = team_n
        else:
            self._begin(seq, "team_n", teams, team_id, None, team_n)
        of_key = (team_id, key_id)
        if key_n == keys.get(of_key, 0) + 1 and of_key in keys:
            keys[of_key] = key_n
        else:
            self._begin(seq, "key_n", keys, None if key_id is None else team_id, key_id, key_n)

    def _begin(
        self, seq: int, name: str, newest: dict[object, int], team_id: int | None, key_id: int | None, found: int | None
    ) -> None:
        """The first of its team or key here, one that has no such number, or a wrong one."""
        if team_id is None:
            expected = None
        else:
            among = team_id if name == "team_n" else (team_id, key_id)
            expected = newest[among] + 1 if among in newest else self._stood(name, team_id, key_id) + 1
            newest[among] = expected
        if found != expected:
            raise ChainBroken(seq, name, short(expected), short(found))

    def _stood(self, name: str, team_id: int, key_id: int | None) -> int:
        if not self._after:
            return 0
        of_key, values = ("", [team_id]) if key_id is None else (" AND key_id = %s", [team_id, key_id])
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {name} FROM keys_record WHERE team_id = %s{of_key} AND seq <= %s"  # noqa: S608
                " ORDER BY seq DESC LIMIT 1",
                [*values, self._after],
            )
            row = cursor.fetchone()
        return row[0] if row and type(row[0]) is int else 0


def _check_place(after: Place) -> None:
    """The record that the last verdict ended with must still be there, as it was."""
    try:
        with raw.tolerant(), connection.cursor() as cursor:
            cursor.execute("SELECT link FROM keys_record WHERE seq = %s", [after.seq])
            row = cursor.fetchone()
    except UNREADABLE as error:
        raise CannotVerify(f"the ledger cannot be read ({type(error).__name__})") from None
    if row is None:
        raise ChainBroken(
            _first_missing(after.seq), "missing", f"record {after.seq}, verified before", "no such record"
        )
    if row[0] != after.link:
        raise ChainBroken(after.seq, "link", after.link, short(row[0]))


def _first_missing(seq: int) -> int:
    """The seq behind the newest that is still there below `seq`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(seq) FROM keys_record WHERE seq < %s", [seq])
        newest = cursor.fetchone()[0]
    return newest + 1 if type(newest) is int else 1


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
