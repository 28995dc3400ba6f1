"""Owner, purpose and tags of a key: kept by us, in the ledger, never sent anywhere."""

import hashlib
import json
import re
from typing import Final

from django.utils.translation import gettext

from keys.errors import CometAdminError, Invalid
from keys.ledger import book
from keys.ledger.actions import Action
from keys.models import KeyNote, MirrorKey, Person, Team
from keys.permissions import Verb
from keys.services.denials import demand
from keys.services.edit import read_key
from keys.services.typed import one_line, refuse_bad_text
from keys.types import Actor

OWNER_LENGTH: Final = 100
PURPOSE_LENGTH: Final = 300
TAG_LENGTH: Final = 40
TAGS_AT_MOST: Final = 20
_BETWEEN_TAGS: Final = re.compile(r"[,;\s\uFF0C\u060C\u3001]+")


class NoteChanged(CometAdminError):
    """Somebody else wrote this note since it was shown; nothing was kept. note: as it is now."""

    def __init__(self, note: KeyNote) -> None:
        self.note = note
        super().__init__("the note has changed")


def note_of(team: Team, key_id: int) -> KeyNote:
    """An empty one, not saved, where there is none."""
    account_id = team.account_id or 0
    kept = KeyNote.objects.filter(account_id=account_id, key_id=key_id).first()
    return kept or KeyNote(account_id=account_id, key_id=key_id)


def key_name(team: Team, key_id: int) -> str:
    """What the key is called, by the mirror, else by CometAPI. Raises KeyNotFound, UpstreamError, NoAccessToken."""
    known = MirrorKey.objects.filter(team=team, key_id=key_id).values_list("name", flat=True).first()
    return read_key(team=team, key_id=key_id).settings.name if known is None else known


def seen(note: KeyNote) -> str:
    """What a form shows, in a word: so that a save can tell whether it is still so."""
    return hashlib.sha256(json.dumps([note.owner, note.purpose, note.tags]).encode()).hexdigest()[:16]


def note_set(
    *, person: Person, actor: Actor, team: Team, key_id: int, owner: str, purpose: str, tags: str, saw: str
) -> KeyNote:
    """Write a key's note; an unchanged one makes no record. saw: `seen` of the note that the form showed.

    Raises Denied, Invalid, NoteChanged, LedgerUnavailable; KeyNotFound and its kin for a key that is not the team's.
    """
    demand(person, actor, Verb.EDIT_KEY, team)
    wanted = _checked(owner, purpose, tags)
    name = key_name(team, key_id)
    with book.opened() as ledger:
        note = note_of(team, key_id)
        changed = {
            f: [getattr(note, f).strip(","), new.strip(",")] for f, new in wanted.items() if getattr(note, f) != new
        }
        if not changed:
            return note
        if seen(note) != saw:
            raise NoteChanged(note)
        _write(note, wanted)
        entry = book.Entry(
            action=Action.KEY_NOTE, actor=actor, body={"changed": changed}, team=team, key_id=key_id, key_name=name
        )
        ledger.append(entry)
    return note


def _write(note: KeyNote, wanted: dict[str, str]) -> None:
    for field, value in wanted.items():
        setattr(note, field, value)
    note.owner_folded = note.owner.casefold()
    note.haystack = "\n".join(wanted.values()).casefold()
    note.save()


def _checked(owner: str, purpose: str, tags: str) -> dict[str, str]:
    """As they are kept. Raises Invalid."""
    words = [one_line(tag) for tag in _BETWEEN_TAGS.split(tags) if tag]
    wanted = {"owner": one_line(owner), "purpose": one_line(purpose)}
    refuse_bad_text({**wanted, "tags": " ".join(words)})
    faults: dict[str, list[str]] = {}
    for field, length in (("owner", OWNER_LENGTH), ("purpose", PURPOSE_LENGTH)):
        if len(wanted[field]) > length:
            faults[field] = [gettext("Give at most %(most)d characters.") % {"most": length}]
    kept = list(dict.fromkeys(word.casefold() for word in words))
    if len(kept) > TAGS_AT_MOST or any(len(word) > TAG_LENGTH for word in kept):
        words_of_it = gettext("Give at most %(count)d tags of at most %(length)d characters each.")
        faults["tags"] = [words_of_it % {"count": TAGS_AT_MOST, "length": TAG_LENGTH}]
    if faults:
        raise Invalid(faults)
    return {**wanted, "tags": f",{','.join(kept)}," if kept else ""}
