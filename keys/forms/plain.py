"""What our plain forms share: how they look, and what a service refused, told at the field it is about."""

from typing import Any

from django import forms
from django.forms import BaseForm, BoundField, Form
from django.utils.translation import gettext_lazy as _

from keys.errors import Invalid
from keys.redact import mask


class ShownAgain(BoundField):
    """What was typed, but for secrets in it, which are masked; every service refuses them wherever they are typed."""

    def value(self) -> Any:
        value = super().value()
        return mask(value) if self.form.is_bound and isinstance(value, str) else value


class PlainForm(Form):
    """No colon after a label."""

    bound_field_class = ShownAgain

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "label_suffix": ""})


class Choice(forms.ChoiceField):
    """Django's words repeat what was sent instead of a choice."""

    default_error_messages = {"invalid_choice": _("Choose one of these.")}


class TypedChoice(Choice, forms.TypedChoiceField):
    """A choice that becomes another type."""


def add_faults(form: BaseForm, error: Invalid) -> None:
    """Put each fault at its field; one about a field that this form does not have, at the form as a whole."""
    for field, messages in error.faults.items():
        for message in messages:
            form.add_error(field if field in form.fields else None, message)
