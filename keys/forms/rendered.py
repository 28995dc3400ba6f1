"""The texts that the key form shows for a key as it was read. A posted text that equals its one here is untouched."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from keys import moments
from keys.redact import escape_visible
from keys.rules import split_models
from keys.types import NEVER, KeySnapshot, QuotaMode

ON, OFF = "on", "off"
ENABLE_TOO = "and_enable"
"""No setting, and no text of the key's own: a tick that counts only beside other changes."""
QUOTA_MEANT = "quota_meant"
"""No setting either: the way, other than the one that was shown, in which the amount that was shown is meant."""
SWITCHES = ("unlimited_quota", "model_limits_enabled", "cross_group_retry")
TEXTS = (
    "name",
    "status",
    "expiry",
    "expired_time",
    "expired_time_fold",
    "quota_mode",
    "remain_quota",
    "quota_unit",
    "model_limits",
    "allow_ips",
    "allow_ips_confirmed",
    "group",
    "reason",
)


def rendered(base: KeySnapshot, zone: ZoneInfo) -> dict[str, str]:
    """Form field -> text, with full precision. What a browser cannot send back as it got it is shown escaped."""
    settings = base.settings
    shown = None if settings.expired_time == NEVER else moments.local(settings.expired_time, zone)
    return {
        "name": escape_visible(settings.name),
        "status": str(settings.status),
        "expiry": "never" if settings.expired_time == NEVER else "at",
        "expired_time": shown.text if shown else "",
        "expired_time_fold": shown.fold if shown else "",
        "quota_mode": QuotaMode.SET.value,
        "remain_quota": str(settings.remain_quota),
        "quota_unit": "units",
        "unlimited_quota": ON if settings.unlimited_quota else OFF,
        "model_limits_enabled": ON if settings.model_limits_enabled else OFF,
        "model_limits": many_lines("\n".join(split_models(settings.model_limits))),
        "allow_ips": many_lines(settings.allow_ips or ""),
        "allow_ips_confirmed": "",
        "group": escape_visible(settings.group),
        "cross_group_retry": ON if settings.cross_group_retry else OFF,
        "reason": "",
    }


def many_lines(text: str) -> str:
    """A text of many lines as a textarea gives it back: one kind of line end, nothing that HTML would lose."""
    return escape_visible(same_line_ends(text), keep="\n\t")


def same_line_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def same_text(name: str, posted: str, shown: Mapping[str, str]) -> bool:
    """Is what was posted what the form showed, line ends apart? For the moment, seconds that are 0 may be left out."""
    if name == "expired_time":
        return moments.same_moment_text(posted, shown[name])
    return same_line_ends(posted) == shown[name]
