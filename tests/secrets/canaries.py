"""Secrets planted to be looked for, and the search for any twelve characters of them, however they were written."""

import base64
import binascii
import html
import re
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

SLICE = 12
# Of these are a slice of a canary and its base64 made; whatever else stands between two of them ends a run.
_RUN = re.compile(rf"[A-Za-z0-9+/_=-]{{{SLICE},}}")
_JSON_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_HEX = re.compile(rf"[0-9a-fA-F]{{{2 * SLICE},}}")
_SIGNED = re.compile(r"\.(eJ[A-Za-z0-9_-]{8,})")


@dataclass(frozen=True)
class Hit:
    """What of which canary was found where."""

    canary: str
    place: str
    found: str


@dataclass
class Search:
    """canaries: name -> the secret's bytes. Evidence is taken in piece by piece; what repeats is looked at once."""

    canaries: dict[str, bytes]
    hits: list[Hit] = field(default_factory=list)
    looked: int = 0
    _clean: dict[frozenset[str], set[str]] = field(default_factory=dict)
    _pieces: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._learn(self.canaries)

    def plant(self, name: str, secret: str) -> None:
        """One more, known only now (a session's id); what was taken in before is not looked at again."""
        self.canaries[name] = secret.encode()
        self._learn({name: secret.encode()})
        self._clean.clear()

    def take(self, place: str, data: bytes, besides: Collection[str] = ()) -> None:
        """besides: canaries that may stand in this place."""
        self.looked += 1
        for name, secret in self.canaries.items():
            if name not in besides and not secret.isascii() and any(piece in data for piece in _slices(secret)):
                self.hits.append(Hit(name, place, "its bytes"))
        clean = self._clean.setdefault(frozenset(besides), set())
        for view in _views(data.decode("latin-1")):
            for run in _RUN.findall(view):
                if run not in clean and not self._look(place, run, besides):
                    clean.add(run)

    def _learn(self, canaries: dict[str, bytes]) -> None:
        for name, secret in canaries.items():
            for piece in _written(secret):
                self._pieces[piece] = name

    def _look(self, place: str, run: str, besides: Collection[str]) -> bool:
        for at in range(len(run) - SLICE + 1):
            name = self._pieces.get(run[at : at + SLICE])
            if name and name not in besides:
                self.hits.append(Hit(name, place, run[max(0, at - 8) : at + SLICE + 8]))
                return True
        return False


def _slices(secret: bytes) -> Iterator[bytes]:
    for at in range(len(secret) - SLICE + 1):
        yield secret[at : at + SLICE]


def _written(secret: bytes) -> Iterator[str]:
    """Every slice as it is, where it is text, and as it stands inside any base64 of it."""
    if secret.isascii():
        yield from (piece.decode() for piece in _slices(secret))
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for before in range(3):
            whole = encode(b"\0" * before + secret).rstrip(b"=").decode()
            # The first and the last characters also tell of what stands around it.
            sure = whole[-(-before * 4 // 3) : -1]
            yield from (sure[at : at + SLICE] for at in range(len(sure) - SLICE + 1))


def _views(text: str) -> Iterator[str]:
    """The text, and what it says when HTML, URL, JSON, hex escapes and our signed, compressed values are undone."""
    yield text
    plain = _JSON_ESCAPE.sub(lambda hit: chr(int(hit[1], 16)), text)
    yield from {html.unescape(text), unquote(text, "latin-1"), plain} - {text}
    for run in set(_HEX.findall(text)):
        for shifted in (run, run[1:]):
            yield bytes.fromhex(shifted[: len(shifted) // 2 * 2]).decode("latin-1")
    for packed in set(_SIGNED.findall(text)):
        try:
            yield zlib.decompress(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))).decode("latin-1")
        except (zlib.error, binascii.Error):
            continue
