"""What is pasted or dropped at the leak desk. Never rendered back, never kept."""

from django import forms
from django.utils.translation import gettext_lazy as _

from keys.forms.plain import PlainForm


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
