"""A record's shown columns against its text, fast: most records need neither an escape nor a cut.

The body is left out of the parsing. No column shows any of it, and its bytes are hashed with the rest.
"""

import json
from collections.abc import Callable
from operator import itemgetter, le
from typing import Any

from keys.errors import ChainBroken
from keys.ledger.chain import short
from keys.ledger.columns import COLUMNS, INTEGERS, REASON_WIDTH, WIDTHS, columns_of

_VALUES = itemgetter(*COLUMNS)
_TEXTS = slice(1, len(COLUMNS) - len(INTEGERS))
_LONGEST = (*WIDTHS.values(), REASON_WIDTH)

Numbers = tuple[int | None, ...]
"""team_id, key_id, team_n, key_n."""


def check_columns(seq: int, text: str, found: tuple[Any, ...], stored_time: Callable[[str], str]) -> Numbers:
    """Compare what `keys.ledger.raw.rows` found with the text. Raises ChainBroken with the first that differs."""
    try:
        expected = _expected(text, stored_time)
    except (ValueError, LookupError, TypeError, AttributeError):
        raise ChainBroken(seq, "text", "a record of this format", short(text)) from None
    if found != expected:
        for name, wanted, value in zip(COLUMNS, expected, found, strict=True):
            if wanted != value:
                raise ChainBroken(seq, name, short(wanted), short(value))
    return expected[-len(INTEGERS) :]


def _expected(text: str, stored_time: Callable[[str], str]) -> tuple[Any, ...]:
    said = json.loads(_without_body(text))
    values: tuple[Any, ...] = _VALUES(said)
    texts = values[_TEXTS]
    # Whatever would be escaped is unprintable, but for the line ends of a reason; the slow way tells those apart.
    if not "".join(texts).isprintable() or not all(map(le, map(len, texts), _LONGEST)):
        values = tuple(columns_of(said).values())
    return (stored_time(values[0]), *values[1:])


def _without_body(text: str) -> str:
    """The text without its body. Sorted names put `body` behind `address` and before `change`; inside a string each
    quote has a backslash before it, so the first and the last place found are those of the record itself.
    """
    begins, ends = text.find(',"body":{'), text.rfind('},"change":"')
    return text[:begins] + text[ends + 1 :] if 0 < begins < ends else text
