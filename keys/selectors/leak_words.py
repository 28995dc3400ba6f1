"""How the leak desk's words and levels are told to people. Records and rows keep the names, never these."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise

WHY: Final[dict[str, Words]] = {
    "ledger": _(
        "Nothing can be recorded now, so nothing is sent. It is tried again. Disable the key in the CometAPI console."
    ),
    "no_access_token": _("The team has no access token that works here. Disable the key in the CometAPI console."),
    "held_back": _("It could not be sent from here. It is tried again."),
    "not_sent": _("CometAPI could not be reached, so nothing was sent. It is tried again."),
    "still_enabled": _("CometAPI took it, yet the key still reads enabled. It is sent again."),
    "disable_refused": _(
        "CometAPI refused to disable it. It is tried again; disable the key in the CometAPI console too."
    ),
    "unclear": _("CometAPI gave no clear answer. The key is read again, and disabled again if it still reads enabled."),
    "cached": _(
        "CometAPI still accepts the secret: its servers may act upon an old reading for a minute. It is tried again."
    ),
    "elsewhere": _("CometAPI answers 403: not from this address or group. That is not dead. It is tried again."),
    "no_answer": _("CometAPI gave no clear answer when the secret was tried. It is tried again."),
    "control": _("A made-up secret was not refused either, so a refusal means nothing now. It is tried again."),
    "never_accepted": _(
        "The secret is refused, but it was never seen to be accepted from here, so that proves little: an allowlist, "
        "a used-up quota or an expiry has it refused too."
    ),
    "no_secret": _(
        "The secret is destroyed, so it cannot be tried any more: nothing beyond what stands here can be proven."
    ),
    "unread": _(
        "The secret is refused, but the key could not be read, so its counter cannot be compared. It is tried again."
    ),
    "spending": _("The secret is refused, but more was used up since. The counter has to stand still first."),
    "enabled_here": _(
        "Somebody enabled this key again here, on purpose: see its history. It is not disabled again by itself."
    ),
}
"""What keeps the next level from being proven."""

LEVELS: Final[dict[str, tuple[Words, str]]] = {
    "found": (_("Not disabled"), "bad"),
    "pressed": (_("Not sent yet"), "bad"),
    "sent": (_("Sent"), "warn"),
    "gone": (_("No longer exists at CometAPI"), "warn"),
    "disabled": (_("Reads disabled"), "warn"),
    "refused": (_("Refused"), "good"),
    "again": (_("Still refused"), "good"),
    "last": (_("Still refused after 10 minutes"), "good"),
}
"""Level of proof -> its words and its tone. Amber until it is proven that the secret is dead."""

STEPS: Final[tuple[tuple[str, Words], ...]] = (
    ("pressed", _("Disable pressed")),
    ("sent", _("Sent to CometAPI")),
    ("disabled", _("Reads disabled")),
    ("refused", _("Refused: tried with the secret itself")),
    ("again", _("Still refused 70 seconds later, nothing used up")),
    ("last", _("Still refused 10 minutes later, nothing used up")),
)

UNCOUNTED: Final[dict[str, Words]] = {
    "again": _("Still refused 70 seconds later; deleted, so its counter cannot be read"),
    "last": _("Still refused 10 minutes later; deleted, so its counter cannot be read"),
}
"""Levels that were reached by the secret alone."""

HIDDEN: Final[dict[str, Words]] = {
    "escaped": _("in escaped text"),
    "base64": _("inside base64"),
    "hex": _("inside hexadecimal digits"),
    "broken": _("in several pieces"),
}

DESTROYED: Final[dict[str, Words]] = {
    "time": _("They are held for 15 minutes at most, and these were over."),
    "closed": _("The incident was closed."),
    "proven": _("Each key was proven dead by its last try."),
}
"""Why the secrets of an incident were destroyed."""

ASKED: Final[dict[str, Words]] = {
    "known": _("CometAPI knows it: a key of an account that is in no team here"),
    "unknown": _("CometAPI does not know it: nobody's key, or deleted"),
    "failed": _("CometAPI did not answer"),
}
