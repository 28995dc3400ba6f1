"""What a record's body may hold: a list of what may be recorded, never of what to hide.

A name that is not here is a mistake of ours and raises, so that tests meet it; nothing is dropped in silence.
To record something new, add its name to the literal table it belongs to, and nothing else.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from keys import redact
from keys.ledger.chain import NotRecordable
from keys.types import EDITABLE

FIELDS: frozenset[str] = frozenset(
    (
        # a key's settings and counters, as upstream names them; the secret only as its mask
        *EDITABLE,
        *("id", "user_id", "masked", "created_time", "accessed_time", "used_quota", "limit"),
        # what we keep beside a key
        *("owner", "purpose", "tags"),
        # people and memberships
        *("username", "first_name", "last_name", "email", "company_role", "is_active", "active", "time_zone", "role"),
        "password",  # that it was set, see WORDS
        # teams and access tokens
        *("slug", "groups", "account_id", "account_name", "send_account_header", "last_four", "token_state"),
        # keys of ours, by their ids
        *("sealing_key", "ledger_key"),
    )
)
STEP_FIELDS: frozenset[str] = frozenset(
    ("step", "answer", "message", "kind", "http_status", "upstream_request_id", "ms")
)

WORDS: dict[str, tuple[str | None, ...]] = {"password": (None, "", "set", "reset")}
"""Fields of which only these words may be recorded, never a value."""

FILTER_FIELDS: frozenset[str] = frozenset(
    ("team", "key_id", "actor", "action", "outcome", "since", "until", "text", "request_id", "field", "value")
)
"""What an export may have been asked for (`keys.selectors.history_filter`)."""

OWN_REQUEST_ID = re.compile("[0-9a-f]{32}")
"""As our middleware makes them; they have a secret's shape and are none."""

_KEY_ID = re.compile("[A-Za-z0-9_-]{1,40}")
_DIGITS = re.compile("[0-9a-f]{64}|[0-9a-f]{128}")

TEXT_CAP = 20_000
"""Characters of one text in a body; a longer one is cut and ends with its length and SHA-256."""


def _leaf(value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return told(value)
    raise NotRecordable(f"{type(value).__name__} cannot be recorded as a value")


def _fields(value: Any, allowed: frozenset[str] = FIELDS) -> Any:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise NotRecordable("fields are recorded as a mapping")
    return {_named(name, allowed - WORDS.keys()): _leaf(inner) for name, inner in value.items()}


def _filter(value: Any) -> Any:
    told_of = _fields(value, FILTER_FIELDS)
    asked = value.get("request_id") if told_of else None
    if isinstance(asked, str) and OWN_REQUEST_ID.fullmatch(asked):
        told_of["request_id"] = asked  # whole: outsiders compare it with the records' own
    return told_of


def _scope(value: Any) -> Any:
    """Whose records an export is of: "all", or the teams that its reader may see."""
    if value == "all" or (isinstance(value, list) and all(isinstance(team, int) for team in value)):
        return value
    raise NotRecordable("a scope is all, or primary keys of teams")


def _key_id(value: Any) -> Any:
    """The id of a key of ours, never masked: verifying looks the key up by it."""
    if isinstance(value, str) and _KEY_ID.fullmatch(value):
        return value
    raise NotRecordable("what is to stand there is the id of a key of ours")


def _hex(value: Any) -> Any:
    """A digest, a public key or a signature of ours: no secret, though it has the shape of one."""
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return value
    raise NotRecordable("what is to stand there is 64 or 128 hex digits")


def _pairs(value: Any) -> Any:
    if not isinstance(value, Mapping) or not all(isinstance(p, list | tuple) and len(p) == 2 for p in value.values()):
        raise NotRecordable("changed fields are recorded as a mapping of pairs")
    for name in value.keys() & WORDS.keys():
        if not all(inner in WORDS[name] for inner in value[name]):
            raise NotRecordable(f"of {name!r} only {WORDS[name]} may be recorded")
    return {_named(name, FIELDS): [_leaf(inner) for inner in pair] for name, pair in value.items()}


def _names(value: Any) -> Any:
    if not isinstance(value, list | tuple):
        raise NotRecordable("names of fields are recorded as a list")
    return [_named(name, FIELDS) for name in value]


def _steps(value: Any) -> Any:
    if not isinstance(value, list | tuple):
        raise NotRecordable("steps are recorded as a list")
    return [_fields(step, STEP_FIELDS) for step in value]


RECORDABLE: dict[str, Callable[[Any], Any]] = {
    # a change of a key
    "before": _fields,
    "wanted": _fields,
    "found": _fields,
    "changed": _pairs,
    "differs": _pairs,
    "moved": _pairs,
    "altered": _pairs,
    "touched": _names,
    "weaker": _names,
    "drift_seq": _leaf,
    "steps": _steps,
    "kind": _leaf,
    "window_ms": _leaf,
    "message": _leaf,
    "why": _leaf,
    "field": _leaf,
    "retry_after_s": _leaf,
    "gone": _leaf,
    "earlier": _leaf,
    "superseded_by": _leaf,
    "settles": _leaf,
    "followed_by": _leaf,
    "answers": _leaf,
    "part_of": _leaf,
    "keys": _leaf,
    "already": _leaf,
    "checked_at": _leaf,
    # leaks: numbers and words, never a value
    "leak": _leaf,
    "lines": _leaf,
    "keys_found": _leaf,
    "not_found": _leaf,
    "proof": _leaf,
    "verdict": _leaf,
    "control": _leaf,
    "source": _leaf,
    "secrets": _leaf,
    # people, teams, access tokens, refusals
    "person": _leaf,
    "person_id": _leaf,
    "username": _leaf,
    "role": _leaf,
    "team_slug": _leaf,
    "account_id": _leaf,
    "account_name": _leaf,
    "last_four": _leaf,
    "token_state": _leaf,
    "host": _leaf,
    "from_host": _leaf,
    "resealed": _leaf,
    "method": _leaf,
    "sealing_key": _leaf,
    "verb": _leaf,
    # the ledger's own keys, and exports
    "ledger_key": _key_id,
    "checkpoint_key": _key_id,
    "from_key": _key_id,
    "public_key": _hex,
    "from_public_key": _hex,
    "old_seal": _hex,
    "old_signature": _hex,
    "new_signature": _hex,
    "matches": _hex,
    "format": _leaf,
    "scope": _scope,
    "filter": _filter,
    "count": _leaf,
    # lists that leave the house
    "listed": _leaf,
}


def recordable(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body as it will be hashed: checked against the table, texts masked and cut. Raises NotRecordable."""
    return {_named(name, RECORDABLE.keys()): RECORDABLE[name](value) for name, value in body.items()}


def told(text: str) -> str:
    """A text with any secret in it masked, as the last line of defence, and cut to `TEXT_CAP`."""
    masked = redact.mask(text)
    if len(masked) <= TEXT_CAP:
        return masked
    digest = hashlib.sha256(masked.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{masked[:TEXT_CAP]}… [{len(masked)} characters, SHA-256 {digest}]"


def _named(name: Any, allowed: Any) -> str:
    if name not in allowed:
        raise NotRecordable(f"{name!r} is not among the fields that may be recorded")
    return str(name)
