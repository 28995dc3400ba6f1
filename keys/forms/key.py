"""The form of one key's settings, in the reference page's field names."""

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext as now_in
from django.utils.translation import gettext_lazy as _

from keys import moments
from keys.forms.fields import ChosenField, SwitchField, TypedField
from keys.forms.judge import Judge, Surroundings
from keys.forms.presets import choices as preset_choices
from keys.forms.rendered import ENABLE_TOO, ON, QUOTA_MEANT, SWITCHES, TEXTS, rendered, same_line_ends
from keys.forms.warnings import warnings
from keys.forms.words import say
from keys.redact import escape_visible
from keys.rules import NAME_MAX_CHARACTERS, REASON_MAX_CHARACTERS
from keys.types import KeySettings, KeySnapshot, KeyWish, QuotaMode, Status

# HTML counts UTF-16 units, of which a character outside the basic plane takes two; the rule counts characters.
_UTF16 = 2

RAN_OUT = (Status.EXPIRED, Status.EXHAUSTED)
STATUSES = [("1", _("Enabled")), ("2", _("Disabled")), ("3", _("Expired")), ("4", _("Exhausted"))]
EXPIRIES = [("never", _("Never")), ("at", _("At a moment"))]
FOLDS = [("", _("Choose which")), ("earlier", _("The earlier one")), ("later", _("The later one"))]
QUOTA_MODES = [("set", _("Set to")), ("add", _("Top up by")), ("take", _("Take away"))]
QUOTA_UNITS = [("units", _("units")), ("usd", _("USD"))]


def _line(**attrs: Any) -> forms.TextInput:
    return forms.TextInput(attrs={"autocomplete": "off", **attrs})


def _area(rows: int, **attrs: Any) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, "cols": False, "spellcheck": "false", **attrs})


def _reason_field() -> TypedField:
    # Not declared in the class, where `reason` is what the form gives.
    return TypedField(
        label=_("Reason"),
        help_text=_("Optional, at most 500 characters. It is recorded: write no secret here."),
        widget=_area(2, maxlength=REASON_MAX_CHARACTERS * _UTF16),
        keep="\n\t",
    )


