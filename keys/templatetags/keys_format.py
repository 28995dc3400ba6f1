"""Filters for pages: quota, moments, hostile text made visible. Every one escapes what it is given."""

from datetime import UTC, datetime
from typing import Any

from django import template
from django.forms import BaseForm, BoundField
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from keys import spoken
from keys.forms.history import dashed
from keys.ledger.labels import action_label, field_label, outcome_label, role_label, value_text
from keys.redact import escape_visible
from keys.rules import LISTS, entries_of, list_changes
from keys.services.usage import Usage
from keys.types import NEVER, KeySnapshot

register = template.Library()
register.filter("key_name", spoken.key_name)
register.filter("usd", spoken.usd)
register.filter("units", spoken.units)
register.filter("lasting", spoken.lasting)
register.filter("how_long", spoken.how_long)
register.filter("in_utc", spoken.in_utc)
register.filter("dashed", dashed)
register.filter("field_label", field_label)
register.filter("action_label", action_label)
register.filter("outcome_label", outcome_label)
register.filter("role_label", role_label)


@register.filter
def count(number: int) -> str:
    """`10,000`."""
    return number_format(number, use_l10n=True, force_grouping=True)


@register.filter
def visible(text: object) -> str:
    """Control, bidi and surrogate characters as escapes; autoescaping does the rest."""
    return escape_visible(str(text))


@register.filter
def visible_lines(text: object) -> str:
    """As `visible`, and line ends stay."""
    return escape_visible(str(text), keep="\n")


@register.filter
def value_of(value: object, field: str) -> str:
    """A setting's value as a person reads it: quota with USD, times with their zone."""
    return value_text(field, value)


@register.filter
def added(pair: tuple[Any, Any], field: str) -> list[str]:
    """Entries that come into a list, visible; [] for a setting that is none."""
    return _entries(pair, field)[0]


@register.filter
def removed(pair: tuple[Any, Any], field: str) -> list[str]:
    """Entries that leave a list, visible; [] for a setting that is none."""
    return _entries(pair, field)[1]


def _entries(pair: tuple[Any, Any], field: str) -> tuple[list[str], list[str]]:
    if field not in LISTS:
        return [], []
    come, gone = list_changes(*(entries_of(field, value) for value in pair))
    return [escape_visible(entry) for entry in come], [escape_visible(entry) for entry in gone]


@register.filter
def lasts(usage: Usage, left_units: int) -> int:
    """Seconds that what is left lasts at this pace; 0 where that cannot be told."""
    return usage.lasts_s(left_units) or 0


@register.filter
def left_percent(key: KeySnapshot) -> int:
    """How much of all that was granted is left, 0 to 100, rounded down."""
    if key.settings.remain_quota <= 0:
        return 0
    return key.settings.remain_quota * 100 // (max(0, key.used_quota) + key.settings.remain_quota)


@register.filter
def warnings_of(field: BoundField) -> list[str]:
    """What a form has to say of one of its fields though it does not keep it from being saved; [] where it has none."""
    warnings: dict[str, list[str]] = getattr(field.form, "warnings", {})
    return warnings.get(field.name, [])


@register.filter
def fault_count(form: BaseForm) -> int:
    """How many faults a refused form tells: one field may have several."""
    return sum(len(faults) for faults in form.errors.values())


@register.filter
def grouped(count: int) -> str:
    """`12,345`."""
    return number_format(count, use_l10n=True, force_grouping=True)


@register.filter
def page_address(address: object, number: int) -> str:
    """The same list's page `number`. address: `?` and what else is asked for; "" for nothing."""
    asked = str(address or "?")
    return f"{asked}{'' if asked.endswith('?') else '&'}page={number:d}"


@register.filter
def moment(value: datetime | int | None) -> SafeString | str:
    """Relative, the exact time in its title. value: aware datetime or Unix seconds; 0 and None say never."""
    if not value:
        return _("never")
    when = spoken.as_moment(value)
    if when is None:
        return _("second %(number)s, beyond any calendar") % {"number": value}
    return _time(when, spoken.relative(when), spoken.exactly(when))


@register.filter
def exactly(value: datetime | int | None) -> SafeString | str:
    """The exact time with its zone."""
    when = spoken.as_moment(value)
    if when is None:
        return _("never") if value is None else _("second %(number)s, beyond any calendar") % {"number": value}
    return _time(when, spoken.exactly(when), spoken.relative(when))


@register.filter
def clock(value: datetime | int | None) -> SafeString | str:
    """`14:03:22`, the exact time and zone in its title; another day's with its date."""
    when = spoken.as_moment(value)
    if when is None:
        return _("at an unknown time")
    today = when.date() == timezone.localdate()
    return _time(when, f"{when:%H:%M:%S}" if today else f"{when:%Y-%m-%d %H:%M:%S}", spoken.exactly(when))


@register.filter
def utc_day(unix_s: int) -> str:
    """`2026-11-25`, the day in UTC."""
    return f"{datetime.fromtimestamp(unix_s, UTC):%Y-%m-%d}"


@register.filter
def stamp(value: datetime) -> SafeString:
    """`14:03:22` in the reader's zone, beneath a heading that names the day; day, zone and UTC in its title."""
    when = timezone.localtime(value)
    title = f"{spoken.exactly(when)} = {spoken.in_utc(when)} ({spoken.relative(when)})"
    return _time(when, f"{when:%H:%M:%S}", title)


@register.filter
def expiry(value: int) -> SafeString | str:
    """An `expired_time`: never, `in 3 days`, or when it passed."""
    return _("never") if value == NEVER else moment(value) if value else exactly(value)


def _time(when: datetime, text: str, title: str) -> SafeString:
    return format_html('<time datetime="{}" title="{}">{}</time>', when.isoformat(timespec="seconds"), title, text)
