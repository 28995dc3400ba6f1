"""What follows from a change that is allowed: said before it is saved, where it opens a key or lets it die."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from keys import rules
from keys.forms.judge import Judge
from keys.redact import escape_visible, mask
from keys.rules import Fault
from keys.rules.admits import is_open
from keys.rules.allowlist_reading import opens_to
from keys.rules.fault import gettext_noop as _
from keys.services.usage import Usage
from keys.types import NEVER, KeySettings, Status

DAY_S = 24 * 60 * 60
OPEN_TO_ALL = {"0.0.0.0/0": "IPv4", "::/0": "IPv6"}
MODELS_NAMED = 5


@dataclass(frozen=True, slots=True)
class Change:
    """One edit before it is sent: what is there, what will be, which settings that alters, what was spent lately."""

    judge: Judge
    old: KeySettings
    new: KeySettings
    fields: frozenset[str]
    usage: Usage | None


def consequences(change: Change) -> Iterator[tuple[str, Fault]]:
    """Setting and what follows of it, for settings that the change alters."""
    fields, new = change.fields, change.new
    if "name" in fields and (fault := rules.name_warning(new.name)):
        yield "name", fault
    if "status" in fields and new.status != Status.ENABLED:
        yield "status", Fault("stops", _("The key stops working."))
    if "allow_ips" in fields:
        yield from (("allow_ips", fault) for fault in _of_addresses(change.old.allow_ips, new.allow_ips or ""))
    yield from _of_models(change)
    if "unlimited_quota" in fields and new.unlimited_quota:
        message = _("Without a quota this key can spend all that the account has.")
        yield "unlimited_quota", Fault("unlimited", message)
    yield from _of_quota(change)
    if "expired_time" in fields and new.expired_time == NEVER:
        yield "expired_time", Fault("never", _("Without an expiry this key works until somebody disables it."))
    yield from _of_life(change)


def _of_addresses(old: str | None, allow_ips: str) -> Iterator[Fault]:
    if not allow_ips:
        yield Fault("open", _("Without addresses the key works from everywhere."))
    elif is_open(old) and opens_to(allow_ips) != "both":
        yield Fault("closes", _("Until now every address was let in. Then only those in this list are."))
    for entry in allow_ips.split("\n"):
        if entry in OPEN_TO_ALL:
            message = _("%(entry)s lets every %(family)s address in.")
            yield Fault("open_family", message, {"entry": entry, "family": OPEN_TO_ALL[entry]})


def _of_models(change: Change) -> Iterator[tuple[str, Fault]]:
    touched = change.fields & {"model_limits_enabled", "model_limits"}
    if not touched:
        return
    where = "model_limits" if "model_limits" in touched else "model_limits_enabled"
    if not change.new.model_limits_enabled:
        if "model_limits_enabled" in touched:
            yield "model_limits_enabled", Fault("any_model", _("The key may use every model then."))
        return
    used = change.usage.models if change.usage else {}
    shut_out = _usable(change.old, used) - _usable(change.new, used)
    if shut_out:
        named = ", ".join([*sorted(shut_out)[:MODELS_NAMED], *(["…"] if len(shut_out) > MODELS_NAMED else [])])
        message = _("The key used these in the last 7 days, and could not any more: %(models)s.")
        yield where, Fault("shut_out", message, {"models": named})


def _usable(settings: KeySettings, models: Iterable[str]) -> set[str]:
    """Those of `models`, named safely as the usage names them, that a key with these settings may use."""
    if not settings.model_limits_enabled:
        return set(models)
    return set(models) & {escape_visible(mask(model)) for model in rules.split_models(settings.model_limits)}


def _of_quota(change: Change) -> Iterator[tuple[str, Fault]]:
    touched = change.fields & {"remain_quota", "unlimited_quota"}
    if not touched or change.new.unlimited_quota:
        return
    where = "remain_quota" if "remain_quota" in touched else "unlimited_quota"
    left, usage, ratio = change.new.remain_quota, change.usage, change.judge.around.units_per_usd
    if left <= 0:
        yield where, Fault("dry", _("With nothing left, CometAPI refuses every call of this key."))
    elif usage and usage.units > left:
        message = _("This is less than the last 7 days used: %(used)s.")
        if not usage.whole:
            message = _("This is less than the last 7 days used: at least %(used)s.")
        yield where, Fault("below_use", message, {"used": rules.format_usd(usage.units, ratio)})


def _of_life(change: Change) -> Iterator[tuple[str, Fault]]:
    """A key that was given more time or quota, and does not work all the same."""
    given = change.fields & {"expired_time", "remain_quota", "unlimited_quota"}
    if not given or "status" in change.fields:
        return
    where = next(name for name in ("expired_time", "remain_quota", "unlimited_quota") if name in given)
    now = change.judge.around.now
    was, is_now = rules.effective_status(change.old, now).status, rules.effective_status(change.new, now).status
    if is_now == Status.EXPIRED == was:
        yield where, Fault("stays_expired", _("The key stays expired: it is not enabled by this."))
    if is_now == Status.EXHAUSTED == was and change.new.remain_quota > 0:
        yield where, Fault("stays_dry", _("The key stays marked as exhausted: it is not enabled by this."))
    if is_now == Status.DISABLED == was:
        yield where, Fault("stays_disabled", _("The key stays disabled."))
