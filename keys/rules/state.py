"""Rules for status and expiry, and the status that a key really has."""

from dataclasses import dataclass
from datetime import datetime

from keys.rules.fault import Fault, RuleBroken
from keys.rules.fault import gettext_noop as _
from keys.types import NEVER, KeySettings, Status

LAST_MOMENT = 253_402_300_799
"""The end of the year 9999 in Unix seconds, the last moment that can be shown and typed."""


@dataclass(frozen=True, slots=True)
class Effective:
    """The status that model endpoints go by. status: None when upstream stores one that we do not know (see `stored`).

    overspent: `remain_quota` is below 0 and counts (trap 7).
    """

    status: Status | None
    stored: int
    overspent: bool


def effective_status(settings: KeySettings, now: datetime) -> Effective:
    """Status computed from status, expiry and quota, since the stored one lags behind (cometapi.md trap 3)."""
    overspent = settings.remain_quota < 0 and not settings.unlimited_quota
    return Effective(_effective(settings, now), settings.status, overspent)


def _effective(settings: KeySettings, now: datetime) -> Status | None:
    if settings.status not in tuple(Status):
        return None
    if settings.status == Status.DISABLED:
        return Status.DISABLED
    if settings.status == Status.EXPIRED or is_past(settings.expired_time, now):
        return Status.EXPIRED
    if settings.status == Status.EXHAUSTED or is_dry(settings):
        return Status.EXHAUSTED
    return Status.ENABLED


def is_past(expired_time: int, now: datetime) -> bool:
    """Does this expiry block the key at `now` (aware)? Every value but NEVER is a moment, 0 and -2 too."""
    return expired_time != NEVER and expired_time <= now.timestamp()


def is_dry(settings: KeySettings) -> bool:
    """Is nothing left of a quota that counts? Source: reference page, `remain_quota`."""
    return not settings.unlimited_quota and settings.remain_quota <= 0


def check_status(value: str) -> int:
    """One of the four statuses. Source: reference page, `status`."""
    if value not in {str(int(status)) for status in Status}:
        raise RuleBroken(Fault("status_unknown", _("Choose one of the four statuses.")))
    return int(value)


def check_expired_time(value: int, now: datetime) -> int:
    """NEVER, or Unix seconds after `now` (aware). Source: reference page, `expired_time`; issue 2, point 7."""
    if value == NEVER:
        return value
    if value > LAST_MOMENT:
        raise RuleBroken(too_far())
    if is_past(value, now):
        message = _("This moment has passed: CometAPI would block the key at once. To block it, disable it.")
        raise RuleBroken(Fault("expiry_past", message))
    return value


def too_far() -> Fault:
    return Fault("expiry_far", _("Give a moment before the year 10000, or choose “never”."))


def check_enable(settings_after: KeySettings, now: datetime) -> dict[str, Fault]:
    """What keeps a key with these settings from being enabled: field -> fault, nothing when all is well.

    settings_after: with all else that is wanted in the same edit. Source: reference page, `status`; trap 6.
    """
    faults: dict[str, Fault] = {}
    if is_past(settings_after.expired_time, now):
        faults["expired_time"] = Fault(
            "enable_expired", _("An expired key cannot be enabled: give it a later expiry, or none.")
        )
    if is_dry(settings_after):
        faults["remain_quota"] = Fault("enable_dry", _("A key without quota cannot be enabled: give it some quota."))
    return faults


def check_cross_group_retry(enabled: bool, group: str, auto_groups: tuple[str, ...]) -> None:
    """On only where CometAPI routes by itself. Source: reference page, `cross_group_retry`; cometapi.md trap 9."""
    if enabled and group not in auto_groups:
        message = _("Cross-group retry works only with an automatic group (%(groups)s).")
        raise RuleBroken(Fault("retry_group", message, {"groups": ", ".join(auto_groups) or "–"}))
