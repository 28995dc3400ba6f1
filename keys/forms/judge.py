"""From what was posted to a wish and the faults of it. Rules apply to what was touched, and to nothing else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from keys import moments, rules
from keys.forms.presets import meant
from keys.forms.rendered import ENABLE_TOO, ON, QUOTA_MEANT, SWITCHES, rendered, same_line_ends, same_text
from keys.forms.secrets import typed_secrets
from keys.redact import escape_visible
from keys.rules import Fault, RuleBroken
from keys.rules.fault import gettext_noop as _
from keys.types import NEVER, KeySettings, KeySnapshot, KeyWish, QuotaMode, QuotaWish, Status

T = TypeVar("T")
FREE_TEXTS = ("name", "expired_time", "remain_quota", "model_limits", "allow_ips", "group", "reason")
NEVER_WORDS = frozenset({"-1", "never"})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a form is judged by, besides the key. now: aware. available_groups: None when nobody can say."""

    zone: ZoneInfo
    now: datetime
    available_groups: tuple[str, ...] | None
    auto_groups: tuple[str, ...]
    units_per_usd: int


class Judge:
    """Judges one posted form. posted: field -> text, None for what was not posted.

    After `judge()`: `fields` and `quota` are the wish, `faults` what is wrong, by field, and `reason` the reason.
    """

    def __init__(self, posted: Mapping[str, str | None], base: KeySnapshot, around: Surroundings) -> None:
        self.base = base
        self.around = around
        self.shown = rendered(base, around.zone)
        self.posted = posted
        self.fields: dict[str, Any] = {}
        self.quota: QuotaWish | None = None
        self.reason = ""
        self.faults: dict[str, list[Fault]] = {}

    @property
    def wish(self) -> KeyWish:
        return KeyWish(dict(self.fields), self.quota)

    @property
    def after(self) -> KeySettings:
        """The settings as they will be when nothing else moves."""
        settings = replace(self.base.settings, **self.fields)
        if self.quota:
            settings = replace(settings, remain_quota=rules.apply_quota(self.quota, settings.remain_quota))
        return settings

    def touched(self, *names: str) -> bool:
        """Was one of these posted with another text than the form showed?"""
        return any(
            (text := self.posted.get(name)) is not None and not same_text(name, text, self.shown) for name in names
        )

    def judge(self) -> None:
        self._refuse_secrets()
        for name in SWITCHES:
            if self.touched(name):
                self.fields[name] = self.posted[name] == ON
        self._plain("name", rules.check_name)
        self._plain("status", rules.check_status)
        self._plain("model_limits", rules.check_models)
        self._plain("allow_ips", self._allow_ips)
        self._plain("group", self._group)
        if self._expiry_touched():
            self._keep("expired_time", "expired_time", self._expired_time)
        if self._quota_touched():
            self.quota = self._tried("remain_quota", self._quota)
        self.reason = self._tried("reason", lambda: rules.check_reason(self._text("reason"))) or ""
        self._enable_too()
        self._judge_together()

    def _text(self, name: str) -> str:
        posted = self.posted.get(name)
        return self.shown[name] if posted is None else posted

    def _refuse_secrets(self) -> None:
        message = _("This looks like a secret. Take it out: what is typed here is recorded and shown to others.")
        for name in FREE_TEXTS:
            text = same_line_ends(self._text(name)).strip()
            # Longer ones are refused by their own rules, each of which has a length.
            if len(text) <= rules.LIST_MAX_CHARACTERS and self.touched(name) and typed_secrets(text, self.shown[name]):
                self.faults[name] = [Fault("secret", message)]

    def _tried(self, field: str, rule: Callable[[], T]) -> T | None:
        """The rule's answer; None, and its faults noted, when it is broken or the field is refused already."""
        if field in self.faults:
            return None
        try:
            return rule()
        except RuleBroken as broken:
            self.faults[field] = list(broken.broken)
            return None

    def _keep(self, setting: str, field: str, rule: Callable[[], Any]) -> None:
        value = self._tried(field, rule)
        if field not in self.faults:
            self.fields[setting] = value

    def _plain(self, name: str, rule: Callable[[str], Any]) -> None:
        if self.touched(name):
            self._keep(name, name, lambda: rule(self._text(name)))

    def _allow_ips(self, text: str) -> str | None:
        after = rules.check_allow_ips(text)
        rules.check_opening(self.base.settings.allow_ips, after, self._text("allow_ips_confirmed"))
        return after

    def _group(self, text: str) -> str:
        # The form shows groups escaped; upstream gets them as it named them.
        available = self.around.available_groups
        named = {escape_visible(group): group for group in available or ()}
        return rules.check_group(named.get(text, text), available)

    def _enable_too(self) -> None:
        """The tick beside time and quota: heard only of a key that ran out, when both suffice by this very edit."""
        ran_out = self.base.settings.status in (Status.EXPIRED, Status.EXHAUSTED)
        given = self.quota is not None or {"expired_time", "unlimited_quota"} & self.fields.keys()
        if self.posted.get(ENABLE_TOO) != ON or not ran_out or not given or self.touched("status"):
            return
        if not rules.check_enable(self.after, self.around.now):
            self.fields["status"] = int(Status.ENABLED)

    def _expiry_touched(self) -> bool:
        # Which of two hours is heard only of a time that comes twice.
        fold = self.touched("expired_time_fold") and moments.needs_fold(self._text("expired_time"), self.around.zone)
        return fold or self.touched("expiry", "expired_time")

    def _expired_time(self) -> int:
        mode, text = self._expiry_mode(), self._text("expired_time").strip()
        if mode == "never":
            return NEVER
        if (day := self._preset(mode)) is not None:
            return rules.check_expired_time(day, self.around.now)
        if not text:
            raise RuleBroken(Fault("expiry_empty", _("Give a date and time, or choose “never”.")))
        moment = moments.parse_moment(text, self.around.zone, self._text("expired_time_fold"))
        return rules.check_expired_time(moment, self.around.now)

    def _preset(self, mode: str) -> int | None:
        return meant(mode, self.around.now, self.around.zone)

    def _expiry_mode(self) -> str:
        """`never`, `at` or a preset. A moment typed while another one stays chosen is not guessed about."""
        mode, typed = self.posted.get("expiry"), self.touched("expired_time")
        text = self._text("expired_time").strip()
        if typed and text.lower() in NEVER_WORDS:
            return "never"
        if mode is None:
            return "at" if typed else self.shown["expiry"]
        preset = self._preset(mode) is not None
        if mode not in {"never", "at"} and not preset:
            raise RuleBroken(Fault("expiry_mode", _("Choose “never” or a moment.")))
        if mode == "never" == self.shown["expiry"] and typed and text:
            message = _("A moment is given and “never” is chosen: choose one of them.")
            raise RuleBroken(Fault("expiry_both", message))
        if preset and typed and text:
            message = _("A moment is given and a day is chosen: choose “at a moment”, or empty the moment.")
            raise RuleBroken(Fault("expiry_both", message))
        return mode

    def _quota_touched(self) -> bool:
        # An unlimited key needs no amount: an emptied field wishes nothing.
        if self._text("unlimited_quota") == ON and not self._text("remain_quota").strip():
            return False
        return self.touched("remain_quota", "quota_mode", "quota_unit") and not self._same_in_usd()

    def _same_in_usd(self) -> bool:
        """Is it what was shown, in the other unit? The quota is no other for it."""
        if self.touched("quota_mode") or self._text("quota_unit") != "usd":
            return False
        try:
            units = rules.parse_amount(self._text("remain_quota"), "usd", self.around.units_per_usd)
        except RuleBroken:
            return False
        return units == self.base.settings.remain_quota

    def _quota(self) -> QuotaWish:
        mode, unit = self._text("quota_mode"), self._text("quota_unit")
        if mode not in tuple(QuotaMode):
            raise RuleBroken(Fault("quota_mode", _("Choose “set to”, “top up by” or “take away”.")))
        if unit not in {"units", "usd"}:
            raise RuleBroken(Fault("quota_unit", _("Choose units or USD.")))
        if not self.touched("remain_quota"):
            self._check_meant(mode)
        ratio = self.around.units_per_usd
        wish = QuotaWish(QuotaMode(mode), rules.parse_amount(self._text("remain_quota"), unit, ratio))
        return rules.check_quota(wish, self.base.settings.remain_quota, ratio)

    def _check_meant(self, mode: str) -> None:
        """What the amount that was shown means in another unit, or as another way, is not guessed about."""
        if self.touched("quota_unit"):
            raise RuleBroken(Fault("amount_shown", _("The amount is still the one that was shown: give it in USD.")))
        if mode != self.posted.get(QUOTA_MEANT):
            add = _("The amount is still the one that was shown. Give what to top up by; if it is that, save again.")
            take = _("The amount is still the one that was shown. Give what to take away; if it is that, save again.")
            raise RuleBroken(Fault("amount_kept", add if mode == QuotaMode.ADD else take))

    def _judge_together(self) -> None:
        """Rules over several fields, judged when one of them was touched and none of them is refused already."""
        after = self.after
        if {"model_limits", "model_limits_enabled"} & self.fields.keys():
            self._tried("model_limits", lambda: rules.check_restriction(after.model_limits_enabled, after.model_limits))
        if "cross_group_retry" in self.fields and "group" not in self.faults:
            retry, groups = after.cross_group_retry, self.around.auto_groups
            self._tried("cross_group_retry", lambda: rules.check_cross_group_retry(retry, after.group, groups))
        if self.fields.get("status") == Status.ENABLED:
            for field, fault in rules.check_enable(after, self.around.now).items():
                self.faults.setdefault(field, [fault])
