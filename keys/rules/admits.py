"""Whom an allowlist lets in, as CometAPI reads it and not as we write it (cometapi.md trap 11).

Blanks are removed, commas deleted and not split, what does not parse is skipped; a list in which nothing parses lets
nobody in, and one that is empty everybody.
"""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from keys.rules.fault import Fault, RuleBroken
from keys.rules.fault import gettext_noop as _
from keys.rules.mistakes import unmapped

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
_FORM = re.compile(r"[0-9A-Fa-f.:]{2,45}(?:/[0-9]{1,3})?")
"""The standard library also takes zone ids and masks such as /255.255.255.0, which CometAPI skips."""


def parse_address(text: str) -> Address:
    """One address as somebody typed it. Raises RuleBroken."""
    typed = text.strip()
    if "/" in typed:
        message = _("%(text)s is a network. Give one address, such as 203.0.113.9.")
        raise RuleBroken(Fault("address_network", message, {"text": typed}))
    try:
        address = ip_address(typed) if _FORM.fullmatch(typed) else None
    except ValueError:
        address = None
    if address is None:
        message = _("%(text)s is not an IP address. Give one such as 203.0.113.9 or 2001:db8::7.")
        raise RuleBroken(Fault("address_junk", message, {"text": typed}))
    return getattr(address, "ipv4_mapped", None) or address


def is_open(allow_ips: str | None) -> bool:
    """Is there no restriction at all?"""
    return not (allow_ips or "").replace(" ", "")


def lets_in(allow_ips: str | None, address: Address) -> bool:
    """Does this allowlist let the address in? An address comes from `parse_address`."""
    if is_open(allow_ips):
        return True
    at = int(address)
    lines = map(_bounds, lines_of(allow_ips or ""))
    return any(version == address.version and first <= at <= last for version, first, last in lines)


def lines_of(allow_ips: str) -> list[str]:
    """A stored list as CometAPI splits it, blanks and commas deleted; some may be empty."""
    return [line.strip().replace(",", "") for line in allow_ips.replace(" ", "").split("\n")]


def network_of(line: str) -> Network | None:
    """What CometAPI reads in one of `lines_of`, host bits let pass; None for what it skips."""
    try:
        return unmapped(ip_network(line, strict=False)) if _FORM.fullmatch(line) else None
    except ValueError:
        return None


@lru_cache(maxsize=65_536)
def _bounds(line: str) -> tuple[int, int, int]:
    """(4 or 6, first address, last address) of one line; (0, 0, 0) for what is skipped."""
    network = network_of(line)
    if network is None:
        return 0, 0, 0
    return network.version, int(network.network_address), int(network.broadcast_address)
