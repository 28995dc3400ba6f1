"""Numbers and moments as people read them: every number with its unit, every time with its zone at hand."""

import re
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from django.conf import settings
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from keys.redact import escape_visible

MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
YEAR: Final = 365 * DAY
FORETOLD_YEARS: Final = 100
CENT: Final = Decimal("0.01")

# Characters that show nothing: blanks, what joins or directs others, fillers.
_BLANK: Final = re.compile(
    r"[\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2060-\u206f\u2800\u3164\ufeff\uffa0]*"
)


def key_name(name: str) -> str:
    """A key's name with what hides in it made visible; words in its place where nothing of it would be seen."""
    shown = escape_visible(name)
    return _("(no name)") if _BLANK.fullmatch(shown) else shown


def usd(units: int) -> str:
    """`$0.20` of 100,000 units; below a cent as many places as it takes, a minus sign before the dollar."""
    amount = Decimal(units) / Decimal(settings.QUOTA_UNITS_PER_USD)
    cents = amount.quantize(CENT, rounding=ROUND_HALF_EVEN)
    told = cents if cents or not amount else Decimal(f"{amount:.1g}")
    sign = "\N{MINUS SIGN}" if amount < 0 else ""
    return f"{sign}${number_format(abs(told), use_l10n=True, force_grouping=True)}"


def units(count: int) -> str:
    """`100,000 units`."""
    number = number_format(abs(count), use_l10n=True, force_grouping=True)
    signed = f"\N{MINUS SIGN}{number}" if count < 0 else number
    return ngettext("%(number)s unit", "%(number)s units", count) % {"number": signed}


def as_moment(value: datetime | int | None) -> datetime | None:
    """In the reader's zone; None for what no calendar has (upstream numbers may be anything)."""
    if isinstance(value, datetime):
        return timezone.localtime(value)
    if value is None:
        return None
    try:
        return timezone.localtime(datetime.fromtimestamp(value, UTC))
    except (ValueError, OverflowError, OSError):
        return None


def exactly(moment: datetime) -> str:
    """`2026-11-23 14:03:22 CET`, with the zone's name when it has no letters of its own."""
    zone = timezone.get_current_timezone_name()
    letters = moment.tzname() or ""
    named = letters if letters.isalpha() else f"{zone} ({letters})" if letters and zone != letters else zone
    return f"{moment:%Y-%m-%d %H:%M:%S} {named}"


def relative(moment: datetime) -> str:
    """`in 3 days`, `2 hours ago`, `just now`."""
    seconds = (moment - timezone.now()).total_seconds()
    if abs(seconds) < MINUTE:
        return _("just now") if seconds <= 0 else _("in less than a minute")
    how_long = span(abs(seconds))
    return _("in %(span)s") % {"span": how_long} if seconds > 0 else _("%(span)s ago") % {"span": how_long}


def how_long(since: datetime) -> str:
    """`12 minutes`, from then until now."""
    seconds = (timezone.now() - since).total_seconds()
    return span(seconds) if seconds >= MINUTE else _("less than a minute")


def in_utc(moment: datetime) -> str:
    """`2026-11-23 13:03:22 UTC`."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def span(seconds: float) -> str:
    """`3 days`."""
    count, of = counted(seconds)
    if of == MINUTE:
        return ngettext("%(n)d minute", "%(n)d minutes", count) % {"n": count}
    if of == HOUR:
        return ngettext("%(n)d hour", "%(n)d hours", count) % {"n": count}
    if of == DAY:
        return ngettext("%(n)d day", "%(n)d days", count) % {"n": count}
    return ngettext("%(n)d year", "%(n)d years", count) % {"n": count}


def lasting(seconds: int) -> str:
    """`3 days`, for what is foretold; beyond a hundred years a number would pretend to know."""
    if seconds < MINUTE:
        return _("less than a minute")
    return span(seconds) if seconds <= FORETOLD_YEARS * YEAR else _("more than 100 years")


def counted(seconds: float) -> tuple[int, int]:
    """How many, of how many seconds each: all of `seconds` that `span` and `relative` tell."""
    of = MINUTE if seconds < HOUR else HOUR if seconds < 2 * DAY else DAY if seconds < 2 * YEAR else YEAR
    return int(seconds // of), of
