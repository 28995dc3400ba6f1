"""Ledger and signing keys rotated: the first of each ring follows the one before it, by a record under both."""

import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from keys.errors import LedgerError
from keys.ledger import book, checkpoint, rotation
from keys.ledger.actions import Action
from keys.models import Checkpoint, LedgerHead, Record
from keys.types import Actor


class KeyMissing(LedgerError):
    """The key that is to be followed is not in the ring any more: it cannot speak for the new one."""


def rotate_ledger_key(*, actor: Actor) -> str | None:
    """Record that the first of LEDGER_KEYS follows the one in use; the id of that, None when there is nothing to do.

    Raises KeyMissing, LedgerUnavailable.
    """
    with book.opened() as ledger:
        new_id = next(iter(settings.LEDGER_KEYS))
        old_id = _announced(Action.LEDGER_KEY_ROTATE, "ledger_key") or _sealed_first()
        if old_id in (None, new_id):
            return None
        old = _of(settings.LEDGER_KEYS, old_id, "LEDGER_KEYS")
        seal = rotation.counter_seal(old, LedgerHead.objects.get(pk=1).link, old_id, new_id)
        body = {"ledger_key": new_id, "from_key": old_id, "old_seal": seal}
        ledger.append(book.Entry(action=Action.LEDGER_KEY_ROTATE, actor=actor, body=body))
    return old_id


def rotate_checkpoint_key(*, actor: Actor) -> str | None:
    """Record that the first of CHECKPOINT_KEYS follows the one in use; as `rotate_ledger_key`."""
    with book.opened() as ledger:
        new_id, new = next(iter(settings.CHECKPOINT_KEYS.items()))
        old_id = _announced(Action.CHECKPOINT_KEY_ROTATE, "checkpoint_key") or _signed_first()
        if old_id in (None, new_id):
            return None
        old = _of(settings.CHECKPOINT_KEYS, old_id, "CHECKPOINT_KEYS")
        publics = checkpoint.public_key(old), checkpoint.public_key(new)
        message = checkpoint.rotation_message(old_id, publics[0], new_id, publics[1])
        body = {
            "checkpoint_key": new_id,
            "from_key": old_id,
            "public_key": publics[1].hex(),
            "from_public_key": publics[0].hex(),
            "old_signature": checkpoint.signature_of(old, message),
            "new_signature": checkpoint.signature_of(new, message),
        }
        ledger.append(book.Entry(action=Action.CHECKPOINT_KEY_ROTATE, actor=actor, body=body))
    return old_id


def _announced(action: Action, name: str) -> str | None:
    """The key that the last rotation named."""
    last = Record.objects.filter(action=action).order_by("-seq").first()
    return str(json.loads(last.text)["body"][name]) if last else None


def _sealed_first() -> str | None:
    return Record.objects.order_by("seq").values_list("seal_key", flat=True).first()


def _signed_first() -> str | None:
    return Checkpoint.objects.order_by("seq").values_list("key", flat=True).first()


def _of(ring: Mapping[str, Any], key_id: str | None, name: str) -> bytes:
    key: bytes | None = ring.get(key_id or "")
    if key is None:
        raise KeyMissing(f"{name} lacks the key {key_id!r}, which is to be followed; add it behind the first one")
    return key
