"""The filters' fields as a template needs them: drawn by one small template, not by a widget each."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language

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
    errors: tuple[str, ...]


def filters_html(form: FilterForm, path: str) -> SafeString:
    """All but the search itself. path: the list's own."""
    fields = tuple(_drawn(bound) for bound in form if bound.name != "q")
    return _rendered(fields, path, filters_open(form), get_language())


def filters_open(form: FilterForm) -> bool:
    """Is one of them faulty, so that it must be seen?"""
    return bool(form.errors.keys() - {"q"})


@lru_cache(maxsize=256)
def _rendered(fields: tuple[Drawn, ...], path: str, is_open: bool, language: str) -> SafeString:
    """Kept: fifteen fields take as long as thirty rows, and most lists are shown without a filter."""
    return render_to_string("keys/_filters.html", {"fields": fields, "path": path, "filters_open": is_open})


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
        errors=tuple(str(error) for error in bound.errors),
    )
