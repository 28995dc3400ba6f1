"""Seals access tokens for the database and opens them again (design.md, "Keys to keep apart").

The envelope is `v1.<key id>.<host>.<base64url(nonce ‖ ciphertext)>`: AES-256-GCM, with the row's team and the host as
associated data. A row moved to another team, or a host swapped, does not open. The host stands in clear, so that the
start can say for which one the access tokens were sealed; written over there, the envelope no longer opens.
"""

import base64
import binascii
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from keys.errors import CometAdminError
from keys.models import AccessToken, Leaked, Team

VERSION: Final = "v1"
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16


class Reason(StrEnum):
    """Why an envelope does not open."""

    UNKNOWN_KEY = "unknown_key"
    OTHER_HOST = "other_host"
    WRONG = "wrong"
    MALFORMED = "malformed"


class SealBroken(CometAdminError):
    """A sealed access token that does not open. found: the key id or the host in question, never a secret."""

    def __init__(self, reason: Reason, found: str = "") -> None:
        self.reason, self.found = reason, found
        super().__init__(f"{reason}: {found}" if found else str(reason))


@dataclass(frozen=True, slots=True)
class Envelope:
    key_id: str
    host: str
    payload: bytes

    @classmethod
    def parse(cls, text: str) -> "Envelope":
        """Raises SealBroken(MALFORMED)."""
        version, _, rest = text.partition(".")
        key_id, _, rest = rest.partition(".")
        host, _, encoded = rest.rpartition(".")  # a host name has dots of its own
        try:
            payload = base64.b64decode(encoded, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise SealBroken(Reason.MALFORMED) from None
        if version != VERSION or not key_id or not host or len(payload) <= NONCE_BYTES + TAG_BYTES:
            raise SealBroken(Reason.MALFORMED)
        return cls(key_id, host, payload)

    def __str__(self) -> str:
        return f"{VERSION}.{self.key_id}.{self.host}.{base64.urlsafe_b64encode(self.payload).decode()}"


def current_host() -> str:
    """Host name of COMETAPI_BASE_URL, without port: the one that access tokens are meant for."""
    return urlsplit(settings.COMETAPI_BASE_URL).hostname or ""


def seal_access_token(team: Team, token: str) -> str:
    """The envelope to store for this team, made with the first of SEALING_KEYS."""
    return _sealed(token, "access_token", team.pk)


def seal_leaked(row: Leaked, secret: str) -> str:
    """The envelope that holds a leaked secret until its last probe: bound to its incident and its row."""
    return _sealed(secret, "leaked", row.incident_id, row.pk)


def open_access_token(access_token: AccessToken, *, from_host: str | None = None) -> str:
    """The access token in clear; raises SealBroken. from_host: only for moving tokens to a new host on purpose."""
    return _opened(access_token.sealed, from_host or current_host(), "access_token", access_token.team_id)


def open_leaked(row: Leaked) -> str:
    """The leaked secret in clear; raises SealBroken."""
    return _opened(row.sealed, current_host(), "leaked", row.incident_id, row.pk)


def sealed_as_new(access_token: AccessToken) -> bool:
    """True when rotating has nothing to do: sealed with the first key, for the current host."""
    envelope = Envelope.parse(access_token.sealed)
    return envelope.key_id == next(iter(settings.SEALING_KEYS)) and envelope.host == current_host()


def seals_open() -> list[str]:
    """What keeps access tokens from opening, for the start: one line a fault, no secret; [] when all is well."""
    broken: dict[tuple[Reason, str], list[str]] = {}
    for access_token in AccessToken.objects.select_related("team").order_by("team__slug").iterator():
        try:
            open_access_token(access_token)
        except SealBroken as error:
            broken.setdefault((error.reason, error.found), []).append(access_token.team.slug)
    return [_fault(reason, found, slugs) for (reason, found), slugs in broken.items()]


def _fault(reason: Reason, found: str, slugs: Iterable[str]) -> str:
    teams = ", ".join(slugs)
    match reason:
        case Reason.UNKNOWN_KEY:
            return (
                f"SEALING_KEYS: the key {found!r} is missing, which sealed the access tokens of: {teams}; "
                "add it behind the first one"
            )
        case Reason.OTHER_HOST:
            return (
                f"COMETAPI_BASE_URL: access tokens were sealed for host {found}, "
                f"not {current_host()} (teams: {teams}); "
                f"set it back, or move them on purpose: manage.py rotate_sealing_key --from-host {found}"
            )
        case Reason.WRONG:
            return (
                f"SEALING_KEYS: {found!r} does not open the access tokens of: {teams}; it is another key than the one "
                "that sealed them, or the rows were moved or altered"
            )
        case Reason.MALFORMED:
            return f"access tokens that were not written by this program: {teams}; forget them and paste them again"


def _sealed(text: str, *owner: str | int) -> str:
    host = current_host()
    key_id, key = next(iter(settings.SEALING_KEYS.items()))
    nonce = os.urandom(NONCE_BYTES)
    return str(Envelope(key_id, host, nonce + AESGCM(key).encrypt(nonce, text.encode(), _bound_to(owner, host))))


def _opened(sealed: str, host: str, *owner: str | int) -> str:
    envelope = Envelope.parse(sealed)
    key = settings.SEALING_KEYS.get(envelope.key_id)
    if key is None:
        raise SealBroken(Reason.UNKNOWN_KEY, envelope.key_id)
    if envelope.host != host:
        raise SealBroken(Reason.OTHER_HOST, envelope.host)
    nonce, ciphertext = envelope.payload[:NONCE_BYTES], envelope.payload[NONCE_BYTES:]
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, _bound_to(owner, host)).decode()
    except (InvalidTag, UnicodeDecodeError):
        raise SealBroken(Reason.WRONG, envelope.key_id) from None


def _bound_to(owner: tuple[str | int, ...], host: str) -> bytes:
    """Associated data: canonical bytes, so that no two bindings read alike."""
    return json.dumps([*owner, host], separators=(",", ":")).encode()
