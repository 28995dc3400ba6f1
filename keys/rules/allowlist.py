"""Rules for `allow_ips`, strict because CometAPI is not: it deletes commas, skips what it cannot read, and locks
everybody out when nothing can be read (cometapi.md trap 11). Format: reference page, `allow_ips`."""

import re
from ipaddress import ip_network

from keys.rules.fault import Fault, RuleBroken
from keys.rules.fault import gettext_noop as _
from keys.rules.lists import LIST_MAX_CHARACTERS, refuse, split_list
from keys.rules.mistakes import as_entry, name_mistake, unmapped

ENTRY_MAX_CHARACTERS = 100
_BLANKS_AROUND_DASH = re.compile(r"(?<!\s)\s+([-\u2013\u2014])\s+")
_ODD_PREFIX = re.compile(r"/(?!(?:0|[1-9][0-9]{0,2})\Z)")


def check_allow_ips(text: str) -> str | None:
    """A pasted allowlist as it will be saved: one canonical entry a line, repeats dropped; None for no restriction.

    Raises RuleBroken with the faults of all entries together.
    """
    entries: dict[str, None] = {}
    faults: list[Fault] = []
    for entry in split_entries(text):
        try:
            entries[check_entry(entry)] = None
        except RuleBroken as broken:
            faults.extend(broken.broken)
    refuse(faults)
    return "\n".join(entries) or None


def split_entries(text: str) -> list[str]:
    """The entries of a pasted allowlist, as they were typed. Raises RuleBroken for more than anybody can mean."""
    if len(text) <= LIST_MAX_CHARACTERS:
        # A range with blanks around its dash is one entry, to be named as the range it is.
        text = _BLANKS_AROUND_DASH.sub(r"\1", text)
    return split_list(text)


def check_entry(entry: str) -> str:
    """One address or network in canonical form. Raises RuleBroken with a message of its own for each usual mistake."""
    if len(entry) > ENTRY_MAX_CHARACTERS:
        message = _("%(entry)s is too long to be an address.")
        raise RuleBroken(Fault("entry_long", message, {"entry": entry}))
    # The standard library takes zone ids and masks such as /255.255.255.0, which CometAPI does not.
    plain = entry.isascii() and "%" not in entry and not _ODD_PREFIX.search(entry)
    try:
        network = ip_network(entry) if plain else None
    except ValueError:
        network = None
    if network is None:
        raise RuleBroken(name_mistake(entry))
    if unmapped(network) != network:
        message = _("%(entry)s is an IPv4 address written as IPv6. Did you mean %(meant)s?")
        raise RuleBroken(Fault("mapped", message, {"entry": entry, "meant": as_entry(entry)}))
    return as_entry(entry)
