"""Expiries that are chosen by one press: whole days of the person's zone. A choice carries the day that it showed."""

import re
from datetime import date, datetime
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
_CHOICE: Final = re.compile(rf"({'|'.join(PRESETS)})(?::([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}))?")


def moment_of(preset: str, now: datetime, zone: ZoneInfo) -> int:
    """Unix seconds of the last second of the day that a preset means. now: aware. Raises KeyError for another word."""
    if preset == QUARTER:
        return moments.quarter_end(now, zone)
    return moments.day_end(DAYS[preset], now, zone)


def meant(choice: str, now: datetime, zone: ZoneInfo) -> int | None:
    """What a posted choice means, in Unix seconds: `quarter:2026-12-31` that day whenever it is saved, `quarter` the
    one of `now`. None for what is no choice."""
    hit = _CHOICE.fullmatch(choice)
    if not hit:
        return None
    try:
        return moments.end_of(date.fromisoformat(hit[2]), zone) if hit[2] else moment_of(hit[1], now, zone)
    except ValueError:  # there is no such day
        return None


def choices(now: datetime, zone: ZoneInfo, posted: str = "") -> list[tuple[str, str]]:
    """Value and words with the day: `7d:2026-12-01`, `In 7 days, 2026-12-01`. What was posted is offered as it was."""
    was = "" if meant(posted, now, zone) is None else posted.partition(":")[0]
    found = []
    for preset in PRESETS:
        day = _day(moment_of(preset, now, zone), zone)
        value = posted if preset == was else f"{preset}:{day}"
        found.append((value, f"{LABELS[preset]}, {value.partition(':')[2] or day}"))
    return found


def _day(unix_s: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(unix_s, zone).date().isoformat()
