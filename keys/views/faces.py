"""A face for each kind of thing that happens: an icon and a tone; the words are the action's own."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Face:
    """icon: of heroicons, 20 px. tone: good, warn, bad, info, or "" for everyday work."""

    icon: str
    tone: str = ""


PLAIN: Final = Face("document-text")

FACES: Final[dict[str, Face]] = {
    "key.edit": Face("pencil-square"),
    "key.disable": Face("no-symbol", "bad"),
    "key.enable": Face("check-circle", "good"),
    "key.settle": Face("eye"),
    "key.drift": Face("arrows-right-left", "warn"),
    "key.note": Face("tag"),
    "key": Face("key"),
    "keys.panic": Face("no-symbol", "bad"),
    "keys.panic_undo": Face("check-circle", "good"),
    "keys.export": Face("arrow-down-tray", "info"),
    "access.denied": Face("hand-raised", "bad"),
    "access_token.forget": Face("lock-open", "warn"),
    "access_token": Face("lock-closed", "info"),
    "sealing_key": Face("lock-closed", "info"),
    "ledger_key": Face("lock-closed", "info"),
    "checkpoint_key": Face("lock-closed", "info"),
    "person.sign_in": Face("arrow-right-end-on-rectangle"),
    "person.sign_in_failed": Face("exclamation-triangle", "warn"),
    "person.sign_out": Face("arrow-right-start-on-rectangle"),
    "person.password_change": Face("finger-print", "info"),
    "person": Face("user", "info"),
    "membership": Face("user-group", "info"),
    "team": Face("building-office", "info"),
    "ledger.export": Face("arrow-down-tray", "info"),
    "ledger": Face("book-open", "info"),
    "leak": Face("fire", "bad"),
}
"""By an action's name, else by what stands before its dot."""


def face_of(action: str) -> Face:
    return FACES.get(action) or FACES.get(action.partition(".")[0], PLAIN)
