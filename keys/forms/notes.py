"""Owner, purpose and tags of a key, as typed. Rules live in `keys.services.notes`."""

from django import forms
from django.utils.translation import gettext_lazy as _

from keys.forms.plain import PlainForm
from keys.models import KeyNote
from keys.services.notes import OWNER_LENGTH, PURPOSE_LENGTH, seen


class NoteForm(PlainForm):
    """saw: in a word, the note that the form was made from."""

    owner = forms.CharField(
        label=_("Owner"), required=False, max_length=OWNER_LENGTH, help_text=_("Who answers for this key.")
    )
    purpose = forms.CharField(label=_("Purpose"), required=False, max_length=PURPOSE_LENGTH)
    tags = forms.CharField(
        label=_("Tags"), required=False, max_length=1_000, help_text=_("Words, divided by commas or blanks.")
    )
    saw = forms.CharField(required=False, max_length=16, widget=forms.HiddenInput())

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **{"auto_id": "note-%s", **kwargs})

    @classmethod
    def of(cls, note: KeyNote) -> "NoteForm":
        values = {"owner": note.owner, "purpose": note.purpose, "tags": ", ".join(note.tag_list), "saw": seen(note)}
        return cls(initial=values)
