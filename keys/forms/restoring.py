"""From settings that a record tells to what a person would type so that the key has them again. Pure.

Computed against the key as it is now: a quota as a difference of limits, so that what was spent is never refunded.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.http import QueryDict

from keys import rules
from keys.forms.rebase import controls_of
from keys.forms.rendered import QUOTA_MEANT, rendered
from keys.redact import MASK, escape_visible
from keys.services.compare import same_value
from keys.types import EDITABLE, KeySettings, KeySnapshot, QuotaMode, QuotaWish, Status

_TYPES: Final[dict[str, tuple[type, ...]]] = {
    **dict.fromkeys(("name", "group", "model_limits"), (str,)),
    **dict.fromkeys(("status", "expired_time", "remain_quota"), (int,)),
    **dict.fromkeys(("unlimited_quota", "model_limits_enabled", "cross_group_retry"), (bool,)),
    "allow_ips": (str, type(None)),
}
_CUT = re.compile(r"… \[[0-9]+ characters, SHA-256 [0-9a-f]{64}\]\Z")


@dataclass(frozen=True, slots=True)
class Restoring:
    """typed: the form as a person would have filled it. fields: what will be altered. left: what cannot be.

    spent: the quota was lower, and there is nothing to take away any more.
    """

    typed: QueryDict
    fields: tuple[str, ...]
    left: tuple[str, ...]
    spent: bool


def restoring(state: Mapping[str, Any], live: KeySnapshot, zone: ZoneInfo, now: datetime) -> Restoring:
    """state: settings and counters by name, as a record has them; whatever of it is no setting is left as it is now."""
    told = {field: state[field] for field in EDITABLE if field in state and _is_whole(field, state[field])}
    target = replace(live, settings=replace(live.settings, **told))
    typed = QueryDict(mutable=True)
    typed.update(rendered(live, zone))
    shown = rendered(target, zone)
    plain = [f for f in EDITABLE if f not in ("status", "remain_quota")]
    fields = [f for f in plain if not same_value(f, getattr(live.settings, f), getattr(target.settings, f))]
    hidden = [f for f in fields if not _can_be_typed(f, getattr(target.settings, f))]
    fields = [f for f in fields if f not in hidden]
    for control in (control for field in fields for control in controls_of(field)):
        typed[control] = shown[control]
    left = [field for field in EDITABLE if field not in told or field in hidden]
    quota = _quota(state, live) if "remain_quota" in told else None
    spent = quota is not None and rules.takes_from_nothing(quota, live.settings.remain_quota)
    if quota and not spent:
        fields.append("remain_quota")
        typed["quota_mode"], typed["remain_quota"] = quota.mode.value, str(quota.units)
        typed[QUOTA_MEANT] = quota.mode.value
    status = _status(target.settings, live.settings, quota, now)
    if status is not None:
        fields.append("status")
        typed["status"] = str(status)
    elif target.settings.status == Status.ENABLED != live.settings.status:
        left.append("status")
    return Restoring(typed, tuple(f for f in EDITABLE if f in fields), tuple(left), spent)


def _is_whole(field: str, value: Any) -> bool:
    """Of its type, and neither masked nor cut when it was recorded."""
    if not isinstance(value, _TYPES[field]) or (isinstance(value, bool) and bool not in _TYPES[field]):
        return False
    return not isinstance(value, str) or not (MASK in value or _CUT.search(value))


def _can_be_typed(field: str, value: Any) -> bool:
    """Not what the form shows escaped: saved, the escape itself would stand in the key, letter by letter."""
    keep = "\n\t\r" if field in rules.LISTS else ""
    return not isinstance(value, str) or escape_visible(value, keep=keep) == value


def _quota(state: Mapping[str, Any], live: KeySnapshot) -> QuotaWish | None:
    """The difference of the limits, remaining + used; None for none, and where the record does not tell both."""
    used = state.get("used_quota")
    if not isinstance(used, int) or isinstance(used, bool):
        return None
    more = state["remain_quota"] + used - live.limit
    return QuotaWish(QuotaMode.ADD if more > 0 else QuotaMode.TAKE, abs(more)) if more else None


def _status(target: KeySettings, live: KeySettings, quota: QuotaWish | None, now: datetime) -> int | None:
    """Enabled or disabled, where it is the other now; None for no change, and for what a person has to decide.

    Expired and exhausted are upstream's own words; a key that would stay either is not enabled by the way.
    """
    if target.status == live.status or target.status not in (Status.ENABLED, Status.DISABLED):
        return None
    left = rules.apply_quota(quota, live.remain_quota) if quota else live.remain_quota
    if target.status == Status.ENABLED and rules.check_enable(replace(target, remain_quota=left), now):
        return None
    return target.status
