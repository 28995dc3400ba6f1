"""What an editor saw, carried by the form: signed, bound to person, team and key.

Settings, counters and the mask, never the secret. Every value that was shown is in it, so that a save can tell
what was touched and what somebody else changed meanwhile.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.core import signing
from django.utils import timezone
from django.utils.translation import gettext as _

from keys.errors import CometAdminError
from keys.models import Person, Team
from keys.services.compare import Differences, moved_between
from keys.services.snapshots import snapshot_from_json, snapshot_to_json
from keys.types import KeySnapshot

SALT: Final = "keys.forms.base"
MAX_AGE_S: Final = 12 * 60 * 60


def zone_now() -> ZoneInfo:
    """In which times are told to who asks now."""
    return ZoneInfo(timezone.get_current_timezone_name())


@dataclass(frozen=True, slots=True)
class Base:
    """snapshot: the key as the form showed it. groups: those that could be chosen, None where nothing lists them.

    about: what CometAPI says of some of them. zone: in which its times were shown, and what is typed is meant. first:
    the key as it was first seen, where the form has been moved onto a newer reading since. guessed: CometAPI did not
    list the groups, so there may be others.
    """

    snapshot: KeySnapshot
    groups: tuple[str, ...] | None
    about: Mapping[str, str] = field(default_factory=dict)
    zone: ZoneInfo = field(default_factory=zone_now)
    first: KeySnapshot | None = None
    guessed: bool = False

    @property
    def moved(self) -> Differences:
        """What somebody else changed from the first sight of the key to what the form stands on."""
        return moved_between(self.first, self.snapshot) if self.first else {}

    def onto(self, live: KeySnapshot) -> "Base":
        """The same form on a newer reading; what was seen first stays known, however often it is moved."""
        return replace(self, snapshot=live, first=self.first or self.snapshot)


class BaseUnusable(CometAdminError):
    """The form cannot be saved as it is; nothing was sent. message: for people.

    base: what the editor saw, when that is still known for sure (a form that is merely too old), else None.
    """

    def __init__(self, message: str, base: Base | None = None) -> None:
        self.message, self.base = message, base
        super().__init__(message)


def sign_base(base: Base, person: Person, team: Team) -> str:
    """For the hidden field `base`."""
    key, bound = base.snapshot, _bound(person, team, base.snapshot.id)
    content = {
        **bound,
        "key": snapshot_to_json(key),
        "groups": base.groups,
        "about": dict(base.about),
        "guessed": base.guessed,
        "zone": base.zone.key,
        "first": snapshot_to_json(base.first) if base.first else None,
    }
    return signing.dumps(content, salt=SALT, compress=True)


def signed_for(text: str) -> int | None:
    """Whose form it is, however old; None for what we did not sign."""
    try:
        content = signing.loads(text, salt=SALT)
    except (signing.BadSignature, ValueError):
        return None
    return int(content["person"])


def open_base(text: str, person: Person, team: Team, key_id: int) -> Base:
    """What the form was made from. Raises BaseUnusable: forged, somebody else's, another key's, or too old."""
    try:
        content = signing.loads(text, salt=SALT)
    except (signing.BadSignature, ValueError):  # ValueError: what no signature of ours was ever made of
        raise BaseUnusable(_foreign()) from None
    if any(content[name] != value for name, value in _bound(person, team, key_id).items()):
        raise BaseUnusable(_foreign())
    key, groups = snapshot_from_json(content["key"]), _groups(content["groups"])
    first = snapshot_from_json(content["first"]) if content.get("first") else None
    guessed = bool(content.get("guessed"))
    base = Base(key, groups, content.get("about", {}), _zone(content.get("zone", "")), first, guessed)
    try:
        signing.loads(text, salt=SALT, max_age=MAX_AGE_S)
    except signing.SignatureExpired:
        raise BaseUnusable(_too_old(), base) from None
    return base


def _bound(person: Person, team: Team, key_id: int) -> dict[str, int]:
    return {"person": person.pk, "team": team.pk, "key_id": key_id}


def _groups(listed: list[Any] | None) -> tuple[str, ...] | None:
    return None if listed is None else tuple(str(group) for group in listed)


def _zone(name: str) -> ZoneInfo:
    """The one that was signed; that of now where none was, or this machine's data has lost it."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return zone_now()


def _foreign() -> str:
    return _("This form was not made for you and this key. Here is the key as it is now; what you typed is kept.")


def _too_old() -> str:
    return _("This form is too old. Here is the key as it is now; what you typed is kept.")
