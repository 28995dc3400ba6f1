"""What a button beside the allowlist does to its text. Pure: a text goes in, a text and what was done come out."""

from collections.abc import Callable, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from keys.forms.allowlist import shown_text, token_of
from keys.rules import RuleBroken
from keys.rules.allowlist_reading import Entry, check_one_address, mended, merged, one_a_line, read_entries

Done = tuple[str, str]
"""The text afterwards, and what was done in a sentence; the same text and "" where nothing was."""


def acted(text: str, act: str, client: str) -> Done:
    """act: what the button posted, such as `merge` or `remove:<token>`. client: the reader's address."""
    verb, _colon, token = act.partition(":")
    if verb not in _ACTS:
        return text, ""
    try:
        return _ACTS[verb](read_entries(text), token, client) or (text, "")
    except RuleBroken:  # a list too long to be read, an address that is none: the reading says so
        return text, ""


def _remove(entries: Sequence[Entry], token: str, _client: str) -> Done | None:
    """One entry; of several alike the last one."""
    places = [at for at, entry in enumerate(entries) if token_of(entry) == token]
    if not places:
        return None
    left = "\n".join(entry.typed for at, entry in enumerate(entries) if at != places[-1])
    return left, _("Removed %(entry)s.") % {"entry": shown_text(entries[places[-1]].typed)}


def _mend(entries: Sequence[Entry], token: str, _client: str) -> Done | None:
    """One faulty entry, or all without a token, replaced by what was probably meant."""
    meant = [entry for entry in entries if entry.meant and token in ("", token_of(entry))]
    if not meant:
        return None
    text = "\n".join(mended([entry]) if entry in meant else entry.typed for entry in entries)
    return text, ngettext("Put %(n)s entry right.", "Put %(n)s entries right.", len(meant)) % {"n": len(meant)}


def _merge(entries: Sequence[Entry], _token: str, _client: str) -> Done | None:
    needless = sum(1 for entry in entries if entry.covered_by)
    if not needless:
        return None
    said = ngettext("Took out %(n)s needless entry.", "Took out %(n)s needless entries.", needless)
    return merged(entries), said % {"n": needless}


def _lines(entries: Sequence[Entry], _token: str, _client: str) -> Done | None:
    return one_a_line(entries), _("Wrote one entry a line.")


def _add(entries: Sequence[Entry], _token: str, client: str) -> Done | None:
    address = str(check_one_address(client.removeprefix("::ffff:")).network_address)
    return "\n".join([*(entry.typed for entry in entries), address]), _("Added %(entry)s.") % {"entry": address}


_ACTS: dict[str, Callable[[Sequence[Entry], str, str], Done | None]] = {
    "remove": _remove,
    "mend": _mend,
    "merge": _merge,
    "lines": _lines,
    "add": _add,
}
