"""Undoes what a text was wrapped in on its way: escapes of JSON, addresses and HTML, base64, hex. Linear, never raises.

Line ends inside escapes become `BREAK`, so that the lines of what comes out are those of what went in.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from html.entities import html5
from typing import Final

ROUNDS: Final = 3
"""JSON inside JSON inside an address: deeper than that nothing real goes."""
MOST_ESCAPES: Final = 2_000_000
"""Of one text; a text made of more is noise."""
BREAK: Final = "\v"
"""Stands for a line's end that was escaped."""
LEAST_ENCODED: Final = 24
"""Letters that are looked at as base64, however short our keys are: shorter ones are words and paths."""

_ESCAPE: Final = re.compile(
    r"""\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[nrtbfv0"'/\\])|%[0-9a-fA-F]{2}"""
    r"""|&(?:\#(?:[0-9]{1,7}|[xX][0-9a-fA-F]{1,6})|[a-zA-Z]{2,8});"""
)
_B64: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"

# From `sk-` on, as digits: `xxd -p`, a dump of a database.
_HEX: Final = re.compile(r"736[bB]2[dD](?:[0-9a-fA-F]{2}){16,}+")


def class_map(members: bytes) -> bytes:
    """For `bytes.translate`: members become `a`, all else a blank, so that runs can be found at the speed of `find`."""
    return bytes(ord("a") if sign in members else ord(" ") for sign in range(256))


_IS_B64: Final = class_map(_B64)


class _Table(dict[str, str]):
    """Escape -> what it says; each kind is worked out once."""

    def __missing__(self, escape: str) -> str:
        self[escape] = said = _said(escape)
        return said


def without_escapes(text: str) -> tuple[str, bool]:
    """`text` with its escapes undone, as often as they were done; and whether there were too many of them for that."""
    table, left = _Table(), MOST_ESCAPES
    for _ in range(ROUNDS):
        if "\\" not in text and "%" not in text and "&" not in text:
            return text, False
        text, done = _ESCAPE.subn(lambda hit: table[hit[0]], text, count=left)
        left -= done
        if left <= 0:
            return text, True
        if not done:
            return text, False
    return text, False


def decoded(text: str, length: int) -> Iterator[tuple[int, str]]:
    """Every stretch of base64 in `text`: where it begins, and what it says, undone at each of the four alignments.

    length: of the shortest value that is looked for in it.

    Something before it, such as the slash of a path, may look like a part of it.
    """
    for start, letters in _stretches(text, max(LEAST_ENCODED, length * 4 // 3 - 4)):
        letters = letters.replace("-", "+").replace("_", "/")
        for skipped in range(4):
            piece = letters[skipped:]
            piece = piece[: len(piece) - (len(piece) % 4 == 1)]
            try:
                said = base64.b64decode(piece + "=" * (-len(piece) % 4)).replace(b"\0", b"")
            except (binascii.Error, ValueError):
                continue
            yield start, said.decode("latin-1")
            if said.isascii():
                break  # at any other alignment it would be noise


def from_hex(text: str) -> Iterator[tuple[int, str]]:
    """Every stretch of hexadecimal digits that says `sk-` and more: where it begins, and what it says."""
    for hit in _HEX.finditer(text):
        yield hit.start(), bytes.fromhex(hit[0]).decode("latin-1")


def _stretches(text: str, least: int) -> Iterator[tuple[int, str]]:
    """Runs of base64, those that were broken into lines (MIME, PEM, GitHub's JSON) put together again."""
    kinds = text.encode("latin-1", "replace").translate(_IS_B64)
    needle, at = b"a" * least, 0
    while (start := kinds.find(needle, at)) >= 0:
        parts, begin, at = list[str](), start, _end(kinds, start)
        parts.append(text[begin:at])
        while at - begin >= least and text[at : at + 1] in ("\n", BREAK):
            begin = at + 1
            while text[begin : begin + 1] in (" ", "\t", BREAK):
                begin += 1
            at = _end(kinds, begin)
            parts.append(text[begin:at])
        yield start, "".join(parts)


def _end(kinds: bytes, start: int) -> int:
    end = kinds.find(b" ", start)
    return end if end >= 0 else len(kinds)


def _said(escape: str) -> str:
    if escape[0] == "\\" and escape[1] not in "ux":
        return BREAK if escape[1] in "nr" else " " if escape[1] in "tbfv0" else escape[1]
    if escape[0] == "&" and escape[1] != "#":
        return _one_line(html5.get(escape[1:], escape))
    digits = escape.strip("\\&#;%uxX")
    number = int(digits, 10 if escape[0] == "&" and escape[2] not in "xX" else 16)
    return _one_line(chr(number)) if number < 0x110000 else escape


def _one_line(text: str) -> str:
    return BREAK if text in ("\n", "\r") else " " if text == "\0" else text
