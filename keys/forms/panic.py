"""The number of keys, typed back before all of them are disabled."""

from django import forms
from django.utils.translation import gettext_lazy as _

from keys import rules
from keys.forms.plain import PlainForm
from keys.services.panic.pressing import number_typed


class PanicForm(PlainForm):
    """shown: the number that the page said when it was made. What may be in a reason is judged by the service."""

    shown = forms.CharField(required=False, max_length=20)
    number = forms.CharField(
        label=_("Type the number of keys to be disabled"),
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "size": 12}),
    )
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=rules.REASON_MAX_CHARACTERS,
        help_text=_("Optional. It goes on record. Without any secret."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def typed(self) -> int | None:
        return number_typed(self.cleaned_data["number"])

    def refuse(self, number: int) -> None:
        """The number is another one: that it has changed is told apart from a slip."""
        if number_typed(self.cleaned_data["shown"]) != number:
            words = _("The number has changed meanwhile: it is %(n)s now. Nothing was sent. Type the new number.")
        else:
            words = _("That is not the number. Nothing was sent. Type %(n)s.")
        self.add_error("number", words % {"n": number})
