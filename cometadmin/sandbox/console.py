"""What the vendor's own console and the keys' users do behind our back."""

import time
from typing import Any

from . import spending
from .rules import Record
from .state import Key, State

OWN_FIELDS = ("spend_rate", "resurrect_s")


def find(state: State, key_id: int) -> Key:
    """Raises KeyError."""
    if key_id not in state.keys:
        raise KeyError(f"no key {key_id}")
    return state.keys[key_id]


def console_edit(state: State, key_id: int, fields: dict[str, Any]) -> Record:
    """Changes any field of a key as the vendor's console would, unchecked; the record as it then is.

    Raises KeyError for no such key, ValueError for no such field.
    """
    with state.lock:
        spending.settle(state)
        key = find(state, key_id)
        changes = {name: value for name, value in fields.items() if name not in OWN_FIELDS}
        unknown = set(changes) - set(key.record)
        if unknown:
            raise ValueError(f"unknown key fields: {', '.join(sorted(unknown))}")
        if "spend_rate" in fields:
            key.spend_rate, key.booked_at = fields["spend_rate"], time.time()
        if "resurrect_s" in fields:
            key.resurrect_s = fields["resurrect_s"]
        if changes:
            before = key.record
            state.write(key, before | changes)
            state.journal.event("console_edit", key.id, state.logged(before), state.logged(key.record), key.spent)
        state.save()
        return key.record


def spend(state: State, key_id: int, units: int, model: str = spending.BACKGROUND_MODEL) -> Record:
    """Books a call of so many units, whether or not the key would be served. Raises KeyError."""
    with state.lock:
        spending.settle(state)
        key = find(state, key_id)
        before = key.record
        spending.book(state, key, units, model)
        state.journal.event("spend", key.id, state.logged(before), state.logged(key.record), key.spent)
        state.save()
        return key.record
