"""Keyed digests by which a key's secret is told again, without keeping it (design.md, "The mirror"; trap 12).

Made where a secret is decoded (`keys.cometapi.record`), from the value as upstream stores it: without the `sk-` that
callers put before it. Where upstream shows a mask, head and tail are all there is to go by.
"""

import hashlib
import hmac
import re
from typing import Final

from django.conf import settings

from keys.types import KeyPrint

SHOWN: Final = 4
"""Characters of head and tail that a mask's digest goes by; a mask that shows more tells no more."""
CLASSES: Final = (("0-9", "0123456789"), ("A-Z", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), ("a-z", "abcdefghijklmnopqrstuvwxyz"))
_STARS = re.compile(r"\*{3,}")


def fingerprint(secret: str) -> KeyPrint | None:
    """The digest of a secret, made with the first of FINGERPRINT_KEYS; None for an empty one."""
    bare = secret.removeprefix("sk-")
    if not bare:
        return None
    stars = _STARS.search(bare)
    if stars:
        head, tail = bare[: stars.start()], bare[bare.rindex("*") + 1 :]
        digest = _of_mask(head, tail)
        return KeyPrint(digest, "mask", digest) if head or tail else None
    return KeyPrint(_digest("whole", bare), "whole", _of_mask(bare, bare), len(bare), charset_of(bare))


def charset_of(text: str) -> str:
    """The kinds of characters in it, such as `0-9A-Za-z`; those of no kind stand at the end, one by one."""
    kinds = "".join(name for name, members in CLASSES if any(char in members for char in text))
    others = set(text).difference(*(members for _, members in CLASSES))
    return kinds + "".join(sorted(char for char in others if char.isascii() and char.isprintable()))[:31]


def _of_mask(head: str, tail: str) -> str:
    return _digest("mask", f"{head[:SHOWN]}*{tail[-SHOWN:]}")


def _digest(kind: str, text: str) -> str:
    key = next(iter(settings.FINGERPRINT_KEYS.values()))
    return hmac.new(key, f"{kind}:{text}".encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
