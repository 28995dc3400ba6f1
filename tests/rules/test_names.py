"""The name, the reason, the group: what is let through, in which form, and what is refused."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import rules

pytestmark = pytest.mark.dbfree


@pytest.mark.parametrize(
    ("typed", "saved"),
    [
        ("staging", "staging"),
        ("  staging \n", "staging"),
        ("e\u0301quipe", "équipe"),
        ("مفتاح الإنتاج", "مفتاح الإنتاج"),
        ("生产密钥", "生产密钥"),
        ("x" * 50, "x" * 50),
        ("\U0001f511" * 50, "\U0001f511" * 50),
        ("e\u0301" * 50, "é" * 50),
        ("\u1112\u1161\u11ab" * 50, "한" * 50),
        ("<b>&\"'", "<b>&\"'"),
        ("a\u200db", "a\u200db"),
    ],
)
def test_name_is_saved(typed: str, saved: str) -> None:
    assert rules.check_name(typed) == saved


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "name_empty"),
        (" \t\n", "name_empty"),
        ("x" * 51, "name_long"),
        ("e\u0301" * 51, "name_long"),
        ("a\x00b", "control"),
        ("a\x7fb", "control"),
        ("a\x85b", "control"),
        ("a\nb", "control"),
        ("a\ud800b", "control"),
        ("a\u2028b", "control"),
        ("a\u202eb", "bidi"),
        ("a\u2066b", "bidi"),
        ("\u0301\u0316" * 5_000_000, "name_long"),
    ],
)
def test_name_is_refused(typed: str, code: str) -> None:
    began = time.process_time()

    with pytest.raises(rules.RuleBroken) as refused:
        rules.check_name(typed)

    assert [fault.code for fault in refused.value.broken] == [code]
    assert time.process_time() - began < 1


@given(st.text(max_size=80))
def test_saved_names_are_stable_and_within_bounds(typed: str) -> None:
    try:
        name = rules.check_name(typed)
    except rules.RuleBroken:
        return
    assert rules.check_name(name) == name
    assert 1 <= len(name) <= 50


def test_name_over_50_bytes_is_a_warning_only() -> None:
    assert rules.name_warning("a" * 50) is None
    assert rules.name_warning("é" * 25) is None
    warning = rules.name_warning("é" * 26)
    assert warning is not None
    assert "52 bytes" in str(warning)
    assert rules.name_warning("\ud800" * 20) is not None


@pytest.mark.parametrize(
    ("typed", "kept"), [("", ""), (" why \n", "why"), ("a\r\nb\tc", "a\r\nb\tc"), ("y" * 500,) * 2]
)
def test_reason_is_kept(typed: str, kept: str) -> None:
    assert rules.check_reason(typed) == kept


@pytest.mark.parametrize(("typed", "code"), [("y" * 501, "reason_long"), ("a\x00", "control"), ("a\u202eb", "bidi")])
def test_reason_is_refused(typed: str, code: str) -> None:
    with pytest.raises(rules.RuleBroken) as refused:
        rules.check_reason(typed)
    assert refused.value.broken[0].code == code


@pytest.mark.parametrize(
    ("value", "available"), [("", ()), ("", None), ("vip", ("default", "vip")), ("vip", None), (" odd", (" odd",))]
)
def test_group_is_taken(value: str, available: tuple[str, ...] | None) -> None:
    assert rules.check_group(value, available) == value


@pytest.mark.parametrize(
    ("value", "available", "said"),
    [
        ("vip", ("svip", "default"), "Available: default, svip."),
        ("vip ", ("vip",), "Available: vip."),
        ("vip", (), "no groups"),
        ("x" * 65, None, "at most 64"),
        ("a\x00", None, "U+0000"),
        (" a", None, "no blanks"),
    ],
)
def test_group_is_refused(value: str, available: tuple[str, ...] | None, said: str) -> None:
    with pytest.raises(rules.RuleBroken, match=said.replace("+", r"\+")):
        rules.check_group(value, available)
