"""The allowlist of a form as people read it: each entry described, what can be done about it, what has to be confirmed.

Texts that were typed are shown escaped and with secrets masked; an entry is named by a digest of its text, so that
no text has to travel in a button.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from keys.forms.key import KeyForm
from keys.forms.rendered import same_line_ends
from keys.forms.words import say
from keys.redact import escape_visible, mask
from keys.rules import RuleBroken
from keys.rules.admits import Network
from keys.rules.allowlist_reading import (
    Entry,
    as_stored,
    challenge_of,
    check_one_address,
    merged,
    read_entries,
    who_lets_in,
)

MOST_LINES = 300
FIND_MAX_CHARACTERS = 100
_EXACT_TO = 2**32


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as it is shown. token: names it in a button. cover: what lets it in already, "" for nothing."""

    token: str
    text: str
    version: str = ""
    size: str = ""
    fault: str = ""
    meant: tuple[str, ...] = ()
    cover: str = ""
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to what was typed into the box. tone: good (let in), bad (not), info (nothing to be said of it)."""

    tone: str
    text: str


@dataclass(frozen=True, slots=True)
class Own:
    """The reader's address as this dashboard sees it. inside: let in already. odd: not one of the internet."""

    address: str
    inside: bool
    odd: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """What there is to say of a list. unread: why it was not read, "" when it was. misread: CometAPI reads the stored
    list otherwise than it looks. left_out: entries that are not among `lines`. challenge: see `challenge_of`."""

    find: str = ""
    unread: str = ""
    lines: tuple[Line, ...] = ()
    total: int = 0
    left_out: int = 0
    faulty: int = 0
    mendable: int = 0
    needless: int = 0
    summary: str = ""
    misread: bool = False
    verdict: Verdict | None = None
    own: Own | None = None
    challenge: str = ""
    confirmed: bool = False


