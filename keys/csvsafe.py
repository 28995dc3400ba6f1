"""Rows of a CSV file (RFC 4180) that no spreadsheet takes for anything but text and numbers. Pure."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from keys.redact import escape_visible

BOM: Final = "\ufeff"
"""Without it a common spreadsheet reads names in Arabic or Chinese as something else."""
FORMULA: Final = "=+-@|%\t\r\uff1d\uff0b\uff0d\uff20"
"""What begins a formula or a command, fullwidth forms among them."""
_BLANK: Final = " \u00a0\u3000'\""
_BEGINS: Final = re.compile(rf"[\n{_BLANK}]*[{re.escape(FORMULA)}]")
_BEGINS_WITHIN: Final = re.compile(rf"[;\r\n](?=[{_BLANK}]*[{re.escape(FORMULA)}])")

Cell = str | int | None


def lines(rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """One text a row, ended by CRLF. Numbers stay numbers, negative ones too; None is empty."""
    writer = csv.writer(_Echo(), lineterminator="\r\n")
    for row in rows:
        yield writer.writerow([cell(value) for value in row])


def cell(value: Cell) -> str | int:
    """A text with what cannot be seen written out, and nothing in it that a spreadsheet would run."""
    if value is None:
        return ""
    if isinstance(value, int):
        return value
    return harmless(escape_visible(value, keep="\n"))


def harmless(text: str) -> str:
    """An apostrophe before all that would begin a formula, blanks and quotes apart.

    At the text's beginning, and behind every `;` and line end in it too: where lists are separated by `;` (Excel in
    German or French), a file with commas is cut there. So a text may come out altered in its middle, JSON in a cell as
    well: who needs it to the letter takes JSON Lines.
    """
    within = _BEGINS_WITHIN.sub(r"\g<0>'", text)
    return f"'{within}" if _BEGINS.match(text) else within


class _Echo:
    """`csv` writes into this and gets its text back."""

    def write(self, text: str) -> str:
        return text
