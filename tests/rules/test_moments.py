"""Local times: exact to the second, refused where the clock skips them, asked about where it shows them twice."""

import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import moments
from keys.rules import RuleBroken

pytestmark = pytest.mark.dbfree
BERLIN = ZoneInfo("Europe/Berlin")


def unix(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("text", "zone", "utc"),
    [
        ("2030-06-01T12:00:00", "Europe/Berlin", "2030-06-01T10:00:00"),
        ("2030-06-01 12:00", "Europe/Berlin", "2030-06-01T10:00:00"),
        ("2030-01-01T00:00:59.000", "Asia/Kolkata", "2029-12-31T18:30:59"),
        ("2030-01-01T00:00:00Z", "Europe/Berlin", "2030-01-01T00:00:00"),
        ("2030-01-01T00:00:00-05:30", "Europe/Berlin", "2030-01-01T05:30:00"),
        ("2026-03-29T01:59:59", "Europe/Berlin", "2026-03-29T00:59:59"),
        ("2026-03-29T03:00:00", "Europe/Berlin", "2026-03-29T01:00:00"),
        ("1893456000", "Europe/Berlin", "2030-01-01T00:00:00"),
    ],
)
def test_moment_is_read(text: str, zone: str, utc: str) -> None:
    assert moments.parse_moment(text, ZoneInfo(zone)) == unix(utc)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "moment_junk"),
        ("tomorrow", "moment_junk"),
        ("2030-01-01", "moment_junk"),
        ("2030-01-01T00:00:00.5", "moment_junk"),
        ("2030-1-1 0:00", "moment_junk"),
        ("٢٠٣٠-٠١-٠١T٠٠:٠٠", "moment_digits"),
        ("２030-01-01T00:00", "moment_digits"),
        ("2030-02-30T00:00", "moment_impossible"),
        ("2030-01-01T24:00", "moment_impossible"),
        ("0000-01-01T00:00", "moment_impossible"),
        ("2030-01-01T00:00+99:00", "moment_impossible"),
        ("10000-01-01T00:00", "expiry_far"),
        ("275760-01-01T00:00", "expiry_far"),
        ("1" * 5_000, "moment_junk"),
        ("2" * 10_000_000, "moment_junk"),
        ("\x00", "moment_junk"),
        ("\ud800", "moment_junk"),
        ("2026-03-29T02:30", "moment_skipped"),
        ("2026-10-25T02:30", "moment_twice"),
    ],
)
def test_moment_is_refused(text: str, code: str) -> None:
    began = time.process_time()
    with pytest.raises(RuleBroken) as refused:
        moments.parse_moment(text, BERLIN)
    assert refused.value.broken[0].code == code
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("zone", "text", "before", "after"),
    [
        ("Europe/Berlin", "2026-03-29T02:00", "2026-03-29 01:59:59", "2026-03-29 03:00:00"),
        ("Europe/Berlin", "2026-03-29T02:59:59", "2026-03-29 01:59:59", "2026-03-29 03:00:00"),
        ("America/New_York", "2026-03-08T02:30", "2026-03-08 01:59:59", "2026-03-08 03:00:00"),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-04 01:59:59", "2026-10-04 02:30:00"),
        ("Pacific/Apia", "2011-12-30T12:00", "2011-12-29 23:59:59", "2011-12-31 00:00:00"),
    ],
)
def test_skipped_hour_names_its_neighbours(zone: str, text: str, before: str, after: str) -> None:
    with pytest.raises(RuleBroken, match=f"Choose {before} or {after}"):
        moments.parse_moment(text, ZoneInfo(zone))


def test_doubled_hour_is_told_by_the_fold() -> None:
    assert moments.parse_moment("2026-10-25T02:30", BERLIN, "earlier") == unix("2026-10-25T00:30:00")
    assert moments.parse_moment("2026-10-25T02:30", BERLIN, "later") == unix("2026-10-25T01:30:00")
    with pytest.raises(RuleBroken):
        moments.parse_moment("2026-10-25T02:30", BERLIN, "either")
    assert moments.parse_moment("2026-10-25T03:30", BERLIN, "later") == unix("2026-10-25T02:30:00")


zones = st.sampled_from(
    [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Africa/Casablanca",
        "Asia/Riyadh",
    ]
).map(ZoneInfo)


@given(st.integers(-62_135_000_000, 253_402_000_000), zones)
def test_what_is_shown_can_be_typed(moment: int, zone: ZoneInfo) -> None:
    shown = moments.local(moment, zone)
    assert shown is not None
    assert moments.parse_moment(shown.text, zone, shown.fold) == moment
    assert moments.needs_fold(shown.text, zone) == bool(shown.fold)


@pytest.mark.parametrize("moment", [10**15, -(10**15), 10**30, 253_402_300_800, -62_135_596_801])
def test_what_no_calendar_holds_is_not_shown(moment: int) -> None:
    assert moments.local(moment, ZoneInfo("UTC")) is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2030-01-01T00:00:00", "2030-01-01T00:00", True),
        ("2030-01-01T00:00:01", "2030-01-01T00:00", False),
        ("", "2030-01-01T00:00", False),
        ("", "", True),
        ("x", "x", True),
        ("x", "y", False),
    ],
)
def test_same_moment_text(one: str, other: str, same: bool) -> None:
    assert moments.same_moment_text(one, other) is same
