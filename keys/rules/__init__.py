"""The field rules, once (issue 2, point 7): what may be typed for a key. Pure: no Django, no request, no clock.

`check_*` and `parse_*` give the value to save or raise RuleBroken; nothing is repaired silently but what is said there.
"""

from keys.rules.allowlist import check_allow_ips
from keys.rules.allowlist_reading import check_opening
from keys.rules.fault import Fault, RuleBroken
from keys.rules.lists import (
    LIST_MAX_CHARACTERS,
    LIST_MAX_ENTRIES,
    LISTS,
    MODEL_ID_MAX_CHARACTERS,
    check_models,
    check_restriction,
    entries_of,
    list_changes,
    pasted_models,
    split_list,
    split_models,
)
from keys.rules.names import (
    NAME_MAX_BYTES,
    NAME_MAX_CHARACTERS,
    REASON_MAX_CHARACTERS,
    check_group,
    check_name,
    check_reason,
    name_warning,
)
from keys.rules.quota import MAX_UNITS, apply_quota, check_quota, format_usd, parse_amount, takes_from_nothing
from keys.rules.state import (
    LAST_MOMENT,
    Effective,
    check_cross_group_retry,
    check_enable,
    check_expired_time,
    check_status,
    effective_status,
    is_dry,
    is_past,
)

__all__ = [
    "LAST_MOMENT",
    "LISTS",
    "LIST_MAX_CHARACTERS",
    "LIST_MAX_ENTRIES",
    "MAX_UNITS",
    "MODEL_ID_MAX_CHARACTERS",
    "NAME_MAX_BYTES",
    "NAME_MAX_CHARACTERS",
    "REASON_MAX_CHARACTERS",
    "Effective",
    "Fault",
    "RuleBroken",
    "apply_quota",
    "check_allow_ips",
    "check_cross_group_retry",
    "check_enable",
    "check_expired_time",
    "check_group",
    "check_models",
    "check_name",
    "check_opening",
    "check_quota",
    "check_reason",
    "check_restriction",
    "check_status",
    "effective_status",
    "entries_of",
    "format_usd",
    "is_dry",
    "is_past",
    "list_changes",
    "name_warning",
    "parse_amount",
    "pasted_models",
    "split_list",
    "split_models",
    "takes_from_nothing",
]