@dataclass(slots=True)
class _Case:
    """Everything that a reading is made of."""

    form: KeyForm
    find: str
    client: str
    text: str = field(init=False)
    entries: tuple[Entry, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.text = text_of(self.form)
        self.entries = read_entries(self.text)

    @property
    def stored(self) -> str | None:
        """The stored list, when the text is still the one that the form showed for it."""
        untouched = same_line_ends(self.text) == self.form.initial["allow_ips"]
        return (self.form.base.settings.allow_ips or "") if untouched else None

    @property
    def networks(self) -> Sequence[Network | None]:
        """What CometAPI would go by: the stored list as it reads it, else the typed one as it would be saved."""
        return [entry.network for entry in self.entries] if self.stored is None else as_stored(self.stored)


def text_of(form: KeyForm) -> str:
    return str(form["allow_ips"].value() or "")


def reading(form: KeyForm, *, find: str = "", client: str = "") -> Reading:
    """find: what stands in the box above the list. client: the reader's address, "" when it is not known."""
    find = find.strip()[:FIND_MAX_CHARACTERS]
    shown_find = escape_visible(mask(find))
    try:
        case = _Case(form, find, client)
    except RuleBroken as broken:
        return Reading(shown_find, unread=say(broken.broken[0]))
    shown = sorted((e for e in case.entries if _matches(e, find)), key=lambda entry: entry.fault is None)
    faulty = [entry for entry in case.entries if entry.fault]
    challenge = _challenge(case)
    return Reading(
        find=shown_find,
        lines=tuple(map(_line, shown[:MOST_LINES])),
        total=len(case.entries),
        left_out=len(case.entries) - min(len(shown), MOST_LINES),
        faulty=len(faulty),
        mendable=sum(1 for entry in faulty if entry.meant),
        needless=sum(1 for entry in case.entries if entry.covered_by),
        summary=_summary(case),
        misread=_misread(case),
        verdict=_verdict(case),
        own=_own(case),
        challenge=challenge,
        confirmed=bool(challenge) and form["allow_ips_confirmed"].value() == challenge,
    )


def token_of(entry: Entry) -> str:
    return hashlib.sha256(entry.typed.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _line(entry: Entry) -> Line:
    token, text = token_of(entry), shown_text(entry.typed)
    if entry.fault:
        return Line(token, text, fault=say(entry.fault), meant=entry.meant)
    if entry.network is None:
        raise ValueError("an entry is read or has a fault")
    return Line(
        token,
        entry.canonical,
        version=f"IPv{entry.network.version}",
        size=addresses(entry.network.num_addresses),
        cover=shown_text(entry.covered_by),
        repeats=entry.repeats,
    )


def shown_text(typed: str) -> str:
    safe = escape_visible(mask(typed))
    return safe if len(safe) <= 60 else safe[:60] + "…"


def addresses(count: int) -> str:
    """`256 addresses`; very many as a power of two."""
    if count <= _EXACT_TO:
        return ngettext("%(n)s address", "%(n)s addresses", count) % {"n": f"{count:,}"}
    return _("2^%(bits)s addresses") % {"bits": count.bit_length() - 1}


def _summary(case: _Case) -> str:
    entries = case.entries
    if not entries and case.networks:  # a stored list of commas and line ends alone
        return _("No entry can be read: nobody is let in.")
    if not entries:
        return _("No entry: the key works from every address.")
    parts = [ngettext("%(n)s entry", "%(n)s entries", len(entries)) % {"n": f"{len(entries):,}"}]
    for version in (4, 6):
        own = [e.network for e in entries if e.network and e.network.version == version and not e.covered_by]
        if own:
            count = sum(network.num_addresses for network in own)
            about = _("more than ") if count > _EXACT_TO and count.bit_count() > 1 else ""
            parts.append(f"IPv{version}: {about}{addresses(count)}")
    return " · ".join(parts)


def _matches(entry: Entry, find: str) -> bool:
    """Does this entry hold the text, or let in the address, that is looked for?"""
    if not find or find.lower() in entry.typed.lower() or find.lower() in entry.canonical:
        return True
    try:
        return who_lets_in([entry.network], check_one_address(find)) is not None
    except RuleBroken:
        return False


def _verdict(case: _Case) -> Verdict | None:
    if not case.find:
        return None
    try:
        address = check_one_address(case.find)
    except RuleBroken as broken:
        found = sum(1 for entry in case.entries if _matches(entry, case.find))
        if found:
            text = ngettext("%(n)s entry has this in it.", "%(n)s entries have this in them.", found)
            return Verdict("info", text % {"n": found})
        return Verdict("info", say(broken.broken[0]))
    name, networks = str(address.network_address), case.networks
    if not networks:
        return Verdict("good", _("%(address)s is let in: without an entry, every address is.") % {"address": name})
    at = who_lets_in(networks, address)
    if at is None:
        return Verdict("bad", _("%(address)s is not let in: no entry covers it.") % {"address": name})
    entry = _named(networks[at])
    if entry == name:
        return Verdict("good", _("%(address)s is let in: it is an entry itself.") % {"address": name})
    return Verdict("good", _("%(address)s is let in by %(entry)s.") % {"address": name, "entry": entry})


def _named(network: Network | None) -> str:
    single = network is not None and network.num_addresses == 1
    return str(network.network_address) if network is not None and single else str(network)


def _own(case: _Case) -> Own | None:
    try:
        address = check_one_address(case.client.removeprefix("::ffff:"))
    except RuleBroken:
        return None
    inside = who_lets_in(case.networks, address) is not None
    return Own(str(address.network_address), inside, not address.network_address.is_global)


def _misread(case: _Case) -> bool:
    if not case.stored:
        return False
    return {entry.network for entry in case.entries} != set(case.networks)


def _challenge(case: _Case) -> str:
    if case.stored is not None or any(entry.fault for entry in case.entries):
        return ""
    return challenge_of(case.form.base.settings.allow_ips, merged(case.entries) or None)
