"""Is it the same? Comparing what was wanted, or what was there before, with what was read. Pure.

The fixed normalisations (cometapi.md, traps 3, 9 and the reference page) live here and nowhere else, so that a
check after a save, settling, and later drift all judge alike.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from keys.types import BY_ITSELF, EDITABLE, LIVED, NEVER, KeySettings, KeySnapshot, Status

Differences = Mapping[str, tuple[Any, Any]]


def quota_reads_as(wanted_units: int, used_before: int, after: KeySnapshot) -> bool:
    """Does the remaining quota read as wanted, give or take what was spent or refunded since `used_before`?

    All in units. Spending since the read before the PUT lowers what is left; a refund by upstream raises it (trap 3).
    """
    spent = after.used_quota - used_before
    return wanted_units - max(spent, 0) <= after.settings.remain_quota <= wanted_units - min(spent, 0)


def moved_by_itself(was: int, after: KeySnapshot, now_s: float | None = None) -> bool:
    """Did upstream alone move `status` from enabled to expired or exhausted? (trap 3)

    now_s: Unix seconds, the present when left out.
    """
    settings = after.settings
    if was != Status.ENABLED:
        return False
    if settings.status == Status.EXPIRED:
        return settings.expired_time != NEVER and settings.expired_time <= (time.time() if now_s is None else now_s)
    return settings.status == Status.EXHAUSTED and settings.remain_quota <= 0 and not settings.unlimited_quota


def still_there(field: str, pair: Sequence[Any], now: Any) -> bool:
    """Is what was found changed, (before, found), still so? CometAPI itself moves on an enabled key that ran out.

    So a disabled key that came back to life has done so until it reads disabled again.
    """
    before, found = pair
    if field != "status":
        return same_value(field, found, now)
    ran_out = found == Status.ENABLED and now in BY_ITSELF and now != before
    return bool(found == now or ran_out or (came_back(before, found) and now in LIVED))


def came_back(before: Any, found: Any) -> bool:
    """Was a disabled key enabled? CometAPI itself sets none but enabled keys to expired or exhausted (trap 3)."""
    return bool(before == Status.DISABLED and found in LIVED)


def same_value(field: str, one: Any, other: Any) -> bool:
    """Equal as upstream means it: null and "" are both no allowlist (reference page)."""
    if field == "allow_ips":
        return (one or "") == (other or "")
    return bool(one == other)


def differences(
    wanted: KeySettings,
    used_before: int,
    after: KeySnapshot,
    *,
    asked: Collection[str] = (),
    auto_groups: Collection[str] = ("auto",),
) -> Differences:
    """The settings in which `after` is not as `wanted`: field -> (wanted, found); empty when it reads as wanted.

    used_before: units used at the read before the PUT. asked: the fields that were touched on purpose; only an
    untouched status may have moved by itself. A retry across groups that a fixed group forces off is no
    difference (trap 9).
    """
    found: dict[str, tuple[Any, Any]] = {}
    for field in EDITABLE:
        want, have = getattr(wanted, field), getattr(after.settings, field)
        if same_value(field, want, have):
            continue
        if field == "remain_quota" and quota_reads_as(want, used_before, after):
            continue
        if field == "status" and "status" not in asked and moved_by_itself(want, after):
            continue
        if field == "cross_group_retry" and not have and after.settings.group not in auto_groups:
            continue
        found[field] = (want, have)
    return found


def moved_between(base: KeySnapshot, live: KeySnapshot) -> Differences:
    """What somebody changed between two readings: field -> (base, live). Spending and self-moving status are not.

    The quota is compared by its limit, remaining + used, alone (design.md, "Quota"): a top-up by exactly what was spent
    leaves the same number.
    """
    found: dict[str, tuple[Any, Any]] = {}
    for field in EDITABLE:
        old, new = getattr(base.settings, field), getattr(live.settings, field)
        same = base.limit == live.limit if field == "remain_quota" else same_value(field, old, new)
        if same:
            continue
        if field == "status" and moved_by_itself(old, live):
            continue
        found[field] = (old, new)
    return found
