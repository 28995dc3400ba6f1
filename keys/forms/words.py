"""How a broken rule is said on a page: translated, with nothing in it that must not be shown."""

from django.utils.translation import gettext

from keys.redact import escape_visible, mask
from keys.rules import Fault

_QUOTED_CHARACTERS = 60


def say(fault: Fault) -> str:
    """The fault's sentence in the reader's language. What was typed is quoted masked, escaped and in short."""
    params = {name: _quoted(value) if isinstance(value, str) else value for name, value in fault.params.items()}
    return gettext(fault.message) % params


def _quoted(text: str) -> str:
    # Masked before it is cut: a cut secret would not look like one.
    safe = escape_visible(mask(text))
    # A list of what can be chosen or was meant holds blanks and is given whole.
    return safe if len(safe) <= _QUOTED_CHARACTERS or ", " in safe else safe[:_QUOTED_CHARACTERS] + "…"
