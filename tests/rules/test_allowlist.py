"""The allowlist: what is saved equals what `ipaddress` means; every usual mistake has a sentence of its own."""

import time
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import rules
from keys.redact import mask

pytestmark = pytest.mark.dbfree

SECRET = "sk-" + "aB3dE5gH7jK9" * 4


def faults_of(text: str) -> list[str]:
    with pytest.raises(rules.RuleBroken) as refused:
        rules.check_allow_ips(text)
    return [str(fault) for fault in refused.value.broken]


@pytest.mark.parametrize(
    ("text", "saved"),
    [
        ("", None),
        (" \r\n\t\u3000", None),
        ("203.0.113.7", "203.0.113.7"),
        ("1.1.1.1,2.2.2.2", "1.1.1.1\n2.2.2.2"),
        ("1.1.1.1 2.2.2.2;3.3.3.3\r\n4.4.4.4", "1.1.1.1\n2.2.2.2\n3.3.3.3\n4.4.4.4"),
        ("1.1.1.1،2.2.2.2，3.3.3.3", "1.1.1.1\n2.2.2.2\n3.3.3.3"),
        ("1.1.1.1,1.1.1.1,,1.1.1.1,", "1.1.1.1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("2001:DB8::1 2001:db8:0::1", "2001:db8::1"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("1.2.3.4/32", "1.2.3.4/32"),
        ("0.0.0.0/0 ::/0", "0.0.0.0/0\n::/0"),
        ("64:ff9b::1.2.3.4", "64:ff9b::102:304"),
    ],
)
def test_allowlist_is_saved(text: str, saved: str | None) -> None:
    assert rules.check_allow_ips(text) == saved


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("203.0.113.5/24", "203.0.113.5/24 has host bits set. Did you mean 203.0.113.0/24?"),
        ("2001:db8::1/32", "2001:db8::1/32 has host bits set. Did you mean 2001:db8::/32?"),
        ("fe80::1%eth0", "which only its own machine understands. Leave out what follows fe80::1."),
        ("fe80::%25eth0/64", "has a zone id"),
        ("1.2.3.4%eth0", "is not an IP address"),
        ("1.2.3.4:8080", "Did you mean 1.2.3.4?"),
        ("[2001:db8::1]:443", "Did you mean 2001:db8::1?"),
        ("[::1]", "Did you mean ::1?"),
        ("10.0.0.0-10.0.0.255", "Did you mean 10.0.0.0/24?"),
        ("10.0.0.1 - 10.0.0.3", "Did you mean 10.0.0.1, 10.0.0.2/31?"),
        ("10.0.0.1–3", "Did you mean 10.0.0.1, 10.0.0.2/31?"),
        ("10.0.0.1-10.9.0.3", "it takes"),
        ("10.0.0.9-10.0.0.1", "does not run from a lower"),
        ("10.0.0.1-::1", "does not run from a lower"),
        ("::1-::2", "Did you mean ::1, ::2?"),
        ("10.0.0.*", "Did you mean 10.0.0.0/24?"),
        ("10.*.*.*", "Did you mean 10.0.0.0/8?"),
        ("10.0.0.x", "Did you mean 10.0.0.0/24?"),
        ("10.0.*.4", "Write a network, as 10.0.0.0/24."),
        ("300.0.0.*", "Write a network, as 10.0.0.0/24."),
        ("*", "Write a network, as 10.0.0.0/24."),
        ("010.1.1.1", "leading zeros, which some read as octal numbers. Did you mean 10.1.1.1?"),
        ("010.1.1.1/8", "leading zeros, which some read as octal numbers."),
        ("999.01.1.1", "leading zeros"),
        ("::ffff:1.2.3.4", "an IPv4 address written as IPv6. Did you mean 1.2.3.4?"),
        ("::FFFF:102:304", "Did you mean 1.2.3.4?"),
        ("::ffff:1.2.3.0/120", "Did you mean 1.2.3.0/24?"),
        ("::ffff:1.2.3.4/120", "has host bits set. Did you mean 1.2.3.0/24?"),
        ('"198.51.100.7"', "no quotes and no brackets around it. Did you mean 198.51.100.7?"),
        ("'198.51.100.7'", "Did you mean 198.51.100.7?"),
        ("“198.51.100.7”", "Did you mean 198.51.100.7?"),
        ("„2001:db8::/32“", "Did you mean 2001:db8::/32?"),
        ('["10.0.0.5/24"', "Did you mean 10.0.0.0/24?"),
        ("10.0.0.1]", "Did you mean 10.0.0.1?"),
        ('"10.0.0.1:443"', "Did you mean 10.0.0.1?"),
        ('"10.0.0.1-3"', "Did you mean 10.0.0.1, 10.0.0.2/31?"),
        ('"fe80::1%eth0"', "is not an IP address"),
        ('"office"', "is not an IP address"),
        ("10.0.0.0/255.0.0.0", "give the number of bits, not a mask. Did you mean 10.0.0.0/8?"),
        ("10.0.0.1/255.0.0.0", "Did you mean 10.0.0.0/8?"),
        ("10.0.0.0/33", "must be a number from 0 to 32"),
        ("10.0.0.0/08", "must be a number from 0 to 32"),
        ("10.0.0.0/", "must be a number from 0 to 32"),
        ("::1/-1", "must be a number from 0 to 128"),
        ("https://example.com/", "is a web address"),
        ("office.example.com", "is a host name"),
        ("office.example.com:22", "is a host name"),
        ("10.0.0", "here are 3"),
        ("10.0.0/24", "here are 3"),
        ("3232235777", "here are 1"),
        ("256.1.1.1", "at most 255"),
        ("١٠.٠.٠.١", "the digits 0 to 9"),
        ("１０.0.0.1", "the digits 0 to 9"),
        ("localhost", "is not an IP address"),
        ("-", "is not an IP address"),
        ("\ufeff1.1.1.1", "is not an IP address"),
        ("1.1.1.1\x00", "is not an IP address"),
        ("\ud800", "is not an IP address"),
        ("gggg::1", "is not an IP address"),
        ("/", "is not an IP address"),
        ("[", "is not an IP address"),
        ("x" * 101, "too long to be an address"),
    ],
)
def test_each_mistake_is_named(entry: str, said: str) -> None:
    (fault,) = faults_of(entry)
    assert said in fault


