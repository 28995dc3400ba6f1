"""What an export shall hold: the history's own filters, and in which form it is to come."""

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from keys.errors import Invalid
from keys.forms.history import OTHERS, HistoryForm, dashed
from keys.forms.plain import Choice, add_faults
from keys.redact import looks_secret
from keys.services.exporting import Format

FORMATS: Final = [
    (str(Format.BUNDLE), _("Evidence bundle (zip): can be checked by outsiders")),
    (str(Format.CSV), _("CSV: for a spreadsheet")),
    (str(Format.JSON_LINES), _("JSON Lines: for programs")),
]
_NAMES: Final = {"actor": "person", "request_id": "request", "key_id": "key"}


class ExportForm(HistoryForm):
    """Shows what was typed once more, whatever of it cannot be."""

    format = Choice(label=_("Format"), choices=FORMATS, widget=forms.RadioSelect, initial=str(Format.BUNDLE))
    beside = (*OTHERS, "csrfmiddlewaretoken", "count")

    def clean(self) -> dict[str, Any]:
        """What has a secret's shape is to get neither into an address nor into a record."""
        for name, typed in self.given().items():
            if looks_secret(typed):
                self.add_error(name, _("This looks like a secret. It was neither searched for nor recorded."))
        return super().clean()

    def add_faults(self, error: Invalid) -> None:
        """Each at the field that has its name in the address."""
        add_faults(self, Invalid({_NAMES.get(name, name): texts for name, texts in error.faults.items()}))

    def given(self) -> dict[str, Any]:
        """The filters that are given, as they stand in an address."""
        given = {name: str(self.data[name]) for name in HistoryForm.base_fields if self.data.get(name)}
        return {name: dashed(typed) if name == "request" else typed for name, typed in given.items()}
