"""From what an editor saw, wants and what is there now to what must be sent. Pure: no request, no database."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from keys import rules
from keys.errors import Invalid
from keys.services.compare import Differences, moved_between, same_value
from keys.services.outcome import Conflict
from keys.types import KeySettings, KeySnapshot, KeyWish, QuotaMode, Status


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be asked of upstream.

    wanted: every editable field as it should read afterwards. changed: field -> (live, wanted). moved: untouched
    fields that somebody else changed since the key was first seen. asked: the touched fields. status_apart: the status
    must follow in a request of its own, since it is judged against the stored record (trap 6).
    """

    wanted: KeySettings
    changed: Differences
    moved: Differences
    asked: tuple[str, ...]
    status_apart: bool = False

    @property
    def only_status(self) -> bool:
        return set(self.changed) == {"status"}


def lapsed(live: KeySnapshot, now: datetime) -> bool:
    """Is the stored record one that upstream would not enable: expired or run dry (trap 6)?"""
    marked = live.settings.status in (Status.EXPIRED, Status.EXHAUSTED)
    return marked or rules.is_past(live.settings.expired_time, now) or rules.is_dry(live.settings)


def plan_edit(
    base: KeySnapshot,
    wish: KeyWish,
    live: KeySnapshot,
    now: datetime,
    auto_groups: tuple[str, ...] = ("auto",),
    first: KeySnapshot | None = None,
) -> Plan:
    """What to send for `wish`, made on `base`, now that `live` is there.

    Touched settings are what the editor wants; all others come from live (design.md, "Fields by class"). first: the key
    as the editor first saw it, where that was before base: what moved since then is told, and no conflict.
    Raises Conflict when somebody else changed a touched field to something else, Invalid when the sum breaks a rule.
    """
    wanted = _wanted(wish, live)
    moved = moved_between(base, live)
    clashes = {
        field: (moved[field][0], moved[field][1], getattr(wanted, field))
        for field in wish.touched
        if field in moved and not _already(field, wish, wanted, live)
    }
    if clashes:
        raise Conflict(clashes, live)
    changed = {
        field: (getattr(live.settings, field), getattr(wanted, field))
        for field in wish.touched
        if not same_value(field, getattr(live.settings, field), getattr(wanted, field))
    }
    _refuse_odd_pairs(wanted, changed, moved, auto_groups)
    enabling = changed.get("status", (0, 0))[1] == Status.ENABLED
    if enabling:
        _refuse_dead_enable(wanted, now)
    return Plan(
        wanted=wanted,
        changed=changed,
        moved={field: pair for field, pair in moved_between(first or base, live).items() if field not in wish.touched},
        asked=wish.touched,
        status_apart=enabling and len(changed) > 1 and lapsed(live, now),
    )


def _wanted(wish: KeyWish, live: KeySnapshot) -> KeySettings:
    fields = dict(wish.fields)
    if wish.quota is not None:
        units = rules.apply_quota(wish.quota, live.settings.remain_quota)
        if units > rules.MAX_UNITS:
            words = f"That would leave {units:,} units; CometAPI takes at most {rules.MAX_UNITS:,}."
            raise Invalid({"remain_quota": [words]})
        fields["remain_quota"] = units
    return replace(live.settings, **fields)


def _already(field: str, wish: KeyWish, wanted: KeySettings, live: KeySnapshot) -> bool:
    # A top-up is a wish about a difference: another person's top-up of the same size is not this one.
    if field == "remain_quota" and wish.quota is not None and wish.quota.mode != QuotaMode.SET:
        return False
    return same_value(field, getattr(wanted, field), getattr(live.settings, field))


def _refuse_odd_pairs(
    wanted: KeySettings, changed: Collection[str], moved: Collection[str], auto_groups: tuple[str, ...]
) -> None:
    """Rules over two fields, once more where the other one has moved since the form judged them by its base."""
    restriction = {"model_limits", "model_limits_enabled"}
    try:
        if restriction & set(changed) and restriction & set(moved):
            field = "model_limits"
            rules.check_restriction(wanted.model_limits_enabled, wanted.model_limits)
        if "cross_group_retry" in changed and "group" in moved:
            field = "cross_group_retry"
            rules.check_cross_group_retry(wanted.cross_group_retry, wanted.group, auto_groups)
    except Invalid as broken:
        raise Invalid({field: [words for found in broken.faults.values() for words in found]}) from None


def _refuse_dead_enable(wanted: KeySettings, now: datetime) -> None:
    """Enabling a key that stays expired or dry would be a success that is none (reference page, `status`)."""
    faults = rules.check_enable(wanted, now)
    if faults:
        raise Invalid({field: [str(fault)] for field, fault in faults.items()})


def plain_disable(live: KeySettings) -> KeySettings:
    """A body that no upstream rule can refuse, to disable a key whose own settings break one (trap 4)."""
    return replace(
        live,
        status=int(Status.DISABLED),
        remain_quota=min(max(1, live.remain_quota), rules.MAX_UNITS),
        name=cut_to_bytes(live.name, rules.NAME_MAX_BYTES),
        group="",
        cross_group_retry=False,
    )


def cut_to_bytes(text: str, limit: int) -> str:
    """`text` cut at a character so that its UTF-8 form has at most `limit` bytes."""
    # surrogatepass: upstream text may hold lone surrogates, and they take three bytes here as there.
    return text.encode("utf-8", "surrogatepass")[:limit].decode("utf-8", "ignore")


def refusal_field(sent: KeySettings, touched: Collection[str]) -> str:
    """The form field that a refusal is most likely about, told by which rule the body breaks, never by the words.

    Order: the one in which the family checks (trap 4). Only the account knows its groups, so a group is suspected last,
    and only where it was touched.
    """
    if len(sent.name.encode("utf-8", "surrogatepass")) > rules.NAME_MAX_BYTES or not sent.name:
        return "name"
    if sent.remain_quota <= 0 and not sent.unlimited_quota:
        return "remain_quota"
    return "group" if sent.group and "group" in touched else ""
