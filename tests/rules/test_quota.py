"""Amounts: exact, bounded, and never guessed."""

import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import rules
from keys.types import QuotaMode, QuotaWish

pytestmark = pytest.mark.dbfree
RATIO = 500_000


@pytest.mark.parametrize(
    ("text", "unit", "units"),
    [
        ("0", "units", 0),
        ("100000", "units", 100_000),
        (" 007 ", "units", 7),
        ("1,000", "units", 1_000),
        ("1,000,000", "units", 1_000_000),
        ("1 000 000", "units", 1_000_000),
        ("1\u202f000", "units", 1_000),
        ("500000000000000", "units", 500_000_000_000_000),
        ("0.20", "usd", 100_000),
        ("$0.20", "usd", 100_000),
        ("0.000002", "usd", 1),
        ("0.2000000000000000", "usd", 100_000),
        ("1,500.50", "usd", 750_250_000),
        ("1,000,000", "usd", 500_000_000_000),
        ("1 500", "usd", 750_000_000),
        ("1000000000", "usd", 500_000_000_000_000),
    ],
)
def test_amount_is_taken(text: str, unit: str, units: int) -> None:
    assert rules.parse_amount(text, unit, RATIO) == units


@pytest.mark.parametrize(
    ("text", "unit", "code"),
    [
        ("", "units", "amount_empty"),
        ("  ", "usd", "amount_empty"),
        ("1.5", "units", "units_decimal"),
        ("1.000", "units", "units_decimal"),
        ("$5", "units", "amount_dollar"),
        ("$", "usd", "amount_junk"),
        ("1,500", "usd", "amount_comma"),
        ("0,20", "usd", "amount_comma"),
        ("1,5", "units", "amount_junk"),
        ("1,0000", "units", "amount_junk"),
        ("0,500", "units", "amount_junk"),
        ("000,500", "units", "amount_junk"),
        ("0 500", "usd", "amount_junk"),
        ("01 000", "units", "amount_junk"),
        ("0,001,500.50", "usd", "amount_junk"),
        ("1,000 000", "units", "amount_junk"),
        ("-5", "units", "amount_negative"),
        ("\u22125", "usd", "amount_negative"),
        ("+5", "units", "amount_junk"),
        ("1e5", "usd", "amount_junk"),
        ("NaN", "usd", "amount_junk"),
        ("Infinity", "usd", "amount_junk"),
        ("0x10", "units", "amount_junk"),
        ("1_000", "units", "amount_junk"),
        ("5\x00", "units", "amount_junk"),
        ("\ud800", "units", "amount_junk"),
        ("٥٠٠", "units", "amount_digits"),
        ("５００", "usd", "amount_digits"),
        ("²", "units", "amount_junk"),
        ("500000000000001", "units", "amount_high"),
        ("1000000000.01", "usd", "amount_high"),
        ("9" * 60, "usd", "amount_high"),
        ("9" * 5_000, "units", "amount_long"),
        ("9" * 10_000_000, "units", "amount_long"),
    ],
)
def test_amount_is_refused(text: str, unit: str, code: str) -> None:
    began = time.process_time()

    with pytest.raises(rules.RuleBroken) as refused:
        rules.parse_amount(text, unit, RATIO)

    assert [fault.code for fault in refused.value.broken] == [code]
    assert time.process_time() - began < 1


def test_dollars_between_two_units_name_both() -> None:
    with pytest.raises(rules.RuleBroken) as refused:
        rules.parse_amount("0.2000005", "usd", RATIO)
    assert "$0.20 and $0.200002" in str(refused.value)


@given(st.integers(0, 5 * 10**14))
def test_what_is_shown_can_be_typed(units: int) -> None:
    assert rules.parse_amount(rules.format_usd(units, RATIO), "usd", RATIO) == units
    assert rules.parse_amount(f"{units:,}", "units", RATIO) == units
    assert rules.parse_amount(f"{units:,}".replace(",", " "), "units", RATIO) == units


@given(st.decimals(0, 10**9, places=9, allow_nan=False, allow_infinity=False))
def test_dollars_are_exact_or_refused(dollars: Decimal) -> None:
    exact = dollars * RATIO
    try:
        units = rules.parse_amount(f"{dollars:f}", "usd", RATIO)
    except rules.RuleBroken as refused:
        assert refused.broken[0].code == "usd_inexact"
        assert exact != exact.to_integral_value()
    else:
        assert Decimal(units) == exact


@pytest.mark.parametrize(
    ("units", "ratio", "shown"),
    [
        (0, RATIO, "$0.00"),
        (100_000, RATIO, "$0.20"),
        (1, RATIO, "$0.000002"),
        (-100_000, RATIO, "-$0.20"),
        (617_283_500_000, RATIO, "$1,234,567.00"),
        (1, 3, "≈ $0.333333333333"),
        (-4, 3, "≈ -$1.333333333333"),
        (6, 3, "$2.00"),
    ],
)
def test_units_as_dollars(units: int, ratio: int, shown: str) -> None:
    assert rules.format_usd(units, ratio) == shown


@pytest.mark.parametrize(
    ("mode", "units", "live", "left"),
    [
        (QuotaMode.SET, 5, 100, 5),
        (QuotaMode.SET, 0, -100, 0),
        (QuotaMode.ADD, 5, 100, 105),
        (QuotaMode.ADD, 5, -100, 0),
        (QuotaMode.ADD, 105, -100, 5),
        (QuotaMode.TAKE, 5, 100, 95),
        (QuotaMode.TAKE, 101, 100, 0),
        (QuotaMode.TAKE, 1, 0, 0),
        (QuotaMode.TAKE, 1, -100, -100),
    ],
)
def test_quota_is_applied_to_live(mode: QuotaMode, units: int, live: int, left: int) -> None:
    assert rules.apply_quota(QuotaWish(mode, units), live) == left


@pytest.mark.parametrize(
    ("mode", "units", "live", "code"),
    [
        (QuotaMode.ADD, 0, 5, "amount_zero"),
        (QuotaMode.TAKE, 0, 5, "amount_zero"),
        (QuotaMode.TAKE, 1, 0, "take_none"),
        (QuotaMode.TAKE, 100, -412, "take_none"),
        (QuotaMode.ADD, 5 * 10**14, 1, "amount_high"),
    ],
)
def test_quota_out_of_bounds_is_refused(mode: QuotaMode, units: int, live: int, code: str) -> None:
    with pytest.raises(rules.RuleBroken) as refused:
        rules.check_quota(QuotaWish(mode, units), live, RATIO)
    assert refused.value.broken[0].code == code
