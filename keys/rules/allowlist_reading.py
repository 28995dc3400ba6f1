"""What an allowlist says, entry by entry: described, counted, and asked whether it lets an address in. Pure, linear.

The faults are those of `check_entry`, so that the editor and the form use the same words.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from keys.rules.admits import Network, is_open, lines_of, network_of
from keys.rules.allowlist import check_entry, split_entries
from keys.rules.fault import Fault, RuleBroken
from keys.rules.fault import gettext_noop as _
from keys.rules.mistakes import unmapped


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. typed: as it stands in the text. canonical: as it will be saved, "" for one with a fault.

    covered_by: another entry, as typed, that lets in all of this one; the same one again when it is a repeat.
    """

    typed: str
    canonical: str = ""
    network: Network | None = None
    fault: Fault | None = None
    covered_by: str = ""
    repeats: bool = False

    @property
    def meant(self) -> tuple[str, ...]:
        """What was probably meant, each an entry that the rules accept; () where nobody can say."""
        said = str(self.fault.params.get("meant", "")) if self.fault else ""
        return tuple(said.split(", ")) if said else ()


def read_entries(text: str) -> tuple[Entry, ...]:
    """Every entry of a pasted allowlist, in order. Raises RuleBroken for a list that is too long to be read."""
    entries = [_read(typed) for typed in split_entries(text)]
    covers = _covers(entries)
    return tuple(_placed(entry, covers.get(at)) for at, entry in enumerate(entries))


def merged(entries: Iterable[Entry]) -> str:
    """The list without repeats and without entries that another one covers, one a line; faulty ones are kept."""
    return "\n".join(entry.canonical or entry.typed for entry in entries if not entry.covered_by)


def one_a_line(entries: Iterable[Entry]) -> str:
    return "\n".join(entry.canonical or entry.typed for entry in entries)


def mended(entries: Iterable[Entry]) -> str:
    """Each faulty entry replaced by what was probably meant, where that is known."""
    return "\n".join("\n".join(entry.meant) or entry.canonical or entry.typed for entry in entries)


def who_lets_in(networks: Iterable[Network | None], address: Network) -> int | None:
    """The place of the first of `networks` that lets this one address in; None when none does."""
    own = unmapped(address)
    for at, network in enumerate(networks):
        if network is not None and network.version == own.version and own.subnet_of(network):  # type: ignore[arg-type]
            return at
    return None


def check_one_address(text: str) -> Network:
    """A single typed address. Raises RuleBroken with the words of the list's own faults, or for a network."""
    typed = split_entries(text)
    if len(typed) != 1:
        raise RuleBroken(Fault("one_address", _("Give one address.")))
    try:
        network = unmapped(ip_network(typed[0])) if typed[0].isascii() and "%" not in typed[0] else None
    except ValueError:
        network = None
    if network is None:
        check_entry(typed[0])  # says what is wrong with it
        raise RuleBroken(Fault("one_address", _("Give one address.")))
    if network.num_addresses > 1:
        message = _("%(entry)s is a network. Give one address of it.")
        raise RuleBroken(Fault("one_address", message, {"entry": typed[0]}))
    return network


def opens_to(allow_ips: str | None) -> str:
    """Whom a list as it will be saved lets in without looking: `everyone`, `ipv4`, `ipv6` or `both`; "" for none.

    `everyone` is the empty list. Halves that make up the whole together count as the whole.
    """
    if not allow_ips:
        return "everyone"
    networks = [ip_network(line) for line in allow_ips.split("\n")]
    whole4 = _is_whole([n for n in networks if isinstance(n, IPv4Network)])
    whole6 = _is_whole([n for n in networks if isinstance(n, IPv6Network)])
    return "both" if whole4 and whole6 else "ipv4" if whole4 else "ipv6" if whole6 else ""


def challenge_of(before: str | None, after: str | None) -> str:
    """What has to be confirmed before `after` replaces the stored `before`: as `opens_to`, "" for nothing."""
    opens = opens_to(after)
    return "" if opens == "everyone" and is_open(before) else opens


def check_opening(before: str | None, after: str | None, confirmed: str) -> None:
    """A list that opens the key widely is saved only when just that was confirmed. Raises RuleBroken."""
    challenge = challenge_of(before, after)
    if challenge and confirmed != challenge:
        raise RuleBroken(Fault(f"opens_{challenge}", OPENINGS[challenge]))


OPENINGS = {
    "everyone": _("With no entry left, the key works from every address. Confirm this below, or keep an entry."),
    "ipv4": _("This list lets in every IPv4 address. Confirm this below, or take out what opens it."),
    "ipv6": _("This list lets in every IPv6 address. Confirm this below, or take out what opens it."),
    "both": _("This list lets in every address. Confirm this below, or take out what opens it."),
}


def as_stored(allow_ips: str) -> tuple[Network | None, ...]:
    """The lines of a stored list as CometAPI reads them (`keys.rules.admits`), None for one that it skips.

    () only for no list at all. Empty lines are left out, but for one where nothing else stands: it locks everybody out.
    """
    if is_open(allow_ips):
        return ()
    return tuple(network_of(line) for line in lines_of(allow_ips) if line) or (None,)


def _read(typed: str) -> Entry:
    try:
        canonical = check_entry(typed)
    except RuleBroken as broken:
        return Entry(typed, fault=broken.broken[0])
    return Entry(typed, canonical, ip_network(canonical))


def _placed(entry: Entry, cover: tuple[Entry, bool] | None) -> Entry:
    if cover is None:
        return entry
    other, repeats = cover
    return Entry(entry.typed, entry.canonical, entry.network, None, other.typed, repeats)


def _covers(entries: list[Entry]) -> dict[int, tuple[Entry, bool]]:
    """Place of an entry -> the one that covers it, and whether it is the very same network.

    Networks nest or are apart. So, sorted by first address and size, the last one that nothing covers decides.
    """
    found: dict[int, tuple[Entry, bool]] = {}
    for version in (4, 6):
        own = [(at, entry) for at, entry in enumerate(entries) if entry.network and entry.network.version == version]
        own.sort(key=lambda pair: _order(pair[0], pair[1].network))
        last: Entry | None = None
        for at, entry in own:
            if last and last.network and entry.network and entry.network.subnet_of(last.network):  # type: ignore[arg-type]
                found[at] = (last, last.network == entry.network)
            else:
                last = entry
    return found


def _order(at: int, network: Network | None) -> tuple[int, int, int]:
    return (int(network.network_address), network.prefixlen, at) if network else (0, 0, at)


def _is_whole(networks: list[IPv4Network] | list[IPv6Network]) -> bool:
    collapsed: list[Network] = list(collapse_addresses(networks))  # type: ignore[type-var, arg-type]
    return any(network.prefixlen == 0 for network in collapsed)
