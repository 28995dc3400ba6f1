"""The filters of the list of keys: read from an address, explained at their field where they cannot be."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from keys.forms.plain import Choice, PlainForm
from keys.forms.words import say
from keys.redact import looks_secret
from keys.rules import RuleBroken
from keys.rules.admits import parse_address
from keys.selectors.wanted import DEFAULTS, NEWEST, OTHER, Wanted
from keys.services.typed import one_line

DAYS_AT_MOST: Final = 3_650
STATUS_WORDS: Final[dict[str, Any]] = {
    "enabled": _("Enabled"),
    "disabled": _("Disabled"),
    "expired": _("Expired"),
    "exhausted": _("Exhausted"),
    OTHER: _("Other"),
}
SORT_WORDS: Final[dict[str, Any]] = {
    "name": _("Name"),
    "-name": _("Name, from Z to A"),
    "-created": _("Newest first"),
    "created": _("Oldest first"),
    "expires": _("Expires soonest"),
    "-expires": _("Expires last"),
    "left": _("Least quota left"),
    "-left": _("Most quota left"),
    "-used": _("Spent most"),
    "used": _("Spent least"),
    "-last_used": _("Used last"),
    "last_used": _("Unused the longest"),
    "status": _("Status, enabled first"),
    "-status": _("Status, enabled last"),
    "group": _("Group"),
    "-group": _("Group, from Z to A"),
    "restricted": _("Open to every address first"),
    "-restricted": _("Restricted to addresses first"),
    "team": _("Team"),
    "-team": _("Team, from Z to A"),
}
OUTSIDE: Final = frozenset({"page", "csrfmiddlewaretoken"})
"""What may stand in an address or a posted form beside the filters."""


class Flag(forms.Field):
    """A box that says `yes` or nothing."""

    def __init__(self, label: Any) -> None:
        super().__init__(required=False, label=label, widget=YesBox())

    def clean(self, value: Any) -> bool:
        if value not in (None, "", "yes"):
            raise ValidationError(_("Say “yes”, or leave it out."))
        return str(value) == "yes"


class YesBox(forms.CheckboxInput):
    def __init__(self) -> None:
        super().__init__(check_test=lambda value: value in (True, "yes"))

    def format_value(self, value: Any) -> str:
        return "yes"

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        return data.get(name)


class Number(forms.IntegerField):
    """A whole number with the digits 0 to 9; nothing else that int() would take."""

    def __init__(self, label: Any, lowest: int, most: int, help_text: Any = "") -> None:
        widget = forms.TextInput(attrs={"inputmode": "numeric"})
        words = _("Give a whole number from %(low)d to %(high)d.")  # filled in where it is raised, in its language
        self.bounds = range(lowest, most + 1)
        super().__init__(
            required=False, label=label, widget=widget, help_text=help_text, error_messages={"invalid": words}
        )

    def to_python(self, value: Any) -> int | None:
        text = str(value or "").strip()
        if not text:
            return None
        if not (text.isascii() and text.isdecimal() and len(text) <= 6 and int(text) in self.bounds):
            low, high = self.bounds[0], self.bounds[-1]
            raise ValidationError(self.error_messages["invalid"], code="invalid", params={"low": low, "high": high})
        return int(text)


def _text(label: Any, length: int, help_text: Any = "", **attrs: str) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", **attrs})
    return forms.CharField(required=False, max_length=length, label=label, help_text=help_text, widget=widget)


class FilterForm(PlainForm):
    """Every filter there is. `wanted()` is what is looked for, once it is valid."""

    q = _text(_("Search"), 200, type="search")
    status = Choice(required=False, label=_("Status"), choices=[("", _("Any")), *STATUS_WORDS.items()])
    group = _text(_("Group"), 200)
    owner = _text(_("Owner"), 200)
    tag = _text(_("Tag"), 200)
    address = _text(_("Lets this address in"), 60, _("Such as 203.0.113.9"))
    expiring = Number(_("Expires within"), 0, DAYS_AT_MOST, _("Days from now"))
    idle = Number(_("Not used for"), 1, DAYS_AT_MOST, _("Days at least"))
    low = Number(_("Low on quota"), 1, 100, _("Percent left, at most"))
    never_used = Flag(_("Never used"))
    unlimited = Flag(_("Unlimited quota"))
    no_expiry = Flag(_("No expiry"))
    no_allowlist = Flag(_("No allowlist"))
    drifted = Flag(_("Changed elsewhere"))
    gone = Flag(_("Gone from CometAPI"))
    sort = Choice(required=False, label=_("Order"), choices=list(SORT_WORDS.items()), initial=NEWEST)

    def __init__(self, data: QueryDict) -> None:
        self.given = data
        super().__init__(data, initial={"sort": NEWEST})

    def clean_q(self) -> str:
        # The address itself was looked at before; here, what was posted.
        text: str = self.cleaned_data["q"]
        if looks_secret(text):
            raise ValidationError(secret_words(), code="secret")
        return text

    def clean_address(self) -> str:
        text: str = self.cleaned_data["address"]
        try:
            return str(parse_address(text)) if text else ""
        except RuleBroken as broken:
            raise ValidationError([say(fault) for fault in broken.broken]) from None

    def clean_owner(self) -> str:
        return one_line(self.cleaned_data["owner"])

    def clean_tag(self) -> str:
        return one_line(self.cleaned_data["tag"])

    def clean_sort(self) -> str:
        return self.cleaned_data["sort"] or NEWEST

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        self._refuse_unknown()
        if given.get("no_expiry") and given.get("expiring") is not None:
            self.add_error("expiring", _("A key without expiry never expires: choose one of the two filters."))
        if given.get("unlimited") and given.get("low") is not None:
            self.add_error("low", _("An unlimited key is never low on quota: choose one of the two filters."))
        for name in ("group", "owner", "tag"):
            if looks_secret(given.get(name, "")):
                self.add_error(name, ValidationError(secret_words(), code="secret"))
        return given

    def _refuse_unknown(self) -> None:
        """A filter with a slip in its name would otherwise show everything."""
        for name, values in self.given.lists():
            if name not in self.fields and name not in OUTSIDE:
                self.add_error(None, gettext("One of the filters in this address does not exist."))
            elif len(values) > 1 and name in self.fields:
                self.add_error(name, _("This is given twice in the address: leave one."))

    @property
    def has_secret(self) -> bool:
        """Was anything refused because it looks like a secret?"""
        return any(self.has_error(name, "secret") for name in self.errors)

    def wanted(self) -> Wanted:
        return Wanted(**{name: self.cleaned_data[name] for name in DEFAULTS})


def address_of(wanted: Wanted, **other: str | None) -> str:
    """The query of an address: `?status=expired&sort=-used`, "?" for everything. other: put in, None: taken out."""
    asked: dict[str, str | None] = {**wanted.asked(), **other}
    return "?" + urlencode({name: value for name, value in asked.items() if value})


def secret_words() -> str:
    return gettext(
        "This looks like a secret, so it was not searched for and not kept. Secrets are looked up at the leak desk."
    )
