"""What our plain forms share: how they look, and what a service refused, told at the field it is about."""

from typing import Any

from django.forms import BaseForm, Form

from keys.errors import Invalid


class PlainForm(Form):
    """No colon after a label."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "label_suffix": ""})


def add_faults(form: BaseForm, error: Invalid) -> None:
    """Put each fault at its field; one about a field that this form does not have, at the form as a whole."""
    for field, messages in error.faults.items():
        for message in messages:
            form.add_error(field if field in form.fields else None, message)
