"""What of a difference between two readings no change of ours explains. Pure: drift is judged here and nowhere else.

From the last reading that was explained, past every change of ours, to what reads now: what moved in between two of
these, and not through one of them, somebody else did. Where it cannot be told, nobody is accused.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from keys.rules.admits import is_open
from keys.rules.allowlist_reading import as_stored, who_lets_in
from keys.services.compare import Differences, differences, moved_between, same_value
from keys.types import BY_ITSELF, NEVER, KeySnapshot, Status


@dataclass(frozen=True, slots=True)
class OurChange:
    """One change of ours that was sent and has ended. before: read just before it, begun at read_at.

    found: the last reading that it was judged by, begun at ended_at. clear: every request of it was answered, so that
    none may land later; else it may have landed, or land, at any moment until it was settled.
    """

    before: KeySnapshot
    wanted: KeySnapshot
    found: KeySnapshot | None
    read_at: datetime | None
    ended_at: datetime
    clear: bool

    def left(self) -> list[KeySnapshot]:
        """What it may have left the key as. What else `found` has beside that stands in its own record."""
        found = [_unweakened(self, self.found)] if self.found else []
        return found if self.clear and found else [self.before, self.wanted, *found]


def unexplained(
    start: KeySnapshot,
    start_at: datetime,
    changes: Iterable[OurChange],
    end: KeySnapshot,
    auto_groups: Collection[str] = ("auto",),
) -> Differences:
    """Field -> (before, now); the quota with its `limit` beside it. changes: in the order of their intents."""
    found: dict[str, tuple[Any, Any]] = {}
    states, at = [start], start_at
    late: list[OurChange] = []
    for change in changes:
        if change.clear and change.ended_at <= start_at:
            continue  # by the beginning, not by `at`: one that was settled late may have ended behind a later one
        if change.read_at and change.read_at > at:
            _merge(found, _missed(states, late, change.before, auto_groups))
            states = []
        states = [*states, *change.left()]
        at = max(at, change.ended_at)
        if not change.clear:
            late.append(change)
    _merge(found, _missed(states, late, end, auto_groups))
    if "limit" in found and found["limit"][0] == found["limit"][1]:
        found.pop("limit"), found.pop("remain_quota")
    return {f: pair for f, pair in found.items() if f == "remain_quota" or not same_value(f, *pair)}


def _missed(
    states: Sequence[KeySnapshot], late: Sequence[OurChange], seen: KeySnapshot, auto_groups: Collection[str]
) -> Differences:
    """Fields in which `seen` is unlike all that the key may have been, and unlike what a late request wrote."""
    moves = [moved_between(state, seen) for state in states]
    newest = states[-1]
    missed = {field: pair for field, pair in moves[-1].items() if all(field in moved for moved in moves)}
    for change in late:
        other = differences(change.wanted.settings, change.before.used_quota, seen, auto_groups=auto_groups)
        missed = {field: pair for field, pair in missed.items() if field in other}
    if _by_itself(missed):
        missed.pop("status")
    if "remain_quota" in missed:
        missed["limit"] = (newest.limit, seen.limit)
    return missed


def _by_itself(missed: Differences) -> bool:
    """Nobody but CometAPI sets these statuses (trap 3), whatever became of quota and expiry since."""
    old, new = missed.get("status", (None, None))
    return old == Status.ENABLED and new in BY_ITSELF


def _merge(found: dict[str, tuple[Any, Any]], more: Differences) -> None:
    for field, (old, new) in more.items():
        found[field] = (found[field][0] if field in found else old, new)


def _unweakened(change: OurChange, found: KeySnapshot) -> KeySnapshot:
    """`found` as it was in what it did not write and somebody else made weaker: its record alone raises no alarm."""
    before, wanted = change.before.settings, change.wanted.settings
    moved = moved_between(change.before, found)
    unasked = {name: pair for name, pair in moved.items() if same_value(name, pair[0], getattr(wanted, name))}
    theirs = {name: getattr(before, name) for name in weaker_fields(unasked, found)}
    return replace(found, settings=replace(found.settings, **theirs))


def weaker_fields(changed: Mapping[str, Sequence[Any]], now: KeySnapshot) -> list[str]:
    """The fields in which a key lets in, or lasts, or is good for more than before."""
    return [field for field, (old, new) in changed.items() if _is_weaker(field, old, new, now)]


def _is_weaker(field: str, old: Any, new: Any, now: KeySnapshot) -> bool:
    match field:
        case "status":
            return bool(new == Status.ENABLED)
        case "unlimited_quota":
            return bool(new)
        case "model_limits_enabled":
            return not new
        case "model_limits":
            return now.settings.model_limits_enabled and bool(_models(new) - _models(old))
        case "expired_time":
            return bool(old != NEVER and (new == NEVER or new > old))
        case "allow_ips":
            return _is_wider(str(old or ""), str(new or ""))
    return False


def _models(text: str) -> set[str]:
    return {model.strip() for model in text.split(",") if model.strip()}


def _is_wider(old: str, new: str) -> bool:
    """Does the new allowlist let in what the old one did not? Both as CometAPI reads them (trap 11)."""
    if is_open(old) or is_open(new):
        return not is_open(old)
    before = as_stored(old)
    return any(network and who_lets_in(before, network) is None for network in as_stored(new))
