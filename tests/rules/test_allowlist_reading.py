"""What an allowlist says: each entry described as `ipaddress` means it, covered ones found, addresses answered."""

import time
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import rules
from keys.rules import allowlist_reading as reading
from keys.rules.admits import lets_in, parse_address

pytestmark = pytest.mark.dbfree

v4 = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)).map(lambda p: str(ip_network(p, strict=False)))
v6 = st.tuples(st.integers(0, 2**128 - 1), st.integers(0, 128)).map(lambda p: str(ip_network(p, strict=False)))
# Few enough bits that entries often cover each other.
near = st.tuples(st.integers(0, 63), st.integers(26, 32)).map(lambda p: str(ip_network(p, strict=False)))
entries = st.lists(st.one_of(near, near, v4, v6.filter(lambda n: not n.startswith("::ffff:"))), max_size=12)


def test_entries_are_described_in_order() -> None:
    found = reading.read_entries("203.0.113.0/24, 203.0.113.9 nonsense 2001:DB8::1 203.0.113.0/24")

    assert [(e.typed, e.canonical, e.covered_by, e.repeats) for e in found] == [
        ("203.0.113.0/24", "203.0.113.0/24", "", False),
        ("203.0.113.9", "203.0.113.9", "203.0.113.0/24", False),
        ("nonsense", "", "", False),
        ("2001:DB8::1", "2001:db8::1", "", False),
        ("203.0.113.0/24", "203.0.113.0/24", "203.0.113.0/24", True),
    ]
    assert [e.fault.code if e.fault else None for e in found] == [None, None, "junk", None, None]


@pytest.mark.parametrize(
    "typed", ["1.2.3.4/24", "10.0.0.1-3", "1.2.3.4:80", "host.example", "::ffff:1.2.3.4", "x" * 101]
)
def test_faults_are_the_forms_own(typed: str) -> None:
    (entry,) = reading.read_entries(typed)

    with pytest.raises(rules.RuleBroken) as refused:
        rules.check_allow_ips(typed)
    assert (entry.fault,) == refused.value.broken


def test_what_was_meant_is_taken() -> None:
    found = reading.read_entries("203.0.113.5/24 10.0.0.1-10.0.0.3 hello 1.1.1.1")

    assert [entry.meant for entry in found] == [("203.0.113.0/24",), ("10.0.0.1", "10.0.0.2/31"), (), ()]
    assert reading.mended(found) == "203.0.113.0/24\n10.0.0.1\n10.0.0.2/31\nhello\n1.1.1.1"


@given(entries)
def test_merging_lets_in_the_same_and_leaves_nothing_needless(listed: list[str]) -> None:
    before = [ip_network(entry) for entry in listed]
    after = [ip_network(line) for line in reading.merged(reading.read_entries("\n".join(listed))).split()]

    for network in before:  # each is let in by one that is left, and each that is left was there
        assert any(n.version == network.version and network.subnet_of(n) for n in after)  # type: ignore[arg-type]
    assert set(after) <= set(before)
    for at, network in enumerate(after):
        others = [n for n in after[:at] + after[at + 1 :] if n.version == network.version]
        assert not any(network.subnet_of(n) for n in others)  # type: ignore[arg-type]


@given(entries, st.one_of(st.integers(0, 63), st.integers(0, 2**32 - 1)).map(lambda n: str(ip_address(n))))
def test_an_address_is_let_in_as_ipaddress_says(listed: list[str], address: str) -> None:
    networks = [entry.network for entry in reading.read_entries("\n".join(listed))]

    at = reading.who_lets_in(networks, reading.check_one_address(address))

    inside = [ip_address(address) in ip_network(entry) for entry in listed]
    assert (at is not None) == any(inside)
    assert at is None or inside[at]


@pytest.mark.parametrize(("text", "said"), [
    ("", "Give one address."),
    ("1.1.1.1 2.2.2.2", "Give one address."),
    ("10.0.0.0/8", "10.0.0.0/8 is a network. Give one address of it."),
    ("10.0.0.1/8", "has host bits set"),
    ("10.0.0.", "is not an IP address"),
    ("fe80::1%eth0", "has a zone id"),
    ("\u0661.1.1.1", "digits 0 to 9"),
    ("x" * 200_000, "at most 100,000"),
])  # fmt: skip
def test_what_is_no_address_is_named(text: str, said: str) -> None:
    with pytest.raises(rules.RuleBroken, match=said):
        reading.check_one_address(text)


