"""Which record a save answers, carried by the form: signed, bound to person, team and key as the base is."""

from typing import Final

from django.core import signing

from keys.forms.base import MAX_AGE_S
from keys.models import Person, Team

SALT: Final = "keys.forms.answers"


def sign_answers(seq: int, person: Person, team: Team, key_id: int) -> str:
    """For the hidden field `answers`."""
    return signing.dumps([seq, person.pk, team.pk, key_id], salt=SALT)


def open_answers(text: str, person: Person, team: Team, key_id: int) -> int | None:
    """The seq; None for a form that answers nothing, and for what was not signed for this person and key."""
    try:
        seq, *bound = signing.loads(text, salt=SALT, max_age=MAX_AGE_S)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return int(seq) if bound == [person.pk, team.pk, key_id] else None
