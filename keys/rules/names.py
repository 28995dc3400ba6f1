"""Rules for short texts: the key's name, its group, the reason of a change."""

import re
import unicodedata
from collections.abc import Collection

from keys.rules.fault import Fault, RuleBroken
from keys.rules.fault import gettext_noop as _

NAME_MAX_CHARACTERS = 50
"""Reference page, `name`."""
NAME_MAX_BYTES = 50
"""What the family really counts, in UTF-8 (cometapi.md, "Editable fields")."""
REASON_MAX_CHARACTERS = 500
GROUP_MAX_CHARACTERS = 64

# C0, DEL, C1; line and paragraph separators; lone surrogates.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Composing shortens a text to a quarter at most. Longer ones are refused unread: ordering marks is quadratic.
_COMPOSES_TO_A_QUARTER = 4


def check_name(text: str) -> str:
    """The name as it will be saved: trimmed, NFC, 1 to 50 characters. Source: reference page, `name`; issue 2, 7."""
    name = text.strip()
    if not name:
        raise RuleBroken(Fault("name_empty", _("Give the key a name of 1 to 50 characters.")))
    if len(name) > NAME_MAX_CHARACTERS * _COMPOSES_TO_A_QUARTER:
        raise RuleBroken(_too_long(len(name)))
    _refuse_invisible(name)
    name = unicodedata.normalize("NFC", name)
    if len(name) > NAME_MAX_CHARACTERS:
        raise RuleBroken(_too_long(len(name)))
    return name


def name_warning(name: str) -> Fault | None:
    """A name that keeps our rule and that CometAPI may refuse all the same: the family counts bytes."""
    size = len(name.encode("utf-8", "surrogatepass"))
    if size <= NAME_MAX_BYTES:
        return None
    text = _("This name takes %(size)s bytes in UTF-8. CometAPI may count bytes and refuse more than %(limit)s.")
    return Fault("name_bytes", text, {"size": size, "limit": NAME_MAX_BYTES})


def check_reason(text: str) -> str:
    """The reason as it will be recorded: trimmed, at most 500 characters, line ends allowed. "" for none."""
    reason = text.strip()
    if len(reason) > REASON_MAX_CHARACTERS:
        message = _("The reason has %(length)s characters; at most %(limit)s are kept.")
        raise RuleBroken(Fault("reason_long", message, {"length": len(reason), "limit": REASON_MAX_CHARACTERS}))
    _refuse_invisible(reason.replace("\n", " ").replace("\r", " ").replace("\t", " "))
    return reason


def check_group(value: str, available: Collection[str] | None) -> str:
    """A group that the account may use, "" for none. Source: reference page, `group`.

    available: None when nobody can say which there are; then any name of a sane shape is let through.
    """
    if value == "" or (available is not None and value in available):
        return value
    if available is not None:
        choices = ", ".join(sorted(g for g in available if g))
        if not choices:
            raise RuleBroken(Fault("group_none", _("This account has no groups: leave the group empty.")))
        message = _("This group is not available to the account. Available: %(choices)s.")
        raise RuleBroken(Fault("group_unknown", message, {"choices": choices}))
    if len(value) > GROUP_MAX_CHARACTERS:
        message = _("A group's name has at most %(limit)s characters.")
        raise RuleBroken(Fault("group_long", message, {"limit": GROUP_MAX_CHARACTERS}))
    _refuse_invisible(value)
    if value != value.strip():
        raise RuleBroken(Fault("group_blank", _("A group's name has no blanks around it.")))
    return value


def invisible(text: str) -> Fault | None:
    """The fault of a text that holds control characters, lone surrogates, or bidi overrides and isolates."""
    hit = _CONTROL.search(text)
    if hit:
        message = _("Remove the control character U+%(code)s at place %(place)s.")
        return Fault("control", message, {"code": f"{ord(hit[0]):04X}", "place": hit.start() + 1})
    hit = _BIDI.search(text)
    if hit:
        message = _("Remove the invisible direction character U+%(code)s at place %(place)s.")
        return Fault("bidi", message, {"code": f"{ord(hit[0]):04X}", "place": hit.start() + 1})
    return None


def _refuse_invisible(text: str) -> None:
    fault = invisible(text)
    if fault:
        raise RuleBroken(fault)


def _too_long(length: int) -> Fault:
    message = _("The name has %(length)s characters; CometAPI takes at most %(limit)s.")
    return Fault("name_long", message, {"length": length, "limit": NAME_MAX_CHARACTERS})
