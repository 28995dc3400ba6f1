"""One key following another in the ledger: a record under both, so that nobody changes keys unseen.

Ledger keys: the record is sealed by the new one as every record, and its body holds the old one's seal over the link
before it and both ids. Before it either may seal, since processes are restarted with the new one first; behind it the
old one seals nothing more (`keys.ledger.book` refuses, verifying calls it damage).
Signing keys: both sign both ids and public keys, which outsiders can follow.
"""

import hmac
import json
from collections.abc import Mapping
from typing import Any

from keys.errors import ChainBroken
from keys.ledger import checkpoint
from keys.ledger.actions import Action

DOMAIN = b"cometadmin ledger key rotation v1\n"

ROTATIONS = frozenset(map(str, (Action.LEDGER_KEY_ROTATE, Action.CHECKPOINT_KEY_ROTATE)))


def counter_seal(old_key: bytes, previous: str, old_id: str, new_id: str) -> str:
    """The old ledger key's word for the new one. previous: link of the record before the rotation's own."""
    return hmac.digest(old_key, DOMAIN + f"{previous}\n{old_id}\n{new_id}".encode("ascii"), "sha256").hex()


def check_rotation(ledger_keys: Mapping[str, bytes], seq: int, text: str, previous: str, seal_key: str) -> str | None:
    """The ledger key that seals nothing any more from this rotation on, None where signing keys rotate.

    Raises ChainBroken.
    """
    said = json.loads(text)
    body = said["body"]
    ours = said["action"] == Action.LEDGER_KEY_ROTATE
    good = _ledger_key(body, ledger_keys, previous, seal_key) if ours else _signing_key(body)
    if not good:
        raise ChainBroken(seq, "rotation", "a word of the old key for the new one", "none that holds")
    return body["from_key"] if ours else None


def _ledger_key(body: dict[str, Any], keys: Mapping[str, bytes], previous: str, seal_key: str) -> bool:
    old_id = body.get("from_key", "")
    old = keys.get(old_id)
    if body.get("ledger_key") != seal_key or old is None:
        return False
    return hmac.compare_digest(counter_seal(old, previous, old_id, seal_key), str(body.get("old_seal")))


def _signing_key(body: dict[str, Any]) -> bool:
    try:
        old, new = bytes.fromhex(body["from_public_key"]), bytes.fromhex(body["public_key"])
        message = checkpoint.rotation_message(body["from_key"], old, body["checkpoint_key"], new)
        signatures = body["old_signature"], body["new_signature"]
    except (KeyError, TypeError, ValueError):
        return False
    return all(checkpoint.signed(key, text, message) for key, text in zip((old, new), signatures, strict=True))
