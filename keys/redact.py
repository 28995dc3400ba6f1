"""Finds secrets in text, masks them, and makes invisible characters visible. Pure, and linear.

A secret is told by its shape alone: nothing here knows any secret. Too much is rather found than too little, but for
what people do write: UUIDs, model ids, dates, addresses, words and short commit ids are none.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

MASK = "**********"

# Part of the ledger's format for ever (its columns are compared through it): literal ranges, never unicodedata.
# C0, DEL and C1 controls; line and paragraph separator; bidi embeddings, overrides and isolates; lone surrogates.
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

# What somebody may put inside a secret without it looking any different: zero-width and control characters.
_HIDING = re.compile("[\x00-\x08\x0e-\x1f\x7f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")

# Each of these begins only where a run of its own characters begins, so that no text is walked twice.
_SK = re.compile(r"(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{16,}", re.IGNORECASE)
_SK_WRAPPED = re.compile(r"(?<![A-Za-z0-9])sk-\s?[A-Za-z0-9]{4,}(?:\s{1,2}[A-Za-z0-9]{4,})+", re.IGNORECASE)
_BEARER = re.compile(r"\bBearer[ \t]{1,8}([A-Za-z0-9._~+/=-]{8,})", re.IGNORECASE)
_JWT = re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?")
_RUN = re.compile(r"[A-Za-z0-9+_]{20,}={0,2}")
_PIECE = re.compile(r"[A-Za-z0-9+]{20,}")
_PLAIN_RUN = re.compile(r"[A-Za-z0-9]{16,}")
_DIGIT = re.compile(r"[0-9]")
_LETTER = re.compile(r"[A-Za-z]")
_STARS = re.compile(r"\*{3,}")

_CLASSES = str.maketrans(
    {chr(c): "d" for c in range(0x30, 0x3A)}
    | {chr(c): "u" for c in range(0x41, 0x5B)}
    | {chr(c): "l" for c in range(0x61, 0x7B)}
)
# Upper to lower is left out: it is how every capitalised word begins.
_CHANGES = ("ld", "dl", "lu", "du", "ud")
_SURE_LENGTH = 32
_CHANGES_PER_CHARACTER = 0.22
"""Random letters and digits change their class at 0.4 and more of the characters, words and identifiers below 0.2."""


class Span(NamedTuple):
    """Where a secret stands: text[start:end]."""

    start: int
    end: int


def find_secrets(text: str) -> list[Span]:
    """Every stretch that has a secret's shape, in order, not overlapping."""
    bare = _HIDING.sub("", text)
    found = sorted(_candidates(bare))
    if found and len(bare) < len(text):
        original = _Positions(text)
        found = [Span(original(span.start), original(span.end - 1) + 1) for span in found]
    merged: list[Span] = []
    for span in found:
        if merged and span.start < merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged


def looks_secret(text: str) -> bool:
    """Is there a secret in it?"""
    return bool(find_secrets(text))


def mask(text: str) -> str:
    """`text` with every secret in it masked."""
    parts: list[str] = []
    at = 0
    for span in find_secrets(text):
        parts += [text[at : span.start], masked_secret(text[span.start : span.end])]
        at = span.end
    return "".join([*parts, text[at:]])


def masked_secret(secret: str) -> str:
    """What may be shown and kept of a secret: its first four and last four characters, nothing of a short one.

    One that upstream has masked already (`abcd**********wxyz`, trap 12) keeps what it shows, within the same bounds.
    """
    stars = _STARS.search(secret)
    if stars:
        tail = secret[secret.rindex("*") + 1 :]
        return secret[: stars.start()][:4] + MASK + tail[-4:]
    return secret[:4] + MASK + secret[-4:] if len(secret) >= 20 else MASK


def escape_visible(text: str, keep: str = "") -> str:
    r"""`text` with control, bidi and line separator characters and lone surrogates written as `\u202e`.

    keep: characters to leave alone, such as the line ends of a text of many lines. What comes out can always be
    encoded as UTF-8 and stored in any database.
    """
    return _INVISIBLE.sub(lambda hit: hit[0] if hit[0] in keep else f"\\u{ord(hit[0]):04x}", text)


class _Positions:
    """Maps places in a text without what hides to places in the text itself."""

    def __init__(self, text: str) -> None:
        self._starts, self._shifts = [0], [0]
        for hit in _HIDING.finditer(text):
            self._starts.append(hit.start() - self._shifts[-1])
            self._shifts.append(self._shifts[-1] + hit.end() - hit.start())

    def __call__(self, at: int) -> int:
        return at + self._shifts[bisect_right(self._starts, at) - 1]


def _candidates(text: str) -> Iterator[Span]:
    for hit in _SK.finditer(text):
        if _DIGIT.search(hit[0]) or _PLAIN_RUN.search(hit[0]):
            yield Span(*hit.span())
    for hit in _SK_WRAPPED.finditer(text):
        yield from _wrapped(hit[0], hit.start())
    for hit in _BEARER.finditer(text):
        if _DIGIT.search(hit[1]) or len(hit[1]) >= 24:
            yield Span(*hit.span(1))
    for hit in _JWT.finditer(text):
        yield Span(*hit.span())
    for hit in _RUN.finditer(text):
        if _is_random(hit[0].rstrip("=")) or any(map(_is_random, _PIECE.findall(hit[0]))):
            yield Span(*hit.span())


def _wrapped(text: str, start: int) -> Iterator[Span]:
    """A secret broken over lines or blanks: goes on as long as its pieces are mixed as no word is."""
    end = 3
    length = 0
    for piece in re.finditer(r"[A-Za-z0-9]+", text[3:]):
        if not _is_mixed(piece[0]):
            break
        end = 3 + piece.end()
        length += len(piece[0])
    if length >= _SURE_LENGTH:
        yield Span(start, start + end)


def _is_mixed(piece: str) -> bool:
    """Letters and digits both; or, where chance left the digits out, a long one with a capital inside."""
    if _DIGIT.search(piece):
        return bool(_LETTER.search(piece))
    return len(piece) >= 12 and "lu" in piece.translate(_CLASSES)


def _is_random(run: str) -> bool:
    """Letters and digits mixed as no word mixes them. From 32 characters without `_` on, any mixture counts."""
    if len(run) < 20 or not _DIGIT.search(run) or not _LETTER.search(run):
        return False
    if len(run) >= _SURE_LENGTH and "_" not in run:
        return True
    classes = run.replace("_", "").translate(_CLASSES)
    changes = [classes.count(change) for change in _CHANGES]
    return sum(changes) >= _CHANGES_PER_CHARACTER * len(classes)
