"""A record's shown columns against its text, fast: for most records it is enough to see that the text begins and ends
with just what the columns say. All others are parsed.

The body stands between and is not looked at: no column shows any of it, and its bytes are hashed with the rest.
"""

import json
from collections.abc import Callable
from json.encoder import encode_basestring_ascii as _quoted  # as `keys.ledger.chain.canonical` writes a text
from operator import le
from typing import Any

from keys.errors import ChainBroken
from keys.ledger.chain import VERSION, short
from keys.ledger.columns import COLUMNS, INTEGERS, REASON_WIDTH, WIDTHS, columns_of

_TEXTS = slice(1, len(COLUMNS) - len(INTEGERS))
_LONGEST = (*WIDTHS.values(), REASON_WIDTH)
_WHOLE = (int, type(None))
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
    team_id, key_id, team_n, key_n = found[-len(INTEGERS) :]
    texts = found[_TEXTS]
    try:
        joined = "".join(texts)
        if not joined.isprintable() or not all(map(le, map(len, texts), _LONGEST)):
            return False
    except TypeError:  # a value of another type
        return False
    if '"' in joined or "\\" in joined:
        texts = tuple(_quoted(one)[1:-1] for one in texts)
    elif not joined.isascii():  # mostly a name or two
        texts = tuple([one if one.isascii() else _quoted(one)[1:-1] for one in texts])
    action, outcome, actor_kind, actor_id, actor, role, address, request_id, team, key_name, change, reason = texts
    head = (
        f'{{"action":"{action}","actor":"{actor}","actor_id":"{actor_id}",'
        f'"actor_kind":"{actor_kind}","actor_role":"{role}","address":"{address}","body":{{'
    )
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
    middle_ends = time_at - len(tail) - _NONCE
    return (
        text.startswith(head)
        and text.startswith(middle, middle_ends - len(middle))
        and text.startswith(tail, time_at - len(tail))
        and text.endswith(_END)
        and middle_ends - len(middle) >= len(head)
        and stored_time(text[time_at : time_at + _TIME]) == found[0]
        and type(team_id) in _WHOLE
        and type(key_id) in _WHOLE
        and type(team_n) in _WHOLE
        and type(key_n) in _WHOLE
    )


_END = f'","v":{VERSION}}}'
_TIME = len("2026-11-24T03:52:51.123000Z")
