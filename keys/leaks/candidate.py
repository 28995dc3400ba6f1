"""What may be a secret of ours: a value that never prints itself, and where it stood."""

import secrets
import string
from dataclasses import dataclass
from typing import Final, NoReturn

LETTERS: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
KINDS: Final = {"0-9": string.digits, "A-Z": string.ascii_uppercase, "a-z": string.ascii_lowercase}


class Secret:
    """Holds a key's value in clear, without `sk-`, for as long as it is needed; asked for by name alone."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "<Secret>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "<Secret>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and secrets.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not to be pickled")


@dataclass(frozen=True, slots=True)
class Shape:
    """What our keys' secrets look like. charset: kinds of characters, as `keys.fingerprints.charset_of` has them."""

    length: int
    charset: str

    @property
    def others(self) -> str:
        """The characters that are no letters and digits."""
        return self.charset.replace("0-9", "").replace("A-Z", "").replace("a-z", "")

    @property
    def alphabet(self) -> str:
        return "".join(members for name, members in KINDS.items() if name in self.charset) + self.others

    def fits(self, value: str) -> bool:
        """Is it of this length, of these kinds of characters, and with some of each kind?

        A long random value without a digit or without a capital is no accident: it is another vendor's.
        """
        if len(value) != self.length or not set(value) <= set(self.alphabet):
            return False
        kinds = [members for name, members in KINDS.items() if name in self.charset]
        return all(any(char in members for char in value) for members in kinds)

    def made_up(self) -> str:
        """A random value of this shape, which nobody has."""
        alphabet = self.alphabet or LETTERS
        while True:
            value = "".join(secrets.choice(alphabet) for _ in range(self.length))
            if self.length < 3 or self.fits(value):
                return value


USUAL: Final = Shape(48, "0-9A-Za-z")
"""`sk-` and 48 letters and digits (cometapi.md, trap 12)."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One value that stood in the text. values: what to try, the likeliest first (trap 12).

    lines: where, from 1, the first few of them; count: how often. hidden: "" as it is, `escaped`, `base64`, `hex` or
    `broken` (in several pieces). shaped: has it the very shape of our keys?
    """

    values: tuple[Secret, ...]
    lines: tuple[int, ...]
    count: int
    hidden: str
    shaped: bool
