"""One scan over a pasted text: what may be our keys, in which lines, and what could not be read.

Linear in the text; what surrounds a secret does not matter. The caller drops the text afterwards.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from keys.leaks.candidate import LETTERS, USUAL, Candidate, Secret, Shape
from keys.leaks.undo import BREAK, class_map, decoded, from_hex, without_escapes

MOST_BYTES: Final = 16 * 1024 * 1024
MOST_FOUND: Final = 10_000
"""Different candidates that are looked up; what is beyond is counted."""
MOST_LINES: Final = 8
SHORTEST: Final = 16
"""Letters after `sk-` that make it worth a look."""

# Zero-width and soft characters that somebody's editor or chat may have put inside.
_HIDING: Final = "\xad\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\ufeff"
# What a terminal's colours are made of: `grep --color` puts them between `sk-` and the rest, and logs keep them.
_COLOURS: Final = re.compile(r"\x1b\[[0-9;:?]*[ -/]*[@-~]")
# ASCII in two bytes a character, wherever it stands: UTF-16 without its mark, or behind other text.
# Either order of the two: the first and the last NUL of a stretch make no difference.
_WIDE: Final = re.compile(rb"(?:[\t\n\r -~]\0){4,}")
_STARS: Final = re.compile(r"\*{4,}+")
# Each begins with letters of its own, so that a long text is gone through at once.
_MASKED: Final = (
    re.compile(r"sk-[A-Za-z0-9]{0,12}(?:\.{3}|\u2026|\u2022{3}|[xX#]{8})"),
    re.compile(r"REDACTED\b"),
)
# How a line may end inside a value, and begin again: quoted-printable, a shell's backslash, a box, a quotation, a
# comment, a diff. Nothing in it can be given back, so that a long text is gone through at once.
_END: Final = rf"[ \t]{{0,200}}+(?:[=\\|│┃][ \t]{{0,200}}+)?(?:\n|{BREAK}{{1,2}}+)[ \t>#+*/|│┃-]{{0,80}}+"
# How source code puts a text together from two literals.
_JOIN: Final = r"[\"'`][\s+.&|\\]{0,120}+[A-Za-z@$]{0,2}+[\"'`]"
_GAP: Final = rf"(?:{_END}|{_JOIN})(?!sk-)"
FULL_LINE: Final = 8
"""Letters of a line that is full: a value may go on behind it in a third line, and further."""
PACKED: Final = {
    b"PK\x03\x04": "zip",
    b"\x1f\x8b": "gzip",
    b"7z\xbc\xaf": "7z",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"%PDF": "PDF",
}


class Hit(NamedTuple):
    at: int
    values: tuple[str, ...]
    hidden: str


@dataclass(frozen=True, slots=True)
class Scan:
    """What one text held. bytes, lines: how much was read.

    unread: signs that are no text in its encoding. cut: bytes beyond the limit. beyond: candidates beyond the limit.
    masked: lines with a secret that somebody has masked already: nothing can be told of it. packed: the kind of
    archive that the text seems to be, "" for none. wrapped: it is made of so many escapes that not all were undone.
    """

    found: tuple[Candidate, ...]
    bytes: int
    lines: int
    unread: int = 0
    cut: int = 0
    beyond: int = 0
    masked: tuple[int, ...] = ()
    packed: str = ""
    wrapped: bool = False

    def __repr__(self) -> str:
        return f"<Scan of {self.bytes} bytes: {len(self.found)} candidates>"


@dataclass(slots=True)
class _Find:
    values: tuple[str, ...]
    hidden: str
    lines: list[int] = field(default_factory=list)
    count: int = 0


class _Lines:
    """Numbers of lines for places that are asked for in rising order."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._line = text, 0, 1

    def of(self, at: int) -> int:
        if at < self._at:
            self._at, self._line = 0, 1
        self._line += self._text.count("\n", self._at, at)
        self._at = at
        return self._line


