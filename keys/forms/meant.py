"""A value as pages write it, turned into the raw values that it can mean: `disabled`, `never`, `$402`, `2026-11-24`."""

import re
from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.forms import ValidationError
from django.utils.translation import gettext

from keys.forms.typed_moment import typed_moment
from keys.ledger.labels import STATUSES, TIMES, UNITS
from keys.rules import RuleBroken, parse_amount
from keys.selectors.meant import Meant
from keys.types import NEVER

_MOMENT: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:]+)?)(?: ([A-Za-z]{2,5}|[+-][0-9]{2,4}))?")
_AMOUNT: Final = re.compile(
    "(?P<sign>[-\N{MINUS SIGN}]?)(?P<dollar>[$]?)(?P<number>[0-9][0-9,]*(?P<dot>[.][0-9]+)?)"
    "(?: ?(?P<unit>[$]|usd|units?))?(?: [(][-\N{MINUS SIGN}]?(?P<exactly>[0-9,]+) units?[)])?"
)


def meanings(typed: str, zone: ZoneInfo) -> tuple[Meant, ...]:
    """Beside the text itself. zone: of the times that pages write."""
    text = " ".join(typed.split())
    return (*_words(text.casefold()), *_amount(text.casefold()), *_moment(text, zone))


def _words(text: str) -> Iterator[Meant]:
    for status, word in STATUSES.items():
        if text == str(word).casefold():
            yield Meant(("status",), int(status), int(status))
    if text == gettext("never").casefold():
        yield Meant(("expired_time",), NEVER, NEVER)
    if text == gettext("unlimited").casefold():
        yield Meant(("unlimited_quota",), "yes", "yes")


def _amount(text: str) -> Iterator[Meant]:
    """Of dollars to the cent, all units that are written so."""
    hit = _AMOUNT.fullmatch(text)
    if not hit or not (hit["dollar"] or hit["unit"]):
        return
    in_units = (hit["unit"] or "").startswith("unit") and not hit["dollar"]
    per_usd = settings.QUOTA_UNITS_PER_USD
    try:
        if hit["exactly"]:
            units, in_units = parse_amount(hit["exactly"], "units", per_usd), True
        else:
            units = parse_amount(hit["number"], "units" if in_units else "usd", per_usd)
    except RuleBroken:
        return
    half_a_cent = per_usd // 200
    exact = in_units or hit["sign"] or len(hit["dot"] or "") > 3 or units <= half_a_cent
    beside = 0 if exact else half_a_cent
    signed = -units if hit["sign"] else units
    yield Meant(UNITS, signed - beside, signed + beside)


def _moment(text: str, zone: ZoneInfo) -> Iterator[Meant]:
    hit = _MOMENT.fullmatch(text)
    if not hit:
        return
    read_in = ZoneInfo("UTC") if hit[2] == "UTC" else zone
    try:
        first, behind = typed_moment(hit[1], read_in), typed_moment(hit[1], read_in, later=True)
    except ValidationError:
        return
    if first is None or behind is None or first.timestamp() <= 0:
        return
    if hit[2] in (None, "UTC", first.astimezone(zone).tzname()):
        last = behind - timedelta(seconds=1)
        yield Meant(TIMES, int(first.astimezone(UTC).timestamp()), int(last.timestamp()))
