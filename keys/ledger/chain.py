"""The ledger's arithmetic: canonical text, digest, link, seal. Pure, shared by the writer and every verifier.

    digest = SHA-256(DIGEST_DOMAIN ‖ text)                                   text: ASCII, exactly as stored
    link   = SHA-256(LINK_DOMAIN ‖ previous link ‖ seq ‖ digest)             32 + 8 (big-endian) + 32 bytes
    seal   = HMAC-SHA256(ledger key, SEAL_DOMAIN ‖ link)                     32 bytes

The first record's previous link is GENESIS. The text does not repeat its seq: the link binds it to its place.
This format is final: whatever changes it makes every ledger out there unverifiable.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from keys.errors import ChainBroken

VERSION = 1
"""`v` of every text; a later format would count up and be read beside this one."""

GENESIS = "0" * 64
DIGEST_DOMAIN = b"cometadmin ledger v1 digest\n"
LINK_DOMAIN = b"cometadmin ledger v1 link\n"
SEAL_DOMAIN = b"cometadmin ledger v1 seal\n"

INTEGER_BITS = 64
"""CometAPI's integers are 64-bit; one bit more in magnitude lets the sum of two be told as well."""


class NotRecordable(ValueError):
    """What was handed over may not stand in a record: a mistake of ours, met by tests."""


class AlreadyIntended(NotRecordable):
    """The change has an intent already: two submissions of one change id came in at once, and this is the later."""


def canonical(value: Mapping[str, Any]) -> str:
    """JSON with sorted keys, no blanks, ASCII alone: what is hashed. Lone surrogates survive as `\\udXXX`.

    Raises NotRecordable for whatever two readers could read differently: floats, huge integers, keys that are no text.
    """
    _check(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _check(value: Any) -> None:
    if value is None or isinstance(value, str | bool):
        return
    if isinstance(value, int):
        if abs(value) > 2**INTEGER_BITS:
            raise NotRecordable(f"an integer of {value.bit_length()} bits cannot be recorded")
    elif isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise NotRecordable("a record's field names are text")
        for inner in value.values():
            _check(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check(inner)
    else:
        raise NotRecordable(f"{type(value).__name__} cannot be recorded")


_DIGESTING, _LINKING = hashlib.sha256(DIGEST_DOMAIN), hashlib.sha256(LINK_DOMAIN)
"""Begun once and copied: beginning costs as much as a record does."""


def digest_of(text: str) -> str:
    hashing = _DIGESTING.copy()
    hashing.update(text.encode("ascii"))
    return hashing.hexdigest()


def link_of(previous: str, seq: int, digest: str) -> str:
    """previous, digest: 64 lower-case hex digits. Raises ValueError when they are not hex, or seq not in 0..2^64-1."""
    hashing = _LINKING.copy()
    hashing.update(bytes.fromhex(previous) + seq.to_bytes(8, "big") + bytes.fromhex(digest))
    return hashing.hexdigest()


def seal_of(key: bytes, link: str) -> str:
    return hmac.digest(key, SEAL_DOMAIN + bytes.fromhex(link), "sha256").hex()


class Sealer:
    """`seal_of` with one key, for many links: HMAC's two hashes are begun once."""

    def __init__(self, key: bytes) -> None:
        padded = (key if len(key) <= 64 else hashlib.sha256(key).digest()).ljust(64, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded) + SEAL_DOMAIN)
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))

    def seal(self, link: bytes) -> str:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(link)
        outer.update(inner.digest())
        return outer.hexdigest()


class Verifier:
    """Follows a chain record by record. Holds the last seq and link alone, however long the chain is.

    keys: ledger keys by id. seq, link: where to start, the beginning unless told otherwise.
    """

    def __init__(self, keys: Mapping[str, bytes], *, seq: int = 0, link: str = GENESIS) -> None:
        self._sealers = {name: Sealer(key) for name, key in keys.items()}
        self.seq, self.link = seq, link
        self._link = bytes.fromhex(link)

    def step(self, seq: object, text: str, digest: str, previous: str, link: str, seal: str, seal_key: str) -> None:
        """Check the next record. Raises ChainBroken with the first seq that is not as it was written."""
        wanted = self.seq + 1
        if seq.__class__ is not int or seq != wanted:
            raise ChainBroken(wanted, "seq", str(wanted), short(seq))
        if previous != self.link:
            raise ChainBroken(wanted, "previous", self.link, short(previous))
        if text.__class__ is not str or not text.isascii():
            raise ChainBroken(wanted, "digest", "an ASCII text", short(digest))
        hashing, linking = _DIGESTING.copy(), _LINKING.copy()  # as `digest_of` and `link_of`, which take hex
        hashing.update(text.encode("ascii"))
        found = hashing.digest()
        if found.hex() != digest:
            raise ChainBroken(wanted, "digest", found.hex(), short(digest))
        linking.update(self._link + wanted.to_bytes(8, "big") + found)
        self._link = linking.digest()
        self.link = self._link.hex()
        if self.link != link:
            raise ChainBroken(wanted, "link", self.link, short(link))
        sealer = self._sealers.get(seal_key)
        if sealer is None:
            raise ChainBroken(wanted, "seal_key", "one of " + ", ".join(self._sealers), short(seal_key))
        sealed = sealer.seal(self._link)
        if sealed != seal:
            raise ChainBroken(wanted, "seal", "a seal by key " + short(seal_key), short(seal))
        self.seq = wanted

    def retire(self, key_id: str) -> None:
        """No record from here on may be sealed by this key: another follows it."""
        self._sealers.pop(key_id, None)


def short(value: object) -> str:
    """A value as it may stand in one line of a report: ASCII, at most 80 characters."""
    told = ascii(value) if not isinstance(value, str) else ascii(value)[1:-1]
    return told if len(told) <= 80 else told[:77] + "..."
