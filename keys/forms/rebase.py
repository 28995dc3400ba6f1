"""Moving what was typed onto a newer reading: touched fields keep the text, all others show what is there now.

Pure: posted texts and the texts that the form rendered go in, posted texts come out.
"""

from collections.abc import Collection, Iterator, Mapping

from django.http import QueryDict

from keys.forms.rendered import SWITCHES, TEXTS, same_text
from keys.types import EDITABLE

CONTROLS = {
    "expired_time": ("expiry", "expired_time", "expired_time_fold"),
    "remain_quota": ("quota_mode", "remain_quota", "quota_unit"),
}
"""Controls that together say one field; every other field has one, of its own name."""


def controls_of(field: str) -> tuple[str, ...]:
    return CONTROLS.get(field, (field,))


def touched_fields(posted: QueryDict, shown: Mapping[str, str]) -> tuple[str, ...]:
    """Fields whose posted text is not the one that the form showed (`keys.forms.rendered`), valid or not."""
    return tuple(field for field in EDITABLE if any(_touched(control, posted, shown) for control in controls_of(field)))


def rebased(posted: QueryDict, was: Mapping[str, str], shown: Mapping[str, str]) -> QueryDict:
    """`posted` moved from the reading that showed `was` to the newer one that shows `shown`."""
    touched = touched_fields(posted, was)
    data = with_shown(posted, shown, [field for field in EDITABLE if field not in touched])
    if _moment_idle(posted, was):
        # Left as it was, it would look typed.
        data["expired_time"], data["expired_time_fold"] = shown["expired_time"], shown["expired_time_fold"]
    return data


def with_shown(posted: QueryDict, shown: Mapping[str, str], fields: Collection[str]) -> QueryDict:
    """`posted` with these fields as if they had not been touched."""
    data = posted.copy()
    for control in _controls(fields):
        data[control] = shown[control]
    return data


def _controls(fields: Collection[str]) -> Iterator[str]:
    for field in fields:
        yield from controls_of(field)


def _moment_idle(posted: QueryDict, was: Mapping[str, str]) -> bool:
    """Is another expiry than the moment's chosen, so that the moment counts for nothing? One typed beside a day, or
    beside a "never" that stood there, is asked about instead."""
    choice = posted.get("expiry", "at")
    if choice == "at":
        return False
    return choice == "never" != was["expiry"] or not _touched("expired_time", posted, was)


def _touched(control: str, posted: QueryDict, shown: Mapping[str, str]) -> bool:
    if control in SWITCHES:
        was_there = control in posted or f"{control}-shown" in posted
        return was_there and posted.get(control, "off") != shown[control]
    return control in TEXTS and control in posted and not same_text(control, str(posted[control]), shown)
