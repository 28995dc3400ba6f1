"""From a record's text to its shown and searched columns: the one function that writer and verifier share.

A column holds the escaped text, cut to its width: first escaped, then cut, so that the same text gives the same column
for ever. Part of the final format, and so is `redact.escape_visible`: tests pin what it does to every character.
"""

from collections.abc import Mapping
from typing import Any

from keys.redact import escape_visible

WIDTHS: dict[str, int] = {
    "action": 40,
    "outcome": 16,
    "actor_kind": 12,
    "actor_id": 40,
    "actor": 400,
    "actor_role": 16,
    "address": 64,
    "request_id": 64,
    "team": 200,
    "key_name": 800,
    "change": 36,
}
"""Text columns and how many characters of the escaped text they keep."""

REASON_WIDTH = 8000

INTEGERS = ("team_id", "key_id", "team_n", "key_n")
"""Columns that are integers or null."""

COLUMNS: tuple[str, ...] = ("time", *WIDTHS, "reason", *INTEGERS)
"""Everything that `columns_of` gives, in its order."""

_WIDTHS = tuple(WIDTHS.items())


def columns_of(said: Mapping[str, Any]) -> dict[str, Any]:
    """said: the parsed text of a record. `time` stays text. Raises KeyError or TypeError when said is no record's."""
    columns: dict[str, Any] = {"time": said["time"]}
    for name, width in _WIDTHS:
        columns[name] = escape_visible(said[name])[:width]
    columns["reason"] = escape_visible(said["reason"], keep="\n")[:REASON_WIDTH]
    for name in INTEGERS:
        columns[name] = said[name]
    return columns
