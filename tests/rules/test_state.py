"""Status, expiry, and the status that a key really has."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from keys import rules
from keys.types import KeySettings, Status

pytestmark = pytest.mark.dbfree
NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
NOW_S = 1_795_492_800
GOOD = KeySettings("k", 1, -1, 100, False, False, "", None, "", False)


@pytest.mark.parametrize(
    ("status", "expired_time", "remain", "unlimited", "effective", "overspent"),
    [
        (1, -1, 1, False, Status.ENABLED, False),
        (1, -1, 0, True, Status.ENABLED, False),
        (1, -1, -5, True, Status.ENABLED, False),
        (1, NOW_S + 1, 1, False, Status.ENABLED, False),
        (1, NOW_S, 1, False, Status.EXPIRED, False),
        (1, 0, 1, False, Status.EXPIRED, False),
        (1, -2, 1, False, Status.EXPIRED, False),
        (1, -1, 0, False, Status.EXHAUSTED, False),
        (1, -1, -5, False, Status.EXHAUSTED, True),
        (2, 0, -5, False, Status.DISABLED, True),
        (3, -1, 1, False, Status.EXPIRED, False),
        (3, -1, 0, False, Status.EXPIRED, False),
        (4, -1, 1, False, Status.EXHAUSTED, False),
        (4, 0, 1, False, Status.EXPIRED, False),
        (7, 0, 0, False, None, False),
        (0, -1, 1, False, None, False),
    ],
)
def test_effective_status(
    status: int, expired_time: int, remain: int, unlimited: bool, effective: Status | None, overspent: bool
) -> None:
    settings = replace(GOOD, status=status, expired_time=expired_time, remain_quota=remain, unlimited_quota=unlimited)
    found = rules.effective_status(settings, NOW)
    assert (found.status, found.stored, found.overspent) == (effective, status, overspent)


@pytest.mark.parametrize("text", ["1", "2", "3", "4"])
def test_status_is_taken(text: str) -> None:
    assert rules.check_status(text) == int(text)


@pytest.mark.parametrize("text", ["", "0", "5", "01", "1 ", "-1", "٢", "２", "1" * 5_000, "\x00", "\ud800", "true"])
def test_status_is_refused(text: str) -> None:
    with pytest.raises(rules.RuleBroken):
        rules.check_status(text)


@pytest.mark.parametrize("value", [-1, NOW_S + 1, 253_402_300_799])
def test_expiry_is_taken(value: int) -> None:
    assert rules.check_expired_time(value, NOW) == value


@pytest.mark.parametrize(
    ("value", "said"), [(NOW_S, "disable it"), (0, "disable it"), (-2, "disable it"), (253_402_300_800, "year 10000")]
)
def test_expiry_is_refused(value: int, said: str) -> None:
    with pytest.raises(rules.RuleBroken, match=said):
        rules.check_expired_time(value, NOW)


@pytest.mark.parametrize(
    ("settings", "fields"),
    [
        (GOOD, set()),
        (replace(GOOD, unlimited_quota=True, remain_quota=-1), set()),
        (replace(GOOD, expired_time=NOW_S), {"expired_time"}),
        (replace(GOOD, remain_quota=0), {"remain_quota"}),
        (replace(GOOD, remain_quota=0, expired_time=0), {"remain_quota", "expired_time"}),
    ],
)
def test_what_keeps_a_key_from_being_enabled(settings: KeySettings, fields: set[str]) -> None:
    assert set(rules.check_enable(settings, NOW)) == fields


def test_cross_group_retry_needs_an_automatic_group() -> None:
    rules.check_cross_group_retry(True, "auto", ("auto",))
    rules.check_cross_group_retry(False, "vip", ("auto",))
    for group in ("vip", ""):
        with pytest.raises(rules.RuleBroken, match=r"automatic group \(auto\)"):
            rules.check_cross_group_retry(True, group, ("auto",))