@pytest.mark.parametrize("text", [SECRET, mask(SECRET), SECRET[3:], f"key={SECRET}", "**********", f"{SECRET}:443"])
def test_a_secret_is_told_as_one_and_nothing_of_it_is_said(text: str) -> None:
    with pytest.raises(rules.RuleBroken) as refused:
        rules.check_allow_ips(text)

    (fault,) = refused.value.broken
    assert (fault.code, fault.params) == ("secret", {})
    assert str(fault).startswith("This looks like a secret, and nothing of it was kept.")


@pytest.mark.parametrize(
    "text", ["10.0.*.*", "10.0.0.***", "sk-learn.example.com", "2001:db8:85a3::8a2e:0370:7334/129"]
)
def test_what_is_no_secret_is_not_taken_for_one(text: str) -> None:
    assert "secret" not in faults_of(text)[0]


def test_all_faults_come_together_and_are_counted() -> None:
    assert len(faults_of("1.1.1.1 bad 10.0.0.*")) == 2
    many = faults_of(" ".join(f"bad{n}" for n in range(25)))
    assert len(many) == 21
    assert many[-1] == "And 5 more like these."


def test_nothing_but_commas_is_no_wish_for_an_open_key() -> None:
    assert "only commas" in faults_of(" , ;")[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1.1.1.1," * 1_250_000, "at most 100,000"),
        (" " * 10_000_000, "at most 100,000"),
        ("::1 " * 1_001, "at most 1,000"),
        (" " * 99_999 + "-", "is not"),
        ("-" * 99_999, "too long"),
        ("1" * 99_999, "too long"),
        ("[" * 100 + " ", "is not"),
    ],
)
def test_huge_texts_are_answered_quickly(text: str, said: str) -> None:
    began = time.process_time()
    assert said in faults_of(text)[0]
    assert time.process_time() - began < 1


def test_what_is_offered_is_accepted() -> None:
    for entry in (
        "203.0.113.5/24",
        "10.0.0.3-10.0.0.9",
        "::ffff:1.2.3.4/97",
        "[::ffff:9.9.9.9]:1",
        "010.0.0.1",
        "10.*.*.*",
        '"203.0.113.5/24"',
        "'10.0.0.0/255.0.0.0'",
    ):
        with pytest.raises(rules.RuleBroken) as refused:
            rules.check_allow_ips(entry)
        assert rules.check_allow_ips(str(refused.value.broken[0].params["meant"]))


addresses = st.ip_addresses().map(str)
networks = st.one_of(
    st.builds(lambda a, n: str(ip_network((a, n), strict=False)), st.ip_addresses(v=4), st.integers(0, 32)),
    st.builds(lambda a, n: str(ip_network((a, n), strict=False)), st.ip_addresses(v=6), st.integers(0, 128)),
)


@given(st.lists(st.one_of(addresses, networks), max_size=8), st.sampled_from([",", " ", "\r\n", ", ", ";"]))
def test_saved_entries_are_those_of_ipaddress(entries: list[str], separator: str) -> None:
    entries = [e for e in entries if not e.startswith("::ffff:")]
    saved = rules.check_allow_ips(separator.join(e.upper() for e in entries))
    assert (saved or "").split("\n") == list(dict.fromkeys(entries)) or (saved is None and not entries)


@given(st.text(alphabet="0123456789abcfx.:/-*[]% ,\n\x00١５", max_size=60))
def test_nothing_typed_crashes_it(text: str) -> None:
    try:
        saved = rules.check_allow_ips(text)
    except rules.RuleBroken as refused:
        assert all(str(fault) for fault in refused.broken)
        return
    assert rules.check_allow_ips(saved or "") == saved
    for entry in (saved or "").splitlines():
        ip_network(entry)
