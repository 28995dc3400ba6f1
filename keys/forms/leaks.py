"""What is pasted or dropped at the leak desk. Never rendered back, never kept."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as now_in
from django.utils.translation import gettext_lazy as _

from keys.forms.plain import PlainForm
from keys.forms.typed_moment import typed_moment


class NeverShown(forms.Textarea):
    """Empty again after whatever was typed."""

    def format_value(self, value: object) -> None:
        return None


class PasteForm(PlainForm):
    text = forms.CharField(
        label=_("What leaked"),
        required=False,
        strip=False,
        widget=NeverShown(attrs={"rows": 8, "autocomplete": "off", "spellcheck": "false", "autofocus": True}),
        help_text=_(
            "A secret, a log, an .env file, a curl command, a scanner's whole report. Not stored, not shown again. "
            "Up to 16 MB."
        ),
    )
    file = forms.FileField(label=_("Or a file"), required=False, allow_empty_file=True)

    def data_given(self) -> bytes:
        """Everything that came, the text first; b"" for nothing."""
        text: str = self.cleaned_data.get("text") or ""
        parts = [text.encode("utf-8", "surrogatepass")] if text.strip() else []
        given = self.cleaned_data.get("file")
        if given:
            parts.append(given.read())
        return b"\n".join(parts)


class NoteForm(PlainForm):
    source = forms.CharField(
        label=_("Where it was seen"),
        required=False,
        max_length=300,
        help_text=_("Such as the address of a repository. Without the secret."),
    )
    note = forms.CharField(label=_("Note"), required=False, max_length=900)


class SinceForm(PlainForm):
    """From when on the usage log is read; as text, so that what is no time stays to be put right."""

    since = forms.CharField(
        label=_("Since"),
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "2026-03-01 00:00"}),
    )

    def __init__(self, data: Mapping[str, Any], *, default: datetime, zone: ZoneInfo) -> None:
        """default: what is meant where nothing is typed; to the minute."""
        self.zone, self.default = zone, default.replace(second=0, microsecond=0)
        text = f"{self.default.astimezone(zone):%Y-%m-%d %H:%M}"
        super().__init__({"since": data.get("since") or text})
        rule = now_in("As %(now)s or as a day, in %(zone)s.")
        now = timezone.localtime(timezone=zone)
        self.fields["since"].help_text = rule % {"now": f"{now:%Y-%m-%d %H:%M}", "zone": zone.key}

    def clean_since(self) -> datetime:
        moment = typed_moment(self.cleaned_data["since"], self.zone) or self.default
        if moment >= timezone.now():
            raise forms.ValidationError(_("This is not yet: choose a time that has passed."))
        return moment
