"""What is typed about people and teams: made canonical, searched for secrets, refused before anything is recorded."""

import unicodedata
from collections.abc import Mapping
from typing import Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext

from keys.errors import Invalid
from keys.redact import find_secrets

REFUSED_CATEGORIES: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
BIDI: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


def one_line(text: str) -> str:
    """NFC, with single blanks and none around."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def refuse_bad_text(texts: Mapping[str, str]) -> None:
    """Raises Invalid for texts that hold control or bidi characters, or what looks like a secret.

    texts: field name -> typed text of one line. A secret is not repeated in what is said about it.
    """
    faults = {field: _faults(text) for field, text in texts.items()}
    if any(faults.values()):
        raise Invalid({field: found for field, found in faults.items() if found})


def invalid(error: ValidationError, names: Mapping[str, str] | None = None) -> Invalid:
    """A model's validation error in our words. names: model field -> form field, where they differ."""
    if not hasattr(error, "error_dict"):
        return Invalid({"": list(error.messages)})
    names = names or {}
    told = {"" if field == "__all__" else field: texts for field, texts in error.message_dict.items()}
    return Invalid({names.get(field, field): texts for field, texts in told.items()})


def _faults(text: str) -> list[str]:
    faults = []
    if any(unicodedata.category(sign) in REFUSED_CATEGORIES or sign in BIDI for sign in text):
        faults.append(gettext("Control characters and text direction marks cannot be used here."))
    if find_secrets(text):
        faults.append(gettext("This looks like a secret. Secrets are never stored in names or notes."))
    return faults
