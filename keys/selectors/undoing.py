"""Which of the history's changes took back which other one, as their records tell it."""

from collections.abc import Iterable, Mapping
from typing import Any

from keys.ledger.actions import Action
from keys.models import Record
from keys.selectors.telling import body_of


def answered(records: Iterable[Record]) -> dict[int, int]:
    """seq of each of these records that answers another one -> seq of that one."""
    found = {record.seq: body_of(record).get("answers") for record in records}
    return {seq: to for seq, to in found.items() if isinstance(to, int) and 0 < to < seq}


def takes_back(record: Record, other: Record) -> bool:
    """Does what `record` asked for undo what `other` asked for, and nothing else? Both begin a change of one key.

    Of a quota the difference counts, since it is spent meanwhile. Undoing a disable also puts back what that altered.
    """
    same_key = (record.team_id, record.key_id) == (other.team_id, other.key_id)
    if not same_key or not other.change or other.outcome:
        return False
    now, was = _changed(record), _changed(other)
    common = now.keys() & was.keys()
    besides = now.keys() - was.keys()
    if not common or (besides and other.action != Action.KEY_DISABLE):
        return False
    return all(_reversed(field, now[field], was[field]) for field in common)


def _reversed(field: str, now: tuple[Any, Any], was: tuple[Any, Any]) -> bool:
    if field == "remain_quota" and all(isinstance(units, int) for units in (*now, *was)):
        return bool(now[1] - now[0] == was[0] - was[1])
    return (now[1] or "") == (was[0] or "")


def _changed(record: Record) -> Mapping[str, tuple[Any, Any]]:
    """Nothing of what damage has made of it."""
    pairs = body_of(record).get("changed")
    if not isinstance(pairs, dict):
        return {}
    return {field: (pair[0], pair[1]) for field, pair in pairs.items() if isinstance(pair, list) and len(pair) == 2}
