"""What is pasted or dropped at the leak desk. Never rendered back, never kept."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as now_in
from django.utils.translation import gettext_lazy as _

from keys.forms.plain import PlainForm, ShownAgain
from keys.forms.typed_moment import typed_moment
from keys.services.leaks.sources import holds_secret


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
    file = forms.FileField(
        label=_("Or a file"),
        required=False,
        allow_empty_file=True,
        help_text=_("With a text as well, its lines are counted on behind those of the text."),
    )

    def data_given(self) -> bytes:
        """Everything that came, the text first; b"" for nothing."""
        text: str = self.cleaned_data.get("text") or ""
        parts = [text.encode("utf-8", "surrogatepass")] if text.strip() else []
        given = self.cleaned_data.get("file")
        if given:
            parts.append(given.read())
        return b"\n".join(parts)


class SourceAgain(ShownAgain):
    """An address that leads to a commit is shown again as it was typed."""

    def value(self) -> Any:
        value = super(ShownAgain, self).value()
        return super().value() if isinstance(value, str) and holds_secret(value) else value


class NoteForm(PlainForm):
    """saw: the source that was there when the form was shown."""

    bound_field_class = SourceAgain

    saw = forms.CharField(required=False, widget=forms.HiddenInput)
    source = forms.CharField(
        label=_("Where it was seen"),
        required=False,
        max_length=300,
        help_text=_("Such as the address of a repository. Without the secret."),
    )
    note = forms.CharField(label=_("Note"), required=False, max_length=900)

    def changed(self, now: str) -> None:
        """Somebody else wrote another source: shown, and what is saved next is written over it knowingly."""
        self.data = {name: self.data.get(name, "") for name in self.fields} | {"saw": now}
        words = _(
            "Somebody else wrote meanwhile: “%(now)s”. Nothing was saved: put both in, or save once more to replace it."
        )
        emptied = _("Somebody else emptied this meanwhile. Nothing was saved: save once more to fill it in.")
        self.add_error("source", words % {"now": now} if now else emptied)


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
