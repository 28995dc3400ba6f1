"""A record's shown columns against its text, fast: for most records it is enough to see that the text begins and ends
with just what the columns say. All others are parsed.

The body stands between and is not looked at: no column shows any of it, and its bytes are hashed with the rest.
"""

import json
from collections.abc import Callable
from functools import lru_cache
from json.encoder import encode_basestring_ascii as _quoted  # as `keys.ledger.chain.canonical` writes a text
from operator import itemgetter, le
from typing import Any

from keys.errors import ChainBroken
from keys.ledger.chain import VERSION, short
from keys.ledger.columns import COLUMNS, INTEGERS, REASON_WIDTH, WIDTHS, columns_of

_WHOLE = frozenset((int, type(None)))
_HEAD_WIDTHS = itemgetter("action", "actor", "actor_id", "actor_kind", "actor_role", "address")(WIDTHS)
_NAME_WIDTHS = itemgetter("outcome", "team", "key_name")(WIDTHS)
_OWN_WIDTHS = (WIDTHS["change"], REASON_WIDTH, WIDTHS["request_id"])
_REMEMBERED = 4_096
_NONCE = 32

Numbers = tuple[int | None, ...]
"""team_id, key_id, team_n, key_n."""


def check_columns(seq: int, text: str, found: tuple[Any, ...], stored_time: Callable[[str], str]) -> Numbers:
    """Compare what `keys.ledger.raw.rows` found with the text. Raises ChainBroken with the first that differs."""
    if _says(text, found, stored_time):
        return found[-len(INTEGERS) :]
    try:
        columns = columns_of(json.loads(text))
        columns["time"] = stored_time(columns["time"])
        expected = tuple(columns.values())
    except (ValueError, LookupError, TypeError, AttributeError):
        raise ChainBroken(seq, "text", "a record of this format", short(text)) from None
    if found != expected:
        for name, wanted, value in zip(COLUMNS, expected, found, strict=True):
            if wanted != value:
                raise ChainBroken(seq, name, short(wanted), short(value))
    return expected[-len(INTEGERS) :]


def _says(text: str, found: tuple[Any, ...], stored_time: Callable[[str], str]) -> bool:
    """Does the text, around its body, say exactly these values, with none that would have to be escaped or cut?

    False only means that it has to be parsed. What would be escaped is unprintable, and so is the end of a line, which
    a reason keeps.
    """
    time, action, outcome, actor_kind, actor_id, actor, role, address, *others = found
    request_id, team, key_name, change, reason, team_id, key_id, team_n, key_n = others
    try:
        head = _head(action, actor, actor_id, actor_kind, role, address)
        names = _names(outcome, team, key_name)
        own = _exactly((change, reason, request_id), _OWN_WIDTHS)
    except TypeError:  # a value of another type
        return False
    if head is None or names is None or own is None or not _WHOLE.issuperset(map(type, found[-len(INTEGERS) :])):
        return False
    outcome, team, key_name = names
    change, reason, request_id = own
    middle = (
        f'}},"change":"{change}","key_id":{"null" if key_id is None else key_id},'
        f'"key_n":{"null" if key_n is None else key_n},"key_name":"{key_name}","nonce":"'
    )
    tail = (
        f'","outcome":"{outcome}","reason":"{reason}","request_id":"{request_id}",'
        f'"team":"{team}","team_id":{"null" if team_id is None else team_id},'
        f'"team_n":{"null" if team_n is None else team_n},"time":"'
    )
    time_at = len(text) - len(_END) - _TIME
    tail_at = time_at - len(tail)
    middle_at = tail_at - _NONCE - len(middle)
    return (
        middle_at >= len(head)
        and text.startswith(head)
        and text.startswith(middle, middle_at)
        and text.startswith(tail, tail_at)
        and text.endswith(_END)
        and stored_time(text[time_at : time_at + _TIME]) == time
    )


@lru_cache(_REMEMBERED)
def _head(action: str, actor: str, actor_id: str, actor_kind: str, role: str, address: str) -> str | None:
    """How a text begins that says these: the same for many records. None where it has to be parsed."""
    texts = _exactly((action, actor, actor_id, actor_kind, role, address), _HEAD_WIDTHS)
    if texts is None:
        return None
    action, actor, actor_id, actor_kind, role, address = texts
    return (
        f'{{"action":"{action}","actor":"{actor}","actor_id":"{actor_id}",'
        f'"actor_kind":"{actor_kind}","actor_role":"{role}","address":"{address}","body":{{'
    )


@lru_cache(_REMEMBERED)
def _names(outcome: str, team: str, key_name: str) -> tuple[str, ...] | None:
    return _exactly((outcome, team, key_name), _NAME_WIDTHS)


def _exactly(texts: tuple[str, ...], widths: tuple[int, ...]) -> tuple[str, ...] | None:
    """As they stand in a text, None where one is escaped or cut. Raises TypeError for what is none."""
    joined = "".join(texts)
    if not joined.isprintable() or not all(map(le, map(len, texts), widths)):
        return None
    if joined.isascii() and '"' not in joined and "\\" not in joined:
        return texts
    return tuple(_quoted(one)[1:-1] for one in texts)


_END = f'","v":{VERSION}}}'
_TIME = len("2026-11-24T03:52:51.123000Z")
