"""What a broken rule says: a code for programs, a sentence for people, translated only where it is shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from keys.errors import Invalid


def gettext_noop(text: str) -> str:
    """Marks a sentence for translation and leaves it as it is: the rules know no Django."""
    return text


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken rule. message: an English sentence with `%(name)s` places, to be translated. params: what goes there.

    Texts in `params` are as they were typed: whoever shows them masks secrets and escapes what cannot be seen.
    """

    code: str
    message: str
    params: Mapping[str, str | int] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message % self.params


class RuleBroken(Invalid):
    """Raised by every `check_*` and `parse_*`. broken: all faults found, at least one. Nothing was sent."""

    def __init__(self, *broken: Fault, field: str = "") -> None:
        self.broken = broken
        super().__init__({field: [str(fault) for fault in broken]})
