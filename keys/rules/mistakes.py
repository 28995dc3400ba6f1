"""Names what is wrong with an allowlist entry that is none, and what was probably meant.

Only what is certain is offered: each "did you mean" is an entry that the rules accept.
"""

import re
from collections.abc import Callable, Iterator
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
    summarize_address_range,
)

from keys.redact import MASK, looks_secret
from keys.rules.fault import Fault
from keys.rules.fault import gettext_noop as _
from keys.rules.lists import AROUND_ENTRIES

_MAPPED_BITS = 96
_RANGE_NETWORKS = 8
"""A range is offered as networks up to this many."""

_V4 = r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
_PORT_V4 = re.compile(rf"({_V4})(?:/[0-9]+)?:[0-9]*")
_PORT_V6 = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::[0-9]*)?")
_WILDCARD = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){0,2}(?:\.[*xX]){1,3}")
_DOTTED = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_LEADING_ZERO = re.compile(r"(?:^|\.)0[0-9]")
_HOST_NAME = re.compile(r"(?=[^/]*[A-Za-z])[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+")
_DASHES = "-\u2013\u2014"


def name_mistake(entry: str) -> Fault:
    """The fault of an entry that does not parse."""
    return next(fault for find in _FINDERS if (fault := find(entry)))


def unmapped(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    """The IPv4 network inside `::ffff:…`, else the network itself."""
    if isinstance(network, IPv6Network) and network.prefixlen >= _MAPPED_BITS and network.network_address.ipv4_mapped:
        return IPv4Network((network.network_address.ipv4_mapped, network.prefixlen - _MAPPED_BITS))
    return network


def as_entry(text: str) -> str:
    """What the rules would take instead of an address or network that parses: no host bits, nothing mapped."""
    network = unmapped(ip_network(text, strict=False))
    return str(network) if "/" in text else str(network.network_address)


def _secret(entry: str) -> Fault | None:
    """One as it was pasted, or masked already, as the form shows it again. It is not quoted."""
    if MASK in entry or looks_secret(entry):
        message = _("This looks like a secret, and nothing of it was kept. Take it out, and give an IP address.")
        return Fault("secret", message)
    return None


def _wrapped(entry: str) -> Fault | None:
    """In quotes, as in a CSV file, or in what is left of a JSON list. One whole in brackets is told by `_port`."""
    bare = entry.strip(AROUND_ENTRIES)
    if bare in ("", entry) or _PORT_V6.fullmatch(entry):
        return None
    fits = "%" not in bare and _is_network(bare, strict=False)
    meant = as_entry(bare) if fits else str(name_mistake(bare).params.get("meant", ""))
    if not meant:
        return None
    message = _("%(entry)s: an entry has no quotes and no brackets around it. Did you mean %(meant)s?")
    return _fault("wrapped", message, entry, meant=meant)


def _digits(entry: str) -> Fault | None:
    if any(c.isdecimal() and not c.isascii() for c in entry):
        return _fault("digits", _("%(entry)s: write addresses with the digits 0 to 9."), entry)
    return None


def _url(entry: str) -> Fault | None:
    if "://" in entry:
        return _fault("url", _("%(entry)s is a web address. Give the IP address alone."), entry)
    return None


def _zone(entry: str) -> Fault | None:
    address, percent, _rest = entry.partition("%")
    if not percent:
        return None
    if ":" not in address or not _is_address(address):
        return _junk(entry)
    message = _("%(entry)s has a zone id, which only its own machine understands. Leave out what follows %(address)s.")
    return _fault("zone_id", message, entry, address=address)


def _port(entry: str) -> Fault | None:
    hit = _PORT_V4.fullmatch(entry) or _PORT_V6.fullmatch(entry)
    if not hit or not _is_address(hit[1]):
        return None
    message = _("%(entry)s: an entry has no port and no brackets. Did you mean %(meant)s?")
    return _fault("port", message, entry, meant=as_entry(hit[1]))


def _wildcard(entry: str) -> Fault | None:
    if "*" not in entry and not _WILDCARD.fullmatch(entry):
        return None
    if _WILDCARD.fullmatch(entry):
        given = [part for part in entry.split(".") if part.isdigit()]
        network = ".".join([*given, *["0"] * (4 - len(given))]) + f"/{8 * len(given)}"
        if entry.count(".") == 3 and _is_network(network):
            message = _("%(entry)s: wildcards are not understood. Did you mean %(meant)s?")
            return _fault("wildcard", message, entry, meant=network)
    return _fault("wildcard", _("%(entry)s: wildcards are not understood. Write a network, as 10.0.0.0/24."), entry)


def _range(entry: str) -> Fault | None:
    parts = re.split(f"[{_DASHES}]", entry)
    if len(parts) != 2 or not _is_address(parts[0]):
        return None
    first, last = parts
    if last.isascii() and last.isdigit() and "." in first:
        last = first.rpartition(".")[0] + "." + last
    networks = _networks_between(first, last)
    if networks is None:
        message = _("%(entry)s: ranges are not understood, and this one does not run from a lower to a higher address.")
        return _fault("range", message, entry)
    if len(networks) > _RANGE_NETWORKS:
        message = _("%(entry)s: ranges are not understood. Write it as networks; it takes %(count)s of them.")
        return _fault("range", message, entry, count=str(len(networks)))
    message = _("%(entry)s: ranges are not understood. Did you mean %(meant)s?")
    return _fault("range", message, entry, meant=", ".join(networks))


def _leading_zero(entry: str) -> Fault | None:
    address, slash, prefix = entry.partition("/")
    if not _DOTTED.fullmatch(address) or not _LEADING_ZERO.search(address):
        return None
    meant = ".".join(str(int(part)) for part in address.split(".")) + slash + prefix
    if not _is_network(meant):
        return _fault("leading_zero", _("%(entry)s has leading zeros, which some read as octal numbers."), entry)
    message = _("%(entry)s has leading zeros, which some read as octal numbers. Did you mean %(meant)s?")
    return _fault("leading_zero", message, entry, meant=meant)


def _prefix(entry: str) -> Fault | None:
    address, slash, prefix = entry.partition("/")
    if not slash or not _is_address(address):
        return None
    bits = ip_address(address).max_prefixlen
    if re.fullmatch("0|[1-9][0-9]{0,2}", prefix) and int(prefix) <= bits:
        message = _("%(entry)s has host bits set. Did you mean %(meant)s?")
        return _fault("host_bits", message, entry, meant=as_entry(entry))
    if "." in address and "." in prefix and _is_network(entry, strict=False):
        message = _("%(entry)s: give the number of bits, not a mask. Did you mean %(meant)s?")
        return _fault("netmask", message, entry, meant=as_entry(entry))
    message = _("%(entry)s: what follows the slash must be a number from 0 to %(bits)s.")
    return _fault("prefix", message, entry, bits=str(bits))


def _octets(entry: str) -> Fault | None:
    address = entry.partition("/")[0]
    if not _DOTTED.fullmatch(address):
        return None
    parts = address.split(".")
    if len(parts) != 4:
        message = _("%(entry)s: an IPv4 address has four numbers; here are %(count)s.")
        return _fault("octets", message, entry, count=str(len(parts)))
    return _fault("octet_high", _("%(entry)s: each number of an IPv4 address is at most 255."), entry)


def _host_name(entry: str) -> Fault | None:
    if _HOST_NAME.fullmatch(entry.partition("/")[0].partition(":")[0]):
        return _fault("host_name", _("%(entry)s is a host name. Give its IP address."), entry)
    return None


def _junk(entry: str) -> Fault:
    return _fault("junk", _("%(entry)s is not an IP address or network, such as 203.0.113.7 or 2001:db8::/32."), entry)


_FINDERS: tuple[Callable[[str], Fault | None], ...] = (
    _secret,
    _wrapped,
    _digits,
    _url,
    _zone,
    _port,
    _wildcard,
    _range,
    _leading_zero,
    _prefix,
    _octets,
    _host_name,
    _junk,
)
"""In the order in which they are asked; the last one always answers."""


def _fault(code: str, message: str, entry: str, **params: str) -> Fault:
    return Fault(code, message, {"entry": entry, **params})


def _is_address(text: str) -> bool:
    return _is_network(text) and "/" not in text


def _is_network(text: str, strict: bool = True) -> bool:
    try:
        ip_network(text, strict=strict)
    except ValueError:
        return False
    return text.isascii()


def _networks_between(first: str, last: str) -> list[str] | None:
    if not _is_address(last):
        return None
    low, high = ip_address(first), ip_address(last)
    if low.version != high.version or int(low) > int(high):
        return None
    return [as_entry(network) for network in _summary(low, high)]


def _summary(low: IPv4Address | IPv6Address, high: IPv4Address | IPv6Address) -> Iterator[str]:
    if isinstance(low, IPv4Address) and isinstance(high, IPv4Address):
        networks: Iterator[IPv4Network] | Iterator[IPv6Network] = summarize_address_range(low, high)
    else:
        networks = summarize_address_range(IPv6Address(int(low)), IPv6Address(int(high)))
    for network in networks:
        single = network.num_addresses == 1
        yield str(network.network_address) if single else str(network)