class KeyForm(forms.Form):
    """Edits a key as it was read (`base`). What was not touched is not judged, and goes back as it was read.

    zone: of the person. available_groups: None when nobody can say which there are. units_per_usd: the ratio.
    now: aware. Other fields of the post (the signed base, the change id) are none of this form's.
    """

    name = TypedField(
        label=_("Name"),
        help_text=_("1 to 50 characters. CometAPI may count bytes: keep it to 50 bytes of UTF-8."),
        widget=_line(maxlength=NAME_MAX_CHARACTERS * _UTF16),
    )
    status = ChosenField(STATUSES, label=_("Status"), help_text=_("Model endpoints serve enabled keys only."))
    expiry = ChosenField(EXPIRIES, radio=True, label=_("Expires"))
    expired_time = TypedField(label=_("Expiry"), widget=_line(type="datetime-local", step=1))
    expired_time_fold = ChosenField(
        FOLDS, label=_("Which of the two"), help_text=_("The clocks go back: this local time comes twice.")
    )
    quota_mode = ChosenField(QUOTA_MODES, label=_("Remaining quota"))
    remain_quota = TypedField(
        label=_("Amount"),
        help_text=_("“Set to” is what is left after saving. Units are whole numbers; USD with a dot, as 0.20."),
        widget=_line(inputmode="decimal"),
    )
    quota_unit = ChosenField(QUOTA_UNITS, label=_("Unit"))
    unlimited_quota = SwitchField(label=_("Unlimited quota"), help_text=_("The remaining quota is not checked."))
    model_limits_enabled = SwitchField(
        label=_("Restrict models"), help_text=_("Only the models below may be used. Name at least one.")
    )
    model_limits = TypedField(
        label=_("Models"), help_text=_("Model ids, by lines, commas or blanks."), widget=_area(5), keep="\n\t"
    )
    allow_ips = TypedField(
        label=_("Allowed addresses"),
        help_text=_("IPv4 and IPv6 addresses and networks, by lines, commas or blanks. Empty: no restriction."),
        widget=_area(5),
        keep="\n\t",
    )
    # Which opening was ticked (keys.rules.allowlist_reading); its box stands where the list is challenged.
    allow_ips_confirmed = TypedField(label=_("Confirmed"), widget=forms.HiddenInput())
    and_enable = SwitchField(
        label=_("And enable it"),
        help_text=_("More time or quota alone does not enable this key again. It is sent in a second step."),
    )
    group = TypedField(
        label=_("Group"),
        help_text=_("By which channels and prices calls go. Must be available to the account. Empty: none."),
        widget=_line(),
    )
    cross_group_retry = SwitchField(
        label=_("Cross-group retry"),
        help_text=_(
            "Where a call fails in one group, CometAPI tries the next. Only with an automatic group, such as auto."
        ),
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        base: KeySnapshot,
        zone: ZoneInfo,
        available_groups: tuple[str, ...] | None,
        auto_groups: tuple[str, ...],
        units_per_usd: int,
        now: datetime,
    ) -> None:
        super().__init__(data, initial={**rendered(base, zone), ENABLE_TOO: ON})
        self.base = base
        self.around = Surroundings(zone, now, available_groups, auto_groups, units_per_usd)
        self._judge = Judge({}, base, self.around)
        self.fields["reason"] = _reason_field()
        # Before any field is looked at: a bound field keeps the help text that it finds.
        self.fields["expired_time"].widget.attrs["data-shown"] = self.initial["expired_time"]
        self.fields["expired_time"].help_text = now_in("Local time in %(zone)s, to the second.") % {"zone": zone.key}
        self._offer_choices()

    def clean(self) -> dict[str, Any]:
        posted: dict[str, str | None] = {name: self.cleaned_data.get(name) for name in (*TEXTS, *SWITCHES, ENABLE_TOO)}
        posted[QUOTA_MEANT] = str(self.data.get(QUOTA_MEANT, ""))
        self._judge = Judge(posted, self.base, self.around)
        self._judge.judge()
        for field, faults in self._judge.faults.items():
            for fault in faults:
                self.add_error(field, forms.ValidationError(say(fault), code=fault.code))
        for field in self._posted_twice():
            self.add_error(field, forms.ValidationError(_("This was posted more than once."), code="twice"))
        return self.cleaned_data

    def to_wish(self) -> KeyWish:
        """The touched fields, and nothing else. Only of a form that is valid."""
        if not self.is_valid():
            raise ValueError("an invalid form wishes nothing")
        return self._judge.wish

    @property
    def judged(self) -> Judge:
        """What was made of the post, for whoever has more to say of it."""
        return self._judge

    @property
    def after(self) -> KeySettings:
        """The settings as they will be when nothing else moves; refused fields as they are."""
        return self._judge.after

    @property
    def touched(self) -> tuple[str, ...]:
        """Names of the touched settings in the reference page's order; those refused are not among them."""
        return self._judge.wish.touched

    @property
    def reason(self) -> str:
        """The reason as it will be recorded, "" for none."""
        return self._judge.reason

    @cached_property
    def warnings(self) -> dict[str, list[str]]:
        """Field -> what is to be said of it though it does not keep the form from being saved."""
        if self.is_bound:
            self.is_valid()
        said: dict[str, list[str]] = {}
        for field, fault in warnings(self._judge):
            said.setdefault(field, []).append(say(fault))
        return said

    @property
    def quota_meant(self) -> str:
        """In which way saving this very form takes the amount that was shown; "" for as it was shown."""
        refused = self.is_bound and self.has_error("remain_quota", "amount_kept")
        meant = self.data.get("quota_mode" if refused else QUOTA_MEANT, "")
        return str(meant) if meant in tuple(QuotaMode) else ""

    @property
    def fold_needed(self) -> bool:
        """Does the clock show the expiry that stands in the form twice?"""
        typed = self["expired_time"].data if self.is_bound else None
        text = typed if isinstance(typed, str) else str(self.initial["expired_time"])
        return moments.needs_fold(text, self.around.zone)

    def _offer_choices(self) -> None:
        """Choices that hang on the key: a status that only upstream knows, the groups, the hour that comes twice."""
        status, group = str(self.base.settings.status), escape_visible(self.base.settings.group)
        if status not in dict(STATUSES):
            label = now_in("Unknown (%(status)s)") % {"status": status}
            self._choose("status", [*STATUSES, (status, label)])
        if self.around.available_groups is not None:
            names = {"": now_in("None"), **{n: n for n in map(escape_visible, self.around.available_groups) if n}}
            names.setdefault(group, now_in("%(group)s (not available any more)") % {"group": group})
            self._choose("group", list(names.items()))
        posted = self.data.get("expiry")
        days = preset_choices(self.around.now, self.around.zone, posted if isinstance(posted, str) else "")
        never, at_a_moment = EXPIRIES
        self.fields["expiry"] = ChosenField([never, *days, at_a_moment], radio=True, label=self.fields["expiry"].label)
        if self.base.settings.status not in RAN_OUT:
            del self.fields[ENABLE_TOO]
        if not self.fold_needed:
            self.fields["expired_time_fold"].widget = forms.HiddenInput()

    def _choose(self, name: str, choices: list[tuple[str, Any]]) -> None:
        old = self.fields[name]
        self.fields[name] = ChosenField(choices, label=old.label, help_text=old.help_text)

    def _posted_twice(self) -> list[str]:
        getlist = getattr(self.data, "getlist", None)
        if getlist is None:
            return []
        return [name for name in (*TEXTS, *SWITCHES) if len({same_line_ends(v) for v in getlist(name)}) > 1]