class _Finds:
    """Candidates by what to try first, in the order in which they stood."""

    def __init__(self, shapes: tuple[Shape, ...]) -> None:
        self.shapes, self.beyond = shapes, 0
        self._known: dict[str, _Find] = {}

    def take(self, hits: Iterable[Hit], lines: _Lines) -> None:
        for hit in hits:
            find = self._known.get(hit.values[0])
            if find is None and len(self._known) >= MOST_FOUND:
                self.beyond += 1
                continue
            if find is None:
                find = self._known[hit.values[0]] = _Find(hit.values, hit.hidden)
            line = lines.of(hit.at)
            # What an escaped view shows once more in the same line is the same place.
            if line not in find.lines and (find.hidden == hit.hidden or not find.lines):
                find.count += 1
                if len(find.lines) < MOST_LINES:
                    find.lines.append(line)

    def candidates(self) -> tuple[Candidate, ...]:
        """A piece that is tried with a whole one, and has no shape of ours itself, is no candidate of its own."""
        parts = {value for find in self._known.values() for value in find.values[1:]}
        made = map(self._candidate, self._known.values())
        return tuple(one for one in made if one.shaped or one.values[0].reveal() not in parts)

    def _candidate(self, find: _Find) -> Candidate:
        fitting = [value for value in find.values if fits(self.shapes, value)]
        values = tuple(map(Secret, dict.fromkeys((*fitting, *find.values))))
        return Candidate(values, tuple(sorted(find.lines)), find.count, find.hidden, shaped=bool(fitting))


def fits(shapes: Iterable[Shape], value: str) -> bool:
    return any(shape.fits(value) for shape in shapes)


def scan(data: bytes, shapes: Collection[Shape] = ()) -> Scan:
    """Look through `data`, which may be anything. shapes: what our keys look like, as learned from those we know."""
    kept = data[:MOST_BYTES]
    text = _as_text(kept)
    kinds = tuple(dict.fromkeys((*shapes, USUAL)))
    finds, pattern = _Finds(kinds), _Pattern(kinds)
    plain, wrapped = without_escapes(text)
    plain = _COLOURS.sub("", plain)
    for view, hidden in ((text, ""), (plain, "escaped")):
        if hidden and plain == text:
            break
        finds.take(pattern.hits(view, hidden), _Lines(view))
        _take_encoded(view, pattern, finds)
    return Scan(
        found=finds.candidates(),
        bytes=len(kept),
        lines=text.count("\n") + bool(text and not text.endswith("\n")),
        unread=text.count("\ufffd"),
        cut=len(data) - len(kept),
        beyond=finds.beyond,
        masked=_masked_lines(text),
        packed=next((kind for start, kind in PACKED.items() if kept.startswith(start)), ""),
        wrapped=wrapped,
    )