def test_a_mapped_address_is_the_one_inside() -> None:
    assert str(reading.check_one_address("::ffff:1.2.3.4")) == "1.2.3.4/32"


@pytest.mark.parametrize(("allow_ips", "opens"), [
    (None, "everyone"),
    ("", "everyone"),
    ("0.0.0.0/0", "ipv4"),
    ("::/0", "ipv6"),
    ("::/0\n1.1.1.1\n0.0.0.0/0", "both"),
    ("0.0.0.0/1\n128.0.0.0/1", "ipv4"),
    ("::/1\n8000::/2\nc000::/2", "ipv6"),
    ("0.0.0.0/1\n128.0.0.0/2", ""),
    ("1.1.1.1", ""),
])  # fmt: skip
def test_whom_a_list_opens_the_key_to(allow_ips: str | None, opens: str) -> None:
    assert reading.opens_to(allow_ips) == opens


@pytest.mark.parametrize(("before", "after", "challenge"), [
    ("1.1.1.1", None, "everyone"),
    ("junk", None, "everyone"),
    ("\n", None, "everyone"),
    (None, None, ""),
    (" ", None, ""),
    (None, "0.0.0.0/0", "ipv4"),
    ("0.0.0.0/0", "0.0.0.0/0", "ipv4"),
    ("1.1.1.1", "1.1.1.2", ""),
])  # fmt: skip
def test_only_what_was_challenged_can_be_confirmed(before: str | None, after: str | None, challenge: str) -> None:
    for confirmed in ("", "everyone", "ipv4", "ipv6", "both"):
        if challenge in ("", confirmed):
            rules.check_opening(before, after, confirmed)
        else:
            with pytest.raises(rules.RuleBroken) as refused:
                rules.check_opening(before, after, confirmed)
            assert refused.value.broken[0].code == f"opens_{challenge}"


@pytest.mark.parametrize(("stored", "read"), [
    ("1.1.1.1\n\n10.0.0.5/8", ["1.1.1.1/32", "10.0.0.0/8"]),
    ("1.1.1.1,2.2.2.2", [None]),
    ("1.1.1.1,\n 2.2.2.2 ", ["1.1.1.1/32", "2.2.2.2/32"]),
    ("the office\nfe80::1%eth0\n10.0.0.0/255.0.0.0", [None, None, None]),
    ("10.0.0.\t1\r\n\t2.2.2.2\r", [None, "2.2.2.2/32"]),
    ("::ffff:203.0.113.0/120", ["203.0.113.0/24"]),
    *((locked, [None]) for locked in ("\n", ",", " ,\n", "\t")),
    ("", []),
    ("  ", []),
])  # fmt: skip
def test_a_stored_list_is_read_as_upstream_reads_it(stored: str, read: list[str | None]) -> None:
    assert [str(network) if network else None for network in reading.as_stored(stored)] == read


@given(st.text(" \t\r\n,/.:%0123f", max_size=24), st.sampled_from(["0.0.0.0", "0.3.0.0", "::", "::f", "1.2.3.0"]))
def test_the_editor_and_the_list_of_keys_read_a_stored_list_alike(stored: str, address: str) -> None:
    networks = reading.as_stored(stored)
    inside = reading.who_lets_in(networks, reading.check_one_address(address)) is not None

    assert (inside or not networks) == lets_in(stored, parse_address(address))


def test_a_thousand_entries_are_read_at_once() -> None:
    text = "\n".join(f"10.{n // 250}.{n % 250}.0/24" for n in range(1_000))
    begun = time.process_time()

    assert len(reading.read_entries(text)) == 1_000
    assert time.process_time() - begun < 2


@given(st.text(max_size=80))
def test_nothing_typed_breaks_it(text: str) -> None:
    try:
        found = reading.read_entries(text)
    except rules.RuleBroken:
        return
    assert all(bool(entry.canonical) != bool(entry.fault) for entry in found)
