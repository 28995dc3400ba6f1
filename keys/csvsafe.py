"""Rows of a CSV file (RFC 4180) that no spreadsheet takes for anything but text and numbers. Pure."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from keys.redact import escape_visible

BOM: Final = "\ufeff"
"""Without it a common spreadsheet reads names in Arabic or Chinese as something else."""
_FORMULA: Final = frozenset("=+-@|%\t\r\uff1d\uff0b\uff0d\uff20")
"""What begins a formula or a command, fullwidth forms among them."""
_BLANK: Final = " \t\r\n\u00a0\u3000'\""

Cell = str | int | None


def lines(rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """One text a row, ended by CRLF. Numbers stay numbers, negative ones too; None is empty."""
    writer = csv.writer(_Echo(), lineterminator="\r\n")
    for row in rows:
        yield writer.writerow([cell(value) for value in row])


def cell(value: Cell) -> str | int:
    """A text with what cannot be seen written out, and an apostrophe before what a spreadsheet would run."""
    if value is None:
        return ""
    if isinstance(value, int):
        return value
    text = escape_visible(value, keep="\n")
    return f"'{text}" if text.lstrip(_BLANK)[:1] in _FORMULA and text.lstrip(_BLANK) else text


class _Echo:
    """`csv` writes into this and gets its text back."""

    def write(self, text: str) -> str:
        return text