def _as_text(data: bytes) -> str:
    """UTF-8, or UTF-16 as Windows writes it; without what hides, and with line feeds alone at the ends of lines."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", "replace")
    else:
        text = _narrow(data).decode("utf-8", "replace")
    for sign in _HIDING:
        text = text.replace(sign, "")
    return _COLOURS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _narrow(data: bytes) -> bytes:
    """With what is ASCII in two bytes a character in one. A NUL between two words stays between them."""
    return _WIDE.sub(lambda hit: hit[0][::2], data) if b"\0" in data else data


def _take_encoded(view: str, pattern: "_Pattern", finds: _Finds) -> None:
    lines = _Lines(view)
    for at, plain in _undone(view, pattern.shortest):
        finds.take((Hit(at, hit.values, "base64") for hit in pattern.hits(plain, "base64")), lines)
    lines = _Lines(view)
    for at, said in from_hex(view):
        finds.take((Hit(at, hit.values, "hex") for hit in pattern.hits(said, "hex")), lines)


def _undone(view: str, shortest: int) -> Iterator[tuple[int, str]]:
    """What stretches of base64 say, and what those inside them say: a Kubernetes secret in a file that GitHub tells."""
    for at, said in decoded(view, shortest):
        if not said.isascii():  # hardly text
            yield at, said
            continue
        plain = without_escapes(said)[0]
        yield at, plain
        for _, inner in decoded(plain, shortest):
            yield at, inner


def _masked_lines(text: str) -> tuple[int, ...]:
    """Lines in which stars, or what else masks, stand for the middle of a value."""
    found = set[int]()
    for places in (_starred(text), *((hit.start() for hit in one.finditer(text)) for one in _MASKED)):
        lines, told = _Lines(text), dict[int, None]()
        for place in places:
            told[lines.of(place)] = None
            if len(told) >= MOST_LINES:
                break
        found.update(told)
    return tuple(sorted(found)[:MOST_LINES])


def _starred(text: str) -> Iterator[int]:
    for hit in _STARS.finditer(text):
        before, after = text[max(0, hit.start() - 3) : hit.start()], text[hit.end() : hit.end() + 1]
        if before == "sk-" or (before[-1:].isalnum() and after.isalnum()):
            yield hit.start()


class _Pattern:
    """Where a candidate may stand, for the shapes given."""

    def __init__(self, shapes: tuple[Shape, ...]) -> None:
        others = "".join(sorted(set("".join(shape.others for shape in shapes))))
        sign = f"[A-Za-z0-9{re.escape(others)}]"
        self._shapes = shapes
        self._lengths = sorted({shape.length for shape in shapes if shape.length}, reverse=True)
        self.shortest = self._lengths[-1]
        self._least = min(SHORTEST, self.shortest)
        self._kinds = class_map((LETTERS + others).encode("latin-1", "replace"))
        # What follows in the next line is looked at and not taken: it may be the next secret.
        self._prefixed = re.compile(rf"sk-({sign}++)(?:(?={_GAP}({sign}{{1,200}}+))|(?<={sign}{{{self._least}}}))")
        self._further = re.compile(rf"{_GAP}({sign}{{1,200}}+)")

    def hits(self, text: str, hidden: str) -> Iterator[Hit]:
        """First those behind `sk-`, which says where a value begins; then runs of the very length of our keys."""
        for hit in self._prefixed.finditer(text):
            joined = self._joined(text, hit) if hit[2] else ()
            values = self._values(hit[1]) if len(hit[1]) >= self._least else ()
            if joined or values:
                yield Hit(hit.start(), joined + values, hidden or ("broken" if joined else ""))
        # Latin-1 has a byte a character, so that places stay what they are.
        kinds = b" " + text.encode("latin-1", "replace").translate(self._kinds) + b" "
        for length in self._lengths:
            needle, at = b" " + b"a" * length + b" ", -1
            while (at := kinds.find(needle, at + 1)) >= 0:
                if text[max(0, at - 3) : at] != "sk-":  # else it has been taken above
                    yield Hit(at, self._values(text[at : at + length]), hidden)

    def _values(self, run: str) -> tuple[str, ...]:
        """The whole, what stands before the first hyphen, and as much as our keys are long (trap 12)."""
        cut = [run[:length] for length in self._lengths if len(run) > length]
        return tuple(value for value in dict.fromkeys((run, run.partition("-")[0], *cut)) if value)

    def _joined(self, text: str, hit: re.Match[str]) -> tuple[str, ...]:
        """Values that the ends of lines have broken, if the pieces make one of a shape of ours.

        Of more than two pieces those between are full lines: as long as each other, and no shorter than the last.
        """
        run, width, at = hit[1] + hit[2], len(hit[2]), hit.end(2)
        while width >= FULL_LINE and len(run) < self._lengths[0]:
            piece = self._further.match(text, at)
            if piece is None or len(piece[1]) > width:
                break
            run, at = run + piece[1], piece.end()
            if len(piece[1]) < width:
                break
        lengths = [length for length in self._lengths if len(hit[1]) < length <= len(run)]
        return tuple(run[:length] for length in lengths if fits(self._shapes, run[:length]))
