"""Local times as people type and read them, in their zone: exact to the second, and never guessed. Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Literal
from zoneinfo import ZoneInfo

from keys.rules.fault import Fault, RuleBroken
from keys.rules.fault import gettext_noop as _
from keys.rules.state import too_far

Fold = Literal["", "earlier", "later"]

# What datetime-local posts, a blank for the T, seconds left out, and an offset of its own.
_LOCAL = re.compile(
    r"([0-9]{4,6})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.0{1,6})?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_UNIX = re.compile(r"[0-9]{9,15}")
_TEXT_MAX_CHARACTERS = 40


@dataclass(frozen=True, slots=True)
class Local:
    """A moment as a wall clock shows it. text: `2026-10-25T02:30:00`. fold: which one, where a clock shows it twice."""

    text: str
    fold: Fold


def local(unix_s: int, zone: ZoneInfo) -> Local | None:
    """Unix seconds on the wall clock of `zone`; None for what no calendar from year 1 to 9999 holds."""
    try:
        moment = datetime.fromtimestamp(0, UTC) + timedelta(seconds=unix_s)
        shown = moment.astimezone(zone)
    except (OverflowError, ValueError):
        return None
    naive = shown.replace(tzinfo=None, fold=0)
    fold: Fold = ("later" if shown.fold else "earlier") if is_ambiguous(naive, zone) else ""
    return Local(naive.isoformat(timespec="seconds"), fold)


def parse_moment(text: str, zone: ZoneInfo, fold: str = "") -> int:
    """Unix seconds of a local time. fold: `earlier` or `later`, heard only where the clock shows the time twice.

    Raises RuleBroken: `moment_skipped` with both neighbours for a time that a clock change leaves out,
    `moment_twice` for one that it repeats when fold does not say which.
    """
    text = text.strip()
    if _UNIX.fullmatch(text):
        return int(text)
    naive, offset = _read(text)
    if offset is not None:
        return _unix(naive.replace(tzinfo=offset))
    if is_skipped(naive, zone):
        raise RuleBroken(_skipped(naive, zone))
    if is_ambiguous(naive, zone) and fold not in {"earlier", "later"}:
        raise RuleBroken(_twice(naive, zone))
    return _unix(naive.replace(tzinfo=zone, fold=1 if fold == "later" and is_ambiguous(naive, zone) else 0))


def precision(text: str) -> timedelta:
    """How much a text names that `parse_moment` reads: a minute where it has no seconds, else a second."""
    hit = _LOCAL.fullmatch(text.strip())
    return timedelta(minutes=1) if hit and hit[6] is None else timedelta(seconds=1)


def same_moment_text(one: str, other: str) -> bool:
    """Are these the same local time? Browsers leave out seconds that are 0."""
    if one == other:
        return True
    try:
        return _read(one.strip()) == _read(other.strip())
    except RuleBroken:
        return False


def needs_fold(text: str, zone: ZoneInfo) -> bool:
    """Does the clock of `zone` show this local time twice? False for what is no local time."""
    try:
        naive, offset = _read(text.strip())
    except RuleBroken:
        return False
    return offset is None and is_ambiguous(naive, zone)


def day_end(days: int, now: datetime, zone: ZoneInfo) -> int:
    """Unix seconds of the last second of the day that comes `days` after today in `zone`. now: aware."""
    return end_of(now.astimezone(zone).date() + timedelta(days=days), zone)


def quarter_end(now: datetime, zone: ZoneInfo) -> int:
    """Unix seconds of the last second of the calendar quarter that `now` (aware) falls in, in `zone`."""
    today = now.astimezone(zone).date()
    next_month = (today.month - 1) // 3 * 3 + 4
    begins = date(today.year + (next_month > 12), (next_month - 1) % 12 + 1, 1)
    return end_of(begins - timedelta(days=1), zone)


def end_of(day: date, zone: ZoneInfo) -> int:
    """Unix seconds of the day's last second in `zone`."""
    # The later one, where a clock change at midnight shows it twice.
    return _unix(datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=zone, fold=1))


def is_ambiguous(naive: datetime, zone: ZoneInfo) -> bool:
    """Does the clock show this time twice?"""
    first, second = _offsets(naive, zone)
    return first > second


def is_skipped(naive: datetime, zone: ZoneInfo) -> bool:
    """Does the clock jump over this time?"""
    first, second = _offsets(naive, zone)
    return first < second


def _offsets(naive: datetime, zone: ZoneInfo) -> tuple[timedelta, timedelta]:
    """The zone's offsets as read from before and from after a clock change near `naive` (PEP 495)."""
    first = naive.replace(tzinfo=zone, fold=0).utcoffset() or timedelta()
    second = naive.replace(tzinfo=zone, fold=1).utcoffset() or timedelta()
    return first, second


def _read(text: str) -> tuple[datetime, timezone | None]:
    hit = _LOCAL.fullmatch(text) if len(text) <= _TEXT_MAX_CHARACTERS else None
    if not hit:
        raise RuleBroken(_not_a_moment(text))
    if len(hit[1]) > 4:
        raise RuleBroken(too_far())
    try:
        year, month, day, hour, minute, second = (int(part or 0) for part in hit.groups()[:6])
        wall = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 (a wall clock's time has no zone yet)
        return wall, _offset(hit[7])
    except ValueError:
        message = _("There is no such date or time: %(text)s.")
        raise RuleBroken(Fault("moment_impossible", message, {"text": text})) from None


def _offset(text: str | None) -> timezone | None:
    if not text:
        return None
    if text == "Z":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[4:6])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def _unix(moment: datetime) -> int:
    return (moment - datetime.fromtimestamp(0, UTC)) // timedelta(seconds=1)


def _not_a_moment(text: str) -> Fault:
    if any(c.isdecimal() and not c.isascii() for c in text[:_TEXT_MAX_CHARACTERS]):
        return Fault("moment_digits", _("Write the date and time with the digits 0 to 9."))
    return Fault("moment_junk", _("Write date and time as 2030-12-31 23:59:59."))


def _skipped(naive: datetime, zone: ZoneInfo) -> Fault:
    before, after = _edges(naive, zone)
    message = _("In %(zone)s the clocks skip %(time)s. Choose %(before)s or %(after)s.")
    return Fault(
        "moment_skipped", message, {"zone": zone.key, "time": str(naive), "before": str(before), "after": str(after)}
    )


def _edges(naive: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The last wall clock second before the jump over `naive`, and the first one after it."""
    first, second = _offsets(naive, zone)
    before, after = naive - second, naive - first
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // timedelta(seconds=2) * timedelta(seconds=1)
        is_before = middle.replace(tzinfo=UTC).astimezone(zone).utcoffset() == first
        before, after = (middle, after) if is_before else (before, middle)
    return before + first, after + second


def _twice(naive: datetime, zone: ZoneInfo) -> Fault:
    message = _("In %(zone)s the clocks show %(time)s twice that day. Choose the earlier or the later one.")
    return Fault("moment_twice", message, {"zone": zone.key, "time": str(naive)})
