"""Checkpoints: seq, link and time, signed by Ed25519. Kept where the database's user cannot write, they alone show that
a ledger was cut, wiped or put back to an older state.

    signature = Ed25519(signing key, DOMAIN ‖ seq ‖ "\\n" ‖ link ‖ "\\n" ‖ time ‖ "\\n" ‖ key id)      all ASCII

One JSON line each. The format is final, as that of `keys.ledger.chain` is; `tools/verify_export.py` says it once more.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

DOMAIN = b"cometadmin checkpoint v1\n"
ROTATION_DOMAIN = b"cometadmin checkpoint key rotation v1\n"
VERSION = 1

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_LINK = re.compile("[0-9a-f]{64}")
_SIGNATURE = re.compile("[0-9a-f]{128}")


class NoCheckpoint(ValueError):
    """A line that is no checkpoint of this format."""


@dataclass(frozen=True, slots=True)
class Signed:
    """seq: the newest record then, 0 for none. link, signature: lower-case hex. time: as records tell it, in UTC."""

    seq: int
    link: str
    time: str
    key: str
    signature: str

    @property
    def line(self) -> str:
        said = {"checkpoint": VERSION, "seq": self.seq, "link": self.link, "time": self.time}
        return json.dumps({**said, "key": self.key, "signature": self.signature}, separators=(",", ":"))

    @classmethod
    def parse(cls, line: str) -> "Signed":
        """Raises NoCheckpoint."""
        try:
            said = json.loads(line)
            version, found = said["checkpoint"], cls(*(said[name] for name in cls.__slots__))
        except (ValueError, LookupError, TypeError, RecursionError):
            raise NoCheckpoint(line[:80]) from None
        texts = isinstance(found.link, str) and isinstance(found.time, str) and isinstance(found.signature, str)
        if version != VERSION or type(found.seq) is not int or not texts or not isinstance(found.key, str):
            raise NoCheckpoint(line[:80])
        if not (_LINK.fullmatch(found.link) and _TIME.fullmatch(found.time) and _SIGNATURE.fullmatch(found.signature)):
            raise NoCheckpoint(line[:80])
        return found

    def signed_by(self, public_keys: Mapping[str, bytes]) -> bool:
        """public_keys: 32 bytes by key id."""
        public = public_keys.get(self.key)
        return public is not None and signed(public, self.signature, _message(self.seq, self.link, self.time, self.key))


def sign(seed: bytes, key: str, seq: int, link: str, time: str) -> Signed:
    return Signed(seq, link, time, key, signature_of(seed, _message(seq, link, time, key)))


def signature_of(seed: bytes, message: bytes) -> str:
    return Ed25519PrivateKey.from_private_bytes(seed).sign(message).hex()


def signed(public: bytes, signature: str, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def public_key(seed: bytes) -> bytes:
    """32 bytes, of the same length as the seed, and no secret."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def public_keys(seeds: Mapping[str, bytes]) -> dict[str, bytes]:
    return {key: public_key(seed) for key, seed in seeds.items()}


def fingerprint(public: bytes) -> str:
    """What an auditor is told by another way than the export: SHA-256 of the public key, 64 hex digits."""
    return hashlib.sha256(public).hexdigest()


def rotation_message(old_id: str, old_public: bytes, new_id: str, new_public: bytes) -> bytes:
    """What both keys sign when one follows the other; hex, so that no two rotations read alike."""
    return ROTATION_DOMAIN + "\n".join([old_id, old_public.hex(), new_id, new_public.hex()]).encode("ascii")


def _message(seq: int, link: str, time: str, key: str) -> bytes:
    return DOMAIN + f"{seq}\n{link}\n{time}\n{key}".encode("ascii", "replace")
