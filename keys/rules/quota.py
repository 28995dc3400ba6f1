"""Rules for amounts. Exact integers all the way: no float ever touches a quota."""

import re

from keys.rules.fault import Fault, RuleBroken
from keys.rules.fault import gettext_noop as _
from keys.types import QuotaMode, QuotaWish

MAX_UNITS = 5 * 10**14
"""Upper bound of `remain_quota` (cometapi.md trap 7)."""

AMOUNT_MAX_CHARACTERS = 60
_SPACES = "\u00a0\u2007\u2009\u202f"
_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]+)?")
# Nobody sets thousands apart behind a zero: `0,500` is half of something, or a slip.
_BY_COMMA = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_BY_BLANK = re.compile(r"[1-9][0-9]{0,2}(?: [0-9]{3})+(?:\.[0-9]+)?")
_ONE_COMMA = re.compile(r"[0-9]+,[0-9]+")


def parse_amount(text: str, unit: str, units_per_usd: int) -> int:
    """An amount as typed, in units. unit: `units` or `usd`. Raises RuleBroken.

    Thousands may be set apart by commas or blanks where that can mean only one thing; decimals by a dot, in USD alone.
    """
    amount = _tidy(text, unit)
    whole, dot, decimals = _plain_digits(amount, unit).partition(".")
    if unit == "units":
        if dot:
            raise RuleBroken(Fault("units_decimal", _("Units are whole numbers: leave out the dot, or choose USD.")))
        units = int(whole)
    else:
        units = _usd_to_units(whole, decimals, units_per_usd)
    if units > MAX_UNITS:
        raise RuleBroken(_too_much(units_per_usd))
    return units


def apply_quota(wish: QuotaWish, live_remaining: int) -> int:
    """What `remain_quota` should read after the save, in units.

    "Top up by" and "take away" start from the live value, an overspent one too. Topping up never ends below 0; taking
    away neither, and never raises what is overspent. The upper bound is not judged here: see MAX_UNITS.
    """
    if wish.mode == QuotaMode.SET:
        return wish.units
    if wish.mode == QuotaMode.ADD:
        return max(0, live_remaining + wish.units)
    return min(live_remaining, max(0, live_remaining - wish.units))


def takes_from_nothing(wish: QuotaWish, live_remaining: int) -> bool:
    return wish.mode == QuotaMode.TAKE and live_remaining <= 0


def check_quota(wish: QuotaWish, live_remaining: int, units_per_usd: int) -> QuotaWish:
    """The wish, if what it leaves is within bounds. Source: reference page, `remain_quota`; cometapi.md trap 7."""
    if not 0 <= wish.units <= MAX_UNITS or apply_quota(wish, live_remaining) > MAX_UNITS:
        raise RuleBroken(_too_much(units_per_usd))
    if wish.mode != QuotaMode.SET and wish.units == 0:
        raise RuleBroken(Fault("amount_zero", _("Give an amount above 0.")))
    if takes_from_nothing(wish, live_remaining):
        raise RuleBroken(Fault("take_none", _("Nothing is left to take away.")))
    return wish


def format_usd(units: int, units_per_usd: int) -> str:
    """Units as dollars, exact: `$0.20`, `-$1,234.567`. At least two decimals; `≈` where no decimals are exact."""
    whole, rest = divmod(abs(units), units_per_usd)
    decimals, exact = _decimals(rest, units_per_usd)
    return f"{'' if exact else '≈ '}{'-' if units < 0 else ''}${whole:,}.{decimals}"


def _decimals(rest: int, units_per_usd: int) -> tuple[str, bool]:
    digits = ""
    while rest and len(digits) < 12:
        digit, rest = divmod(rest * 10, units_per_usd)
        digits += str(digit)
    return digits.ljust(2, "0"), rest == 0


def _tidy(text: str, unit: str) -> str:
    """Trimmed, blanks of all kinds as one kind, a dollar sign taken off where dollars are meant."""
    amount = text.strip()
    if not amount:
        raise RuleBroken(Fault("amount_empty", _("Give an amount.")))
    if len(amount) > AMOUNT_MAX_CHARACTERS:
        message = _("This amount has %(length)s characters: that is more than any quota.")
        raise RuleBroken(Fault("amount_long", message, {"length": len(amount)}))
    for space in _SPACES:
        amount = amount.replace(space, " ")
    if amount.startswith("$"):
        if unit == "units":
            raise RuleBroken(Fault("amount_dollar", _("This is an amount in dollars: choose USD, or give units.")))
        amount = amount[1:].lstrip()
    return amount


def _plain_digits(amount: str, unit: str) -> str:
    """The amount with its thousands joined: ASCII digits and at most one dot."""
    if _PLAIN.fullmatch(amount) or _BY_BLANK.fullmatch(amount):
        return amount.replace(" ", "")
    if _ONE_COMMA.fullmatch(amount) and unit == "usd":
        as_thousands, as_decimals = amount.replace(",", ""), amount.replace(",", ".")
        message = _("A comma can be read in two ways here. Write %(decimals)s or %(thousands)s.")
        raise RuleBroken(Fault("amount_comma", message, {"decimals": as_decimals, "thousands": as_thousands}))
    if _BY_COMMA.fullmatch(amount):
        return amount.replace(",", "")
    raise RuleBroken(_not_a_number(amount))


def _not_a_number(amount: str) -> Fault:
    if any(c.isdecimal() and not c.isascii() for c in amount):
        return Fault("amount_digits", _("Write the amount with the digits 0 to 9."))
    if amount.startswith(("-", "\u2212")):
        return Fault("amount_negative", _("The amount cannot be negative. To lower the quota, choose “take away”."))
    return Fault("amount_junk", _("Write the amount in digits, such as 100000, 100,000 or, in USD, 0.20."))


def _usd_to_units(whole: str, decimals: str, units_per_usd: int) -> int:
    scale = int("1" + "0" * len(decimals))
    units, rest = divmod(int(whole + decimals) * units_per_usd, scale)
    if rest:
        below, above = format_usd(units, units_per_usd), format_usd(units + 1, units_per_usd)
        message = _("CometAPI cannot store this amount exactly. The nearest ones are %(below)s and %(above)s.")
        raise RuleBroken(Fault("usd_inexact", message, {"below": below, "above": above}))
    return units


def _too_much(units_per_usd: int) -> Fault:
    message = _("CometAPI takes at most %(units)s units (%(usd)s).")
    return Fault("amount_high", message, {"units": f"{MAX_UNITS:,}", "usd": format_usd(MAX_UNITS, units_per_usd)})
