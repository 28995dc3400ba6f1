"""One key following another in the ledger: a record under both, so that nobody changes keys unseen.

Ledger keys: the record is sealed by the new one as every record, and its body holds the old one's seal over the link
before it and both ids. Signing keys: both sign both ids and public keys, which outsiders can follow.
"""

import hmac
import json
from collections.abc import Mapping
from typing import Any

from django.db import connection

from keys.errors import ChainBroken
from keys.ledger import checkpoint
from keys.ledger.actions import Action

DOMAIN = b"cometadmin ledger key rotation v1\n"


def counter_seal(old_key: bytes, previous: str, old_id: str, new_id: str) -> str:
    """The old ledger key's word for the new one. previous: link of the record before the rotation's own."""
    return hmac.digest(old_key, DOMAIN + f"{previous}\n{old_id}\n{new_id}".encode("ascii"), "sha256").hex()


def check_rotations(ledger_keys: Mapping[str, bytes], after: int, newest: int) -> None:
    """Every rotation among the records behind `after` up to `newest`. Raises ChainBroken."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq, action, previous, seal_key, text FROM keys_record"
            " WHERE seq > %s AND seq <= %s AND action IN (%s, %s) ORDER BY seq",
            [after, newest, str(Action.LEDGER_KEY_ROTATE), str(Action.CHECKPOINT_KEY_ROTATE)],
        )
        found = cursor.fetchall()
    for seq, action, previous, seal_key, text in found:
        body = json.loads(text)["body"]
        ours = action == Action.LEDGER_KEY_ROTATE
        good = _ledger_key(body, ledger_keys, previous, seal_key) if ours else _signing_key(body)
        if not good:
            raise ChainBroken(seq, "rotation", "a word of the old key for the new one", "none that holds")


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
