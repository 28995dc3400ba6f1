"""What is said of fields that nobody touched and that break a rule all the same: they go back as they were read."""

from collections.abc import Callable, Iterator
from typing import Any

from keys import moments, rules
from keys.forms.judge import Judge
from keys.rules import Fault, RuleBroken
from keys.rules.fault import gettext_noop as _
from keys.types import NEVER, KeySettings, Status


def warnings(judge: Judge) -> Iterator[tuple[str, Fault]]:
    """Field and fault, for each untouched field of the key that breaks a rule, and for what is allowed but unwise."""
    after, said = judge.after, {*judge.wish.touched, *judge.faults}
    untouched = {name: value for name, value in after.as_dict().items() if name not in said}
    for name, value in untouched.items():
        yield from ((name, fault) for fault in _of_field(name, value, judge))
    if "name" not in judge.faults and (fault := rules.name_warning(after.name)):
        yield "name", fault
    if after.cross_group_retry and after.group not in judge.around.auto_groups and "cross_group_retry" in untouched:
        message = _("CometAPI switches cross-group retry off for a group that is not automatic.")
        yield "cross_group_retry", Fault("retry_off", message)


def _of_field(name: str, value: Any, judge: Judge) -> Iterator[Fault]:
    settings = judge.base.settings
    if name == "expired_time":
        yield from _of_expiry(value, judge)
    elif name == "remain_quota":
        yield from _of_quota(settings, judge)
    elif name == "model_limits":
        yield from _of_models(settings, judge)
    elif name in _CHECKS:
        yield from _broken(lambda: _CHECKS[name](value, judge))


def _of_expiry(value: int, judge: Judge) -> Iterator[Fault]:
    if value != NEVER and moments.local(value, judge.around.zone) is None:
        message = _("CometAPI stores %(stored)s here, which is no date. It stays as it is unless you change it.")
        yield Fault("expiry_odd", message, {"stored": str(value)})
    elif rules.is_past(value, judge.around.now):
        yield Fault("expired", _("This key has expired."))


def _of_quota(settings: KeySettings, judge: Judge) -> Iterator[Fault]:
    if settings.remain_quota < 0 and not judge.after.unlimited_quota:
        message = _("Overspent by %(usd)s: CometAPI may refuse every change until the quota is 0 or more.")
        yield Fault("overspent", message, {"usd": rules.format_usd(-settings.remain_quota, judge.around.units_per_usd)})


def _of_models(settings: KeySettings, judge: Judge) -> Iterator[Fault]:
    ids = rules.split_models(settings.model_limits)
    if any(model_id != model_id.strip() or not model_id for model_id in ids):
        message = _("CometAPI takes blanks and empty entries literally: such an entry matches no model.")
        yield Fault("models_blank", message)
    if "model_limits_enabled" not in judge.fields:
        yield from _broken(lambda: rules.check_restriction(settings.model_limits_enabled, settings.model_limits))


def _broken(rule: Callable[[], object]) -> tuple[Fault, ...]:
    try:
        rule()
    except RuleBroken as broken:
        return broken.broken
    return ()


def _status(value: int, _judge: Judge) -> None:
    if value not in tuple(Status):
        message = _("CometAPI stores a status that is not known here: %(stored)s.")
        raise RuleBroken(Fault("status_odd", message, {"stored": str(value)}))


_CHECKS: dict[str, Callable[[Any, Judge], object]] = {
    "name": lambda value, _judge: rules.check_name(value),
    "status": _status,
    "allow_ips": lambda value, _judge: rules.check_allow_ips(value or ""),
    "group": lambda value, judge: rules.check_group(value, judge.around.available_groups),
}
