"""`data` of CometAPI's answers -> our types, field by field, nothing converted and nothing filled in. No I/O.

Texts in `KeySettings` stay exactly as upstream stores them, NUL and lone surrogates included, because an untouched
field goes back as it was read; whoever shows or stores them escapes them (`redact.escape_visible`). All other texts
are escaped here, and `key`, the secret itself, becomes a mask at once (trap 12).
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

from keys import redact, rules
from keys.types import (
    EDITABLE,
    Account,
    Fingerprinter,
    Group,
    KeyPage,
    KeySettings,
    KeySnapshot,
    Model,
    ModelList,
    Spent,
    SpentPage,
)

INT_BOUND = 2**63
MOST_MODELS = 2_000
"""About six times what CometAPI offers (cometapi.md, "Endpoints"): a page can still hold that many."""
CLAIM_BOUND = 1_000_000
PROVIDER_MAX_CHARACTERS = 60


class OddRecord(ValueError):
    """`data` is not what was asked for. kind: odd_answer, other_record or foreign_record. The text quotes no value."""

    def __init__(self, message: str, kind: str = "odd_answer") -> None:
        self.kind = kind
        super().__init__(message)


def is_int(value: Any) -> TypeGuard[int]:
    """An int of 64 bits; a bool is none."""
    return type(value) is int and -INT_BOUND <= value < INT_BOUND


def _is_bool(value: Any) -> bool:
    return type(value) is bool


def _is_text(value: Any) -> bool:
    return type(value) is str


def _is_text_or_null(value: Any) -> bool:
    return value is None or type(value) is str


SETTINGS: dict[str, Callable[[Any], bool]] = {
    "name": _is_text,
    "status": is_int,
    "expired_time": is_int,
    "remain_quota": is_int,
    "unlimited_quota": _is_bool,
    "model_limits_enabled": _is_bool,
    "model_limits": _is_text,
    "allow_ips": _is_text_or_null,
    "group": _is_text,
    "cross_group_retry": _is_bool,
}
"""Editable field -> what its value must be, on the way in and on the way out (reference page of the update)."""

OTHERS: dict[str, Callable[[Any], bool]] = {
    "id": is_int,
    "user_id": is_int,
    "key": _is_text,
    "created_time": is_int,
    "accessed_time": is_int,
    "used_quota": is_int,
}


def checked_settings(settings: KeySettings) -> dict[str, Any]:
    """The ten editable fields for a request body. Raises OddRecord for a value of the wrong type."""
    fields = settings.as_dict()
    _check(fields, SETTINGS)
    return {name: fields[name] for name in EDITABLE}


def key(
    data: Any, *, key_id: int | None = None, account_id: int | None = None, fingerprint: Fingerprinter | None = None
) -> KeySnapshot:
    """One key record. key_id, account_id: what it must bear, None for any. Raises OddRecord.

    fingerprint: makes the secret's digest here, the one place that has it in hand.
    """
    fields = _object(data)
    _check(fields, OTHERS)
    _check(fields, SETTINGS)
    if key_id is not None and fields["id"] != key_id:
        raise OddRecord("CometAPI answered with another key than the one asked for.", "other_record")
    if account_id is not None and fields["user_id"] != account_id:
        raise OddRecord("CometAPI answered with a key of another account.", "foreign_record")
    return KeySnapshot(
        id=fields["id"],
        user_id=fields["user_id"],
        masked=_masked(fields["key"]),
        settings=KeySettings(**{name: fields[name] for name in EDITABLE}),
        created_time=fields["created_time"],
        accessed_time=fields["accessed_time"],
        used_quota=fields["used_quota"],
        print=fingerprint(fields["key"]) if fingerprint else None,
    )


def page(
    data: Any,
    *,
    page: int,
    page_size: int,
    account_id: int | None = None,
    fingerprint: Fingerprinter | None = None,
) -> KeyPage:
    """One page of the list, repeats dropped (trap 15).

    An item that cannot be read, or is another account's, is counted in `skipped` and hides no other; a page of which
    nothing can be read raises OddRecord. total: upstream's claim when it is a count at all, else the items' number.
    """
    fields = _object(data)
    items = [] if fields.get("items", ()) is None and fields.get("total") == 0 else fields.get("items")
    if not isinstance(items, list):
        raise OddRecord("CometAPI's answer is no list of keys.")
    found: dict[int, KeySnapshot] = {}
    skipped = 0
    for item in items:
        try:
            snapshot = key(item, account_id=account_id, fingerprint=fingerprint)
            found.setdefault(snapshot.id, snapshot)
        except OddRecord as fault:
            skipped, last_fault = skipped + 1, fault
    if skipped and not found:
        raise last_fault
    total, used_size = fields.get("total"), fields.get("page_size")
    return KeyPage(
        page=page,
        page_size=used_size if is_int(used_size) and 0 < used_size <= page_size else page_size,
        total=total if is_int(total) and total >= 0 else len(found),
        items=tuple(found.values()),
        skipped=skipped,
    )


def account(data: Any) -> Account:
    """The account behind the access token. Raises OddRecord without a positive `id`."""
    fields = _object(data)
    if not is_int(fields.get("id")) or fields["id"] <= 0:
        raise OddRecord("CometAPI's answer names no account.")
    username, display_name, group = (_shown(fields.get(name)) for name in ("username", "display_name", "group"))
    return Account(id=fields["id"], username=username, display_name=display_name, group=group)


def models(data: Any, *, total: Any = None) -> ModelList:
    """The models on offer, repeats dropped. Raises OddRecord when it is no list, or nothing of it can be read.

    Left out: what could not be picked, since the rules for model ids refuse it, and what looks like a secret. At most
    MOST_MODELS are taken.
    """
    if not isinstance(data, list):
        raise OddRecord("CometAPI's answer is no list of models.")
    found: dict[str, Model] = {}
    for item in data:
        model = _model(item)
        if model and len(found) < MOST_MODELS:
            found.setdefault(model.id, model)
    if data and not found:
        raise OddRecord("CometAPI's list of models cannot be read.")
    claimed = total if is_int(total) and 0 <= total <= CLAIM_BOUND else 0
    return ModelList(tuple(found.values()), max(claimed, len(data)))


def _model(item: Any) -> Model | None:
    fields = item if isinstance(item, dict) else {}
    name = fields.get("id")
    if not isinstance(name, str) or len(name) > rules.MODEL_ID_MAX_CHARACTERS or redact.looks_secret(name):
        return None
    try:
        if rules.split_list(name) != [name] or rules.check_models(name) != name:
            return None
    except rules.RuleBroken:
        return None
    return Model(name, " ".join(_shown(fields.get("provider")).split())[:PROVIDER_MAX_CHARACTERS])


def groups(data: Any) -> tuple[Group, ...]:
    """The groups that the account may use, in upstream's order. Raises OddRecord when it is no such table.

    A name that cannot be shown as it is cannot be picked in a form either, and is left out.
    """
    table = _object(data)
    plain = [name for name in table if name and redact.escape_visible(name) == name]
    return tuple(Group(name, _description(table[name])) for name in plain)


USAGE: dict[str, Callable[[Any], bool]] = {
    "created_at": is_int,
    "type": is_int,
    "token_name": _is_text,
    "model_name": _is_text,
    "quota": is_int,
}
CHARGED = 2
"""`type` of a call that was charged for; other rows are left out."""
ADDRESS_MAX_CHARACTERS = 100


def spent_page(data: Any) -> SpentPage:
    """One page of the usage log. Raises OddRecord for a single row that is not as it should be: sums must not lie."""
    fields = _object(data)
    items = [] if fields.get("items", ()) is None and fields.get("total") == 0 else fields.get("items")
    if not isinstance(items, list) or not is_int(fields.get("total")):
        raise OddRecord("CometAPI's answer is no usage log.")
    rows = [_spent(_object(item)) for item in items]
    return SpentPage(fields["total"], len(rows), tuple(row for row in rows if row))


def _spent(fields: dict[str, Any]) -> Spent | None:
    _check(fields, USAGE)
    key_id = fields.get("token_id")
    if key_id is not None and not is_int(key_id):
        raise OddRecord("The field token_id in CometAPI's answer is of a wrong type.")
    if not _is_text_or_null(fields.get("ip")):
        raise OddRecord("The field ip in CometAPI's answer is of a wrong type.")
    if fields["type"] != CHARGED:
        return None
    return Spent(
        at=fields["created_at"],
        key_id=key_id or None,  # 0 is what some versions write where they do not know the key
        key_name=fields["token_name"],
        model=_shown(fields["model_name"]),
        units=fields["quota"],
        address=_shown(fields.get("ip"))[:ADDRESS_MAX_CHARACTERS],
        request_id=_shown(fields.get("request_id"))[:ADDRESS_MAX_CHARACTERS],
    )


def _description(entry: Any) -> str:
    return _shown(entry.get("desc")) if isinstance(entry, Mapping) else ""


def _shown(value: Any) -> str:
    return redact.escape_visible(redact.mask(value)) if isinstance(value, str) else ""


def _masked(secret: str) -> str:
    return redact.escape_visible(redact.masked_secret(secret.removeprefix("sk-"))) if secret else ""


def _object(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise OddRecord("CometAPI's answer has no object where one is due.")
    return data


def _check(fields: Mapping[str, Any], table: Mapping[str, Callable[[Any], bool]]) -> None:
    for name, fits in table.items():
        if name not in fields:
            raise OddRecord(f"The field {name} is missing in CometAPI's answer.")
        if not fits(fields[name]):
            raise OddRecord(f"The field {name} in CometAPI's answer is of a wrong type.")
