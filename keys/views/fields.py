"""The filters' fields as a template needs them: drawn by one small template, not by a widget each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from keys.forms.filters import FilterForm


@dataclass(frozen=True, slots=True)
class Drawn:
    """kind: `text`, `choice` or `box`. options: of a choice, as HTML."""

    kind: str
    name: str
    id: str
    label: str
    help: str
    value: str
    numeric: bool
    options: SafeString
    errors: list[str]


def filter_fields(form: FilterForm) -> Iterator[Drawn]:
    """All but the search itself."""
    for bound in form:
        if bound.name != "q":
            yield _drawn(bound)


def _drawn(bound: forms.BoundField) -> Drawn:
    field = bound.field
    value = str(bound.value() or "")
    options = SafeString("")
    if isinstance(field, forms.ChoiceField):
        value = value or str(field.initial or "")
        choices: Any = field.choices
        drawn = ((key, SafeString(" selected" if key == value else ""), words) for key, words in choices)
        options = format_html_join("", '<option value="{}"{}>{}</option>', drawn)
    kind = "choice" if options else "box" if isinstance(field.widget, forms.CheckboxInput) else "text"
    return Drawn(
        kind=kind,
        name=bound.name,
        id=f"id_{bound.name}",
        label=str(field.label),
        help=str(field.help_text),
        value=value,
        numeric=isinstance(field, forms.IntegerField),
        options=options,
        errors=[str(error) for error in bound.errors],
    )
