"""Expiries that are chosen by one press: whole days of the person's zone, so that a choice means one moment all day."""

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from keys import moments

DAYS: Final[dict[str, int]] = {"7d": 7, "30d": 30, "90d": 90}
QUARTER: Final = "quarter"
PRESETS: Final = (*DAYS, QUARTER)
LABELS: Final[dict[str, Any]] = {
    "7d": _("In 7 days"),
    "30d": _("In 30 days"),
    "90d": _("In 90 days"),
    QUARTER: _("End of the quarter"),
}


def moment_of(preset: str, now: datetime, zone: ZoneInfo) -> int:
    """Unix seconds of the last second of the day that a preset means. now: aware. Raises KeyError for another word."""
    if preset == QUARTER:
        return moments.quarter_end(now, zone)
    return moments.day_end(DAYS[preset], now, zone)


def choices(now: datetime, zone: ZoneInfo) -> list[tuple[str, str]]:
    """Value and words with the day: `In 7 days, 2026-12-01`."""
    return [(preset, f"{LABELS[preset]}, {_day(moment_of(preset, now, zone), zone)}") for preset in PRESETS]


def _day(unix_s: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(unix_s, zone).date().isoformat()
