"""The reason with which somebody accepts what was changed elsewhere."""

from django import forms
from django.utils.translation import gettext_lazy as _

from keys import rules
from keys.forms.plain import PlainForm


class AcceptForm(PlainForm):
    """What may be in a reason is judged by `keys.services.dealing`."""

    reason = forms.CharField(label=_("Reason"), required=False, max_length=rules.REASON_MAX_CHARACTERS)
