"""The management endpoints under /api."""

from collections.abc import Callable
from typing import Any

from . import dialects, rules
from .calls import Call, Refused, ok
from .catalogue import MODELS
from .http11 import Response, as_json
from .state import Account, Key
from .strictjson import BadBody, decode_key

MATCHES: dict[str, Callable[[str, str], bool]] = {
    "substring": lambda part, whole: part in whole,
    "prefix": lambda part, whole: whole.startswith(part),
    "exact": lambda part, whole: part in ("", whole),
}


def account_of(call: Call) -> Account:
    """Whose access token came. Raises Refused (traps 13 and 16); a `Bearer ` prefix is tolerated."""
    config, sent = call.state.config, call.request.headers.get("authorization", "")
    if not sent:
        raise Refused("no_token", status=401)
    token = sent[7:].strip() if sent[:7].lower() == "bearer " else sent
    account = call.state.account_by_token(token)
    if account is None:
        raise Refused("bad_token", status=200 if config.token_refusal == "200" else 401)  # noqa: S105
    call.entry.update(account=account.name, account_id=account.id)
    if config.require_new_api_user:
        named = call.request.headers.get("new-api-user", "")
        if not named:
            raise Refused("no_user_header", status=401)
        if named != str(account.id):
            raise Refused("wrong_user_header", status=401)
    return account


def sent_key(call: Call) -> dict[str, Any]:
    """The fields in the body. Raises Refused."""
    try:
        return decode_key(call.request.body)
    except BadBody as error:
        raise Refused("invalid", str(error)) from error


def list_keys(call: Call) -> Response:
    account = account_of(call)
    page = _page(call, call.state.keys_of(account))
    return ok(page | {"items": [call.state.shown(key.record) for key in page["items"]]})


def get_key(call: Call) -> Response:
    key = _named_key(call, account_of(call))
    return ok(call.state.shown(key.record))


def update_key(call: Call) -> Response:
    """Any value of `status_only` counts, as in the family."""
    account = account_of(call)
    sent = sent_key(call)
    key = call.state.key_of(account, sent.get("id", 0))
    before = key.record if key else None
    call.entry.update(key_id=sent.get("id"), before=call.state.logged(before) if before else None)
    done = dialects.update(call.state, account, sent, bool(call.request.query.get("status_only")))
    call.note_write(done.id, before, done.record, done.spent)
    return ok(call.state.shown(done.record))


def create_key(call: Call) -> Response:
    """Answers with neither the record nor the secret."""
    account, state = account_of(call), call.state
    sent = sent_key(call)
    dialects.check_name(state.config, sent)
    dialects.check_quota(state.config, sent)
    if len(state.keys_of(account)) >= state.config.max_keys:
        raise Refused("too_many")
    if state.config.checks_group():
        dialects.check_group(account, sent.get("group", ""))
    fields = {name: sent.get(name, default) for name, default in rules.ZERO.items()}
    if not rules.is_auto_group(str(fields["group"])):
        fields["cross_group_retry"] = False
    key = state.add_key(account, **(fields | {"status": rules.ENABLED}))
    call.note_write(key.id, None, key.record, 0)
    return ok()


def delete_key(call: Call) -> Response:
    key = _named_key(call, account_of(call))
    del call.state.keys[key.id]
    call.note_write(key.id, key.record, None, key.spent)
    return ok()


def search_keys(call: Call) -> Response:
    """Matching and shape differ by version, hence the switches."""
    account, config, query = account_of(call), call.state.config, call.request.query
    keyword, secret = query.get("keyword", ""), rules.bare_secret(query.get("token", ""))
    how = MATCHES[config.search_match]
    records = [key.record for key in call.state.keys_of(account)]
    found = [one for one in records if how(keyword, one["name"]) and how(secret, str(one["key"]))]
    shown = [call.state.shown(record) for record in found]
    return ok(shown if config.search_shape == "list" else _page(call, shown))


def models(call: Call) -> Response:
    """Public: no authorization is asked for."""
    rows = [{"id": name, "provider": provider, "object": "model"} for name, provider in MODELS]
    return as_json({"success": True, "page": 1, "page_size": len(rows), "total": len(rows), "data": rows})


def groups(call: Call) -> Response:
    return ok({name: dict(group) for name, group in account_of(call).groups.items()})


def account(call: Call) -> Response:
    me = account_of(call)
    shown = {"id": me.id, "username": me.name.lower(), "display_name": me.name, "role": 1, "status": 1}
    shown |= {"email": f"{me.name.lower()}@example.invalid", "group": me.group, "quota": me.quota}
    return ok(shown | {"used_quota": me.used_quota, "request_count": me.request_count})


def usage_log(call: Call) -> Response:
    """`token_name` filters by substring."""
    me, query = account_of(call), call.request.query
    kind = rules.whole(query.get("type", ""), 0)
    start, end = rules.whole(query.get("start_timestamp", ""), 0), rules.whole(query.get("end_timestamp", ""), 0)
    rows = [
        row
        for row in sorted(me.usage, key=lambda row: (row["created_at"], row["id"]), reverse=True)
        if (not kind or row["type"] == kind)
        and query.get("token_name", "") in row["token_name"]
        and query.get("model_name", "") in row["model_name"]
        and row["created_at"] >= start
        and (not end or row["created_at"] <= end)
    ]
    return ok(_page(call, rows))


def _named_key(call: Call, owner: Account) -> Key:
    """The key in the path. Raises Refused; another account's key and an absent one answer alike."""
    text = call.request.path.rpartition("/")[2]
    if not text.isascii() or not text.removeprefix("-").isdigit():
        raise Refused("invalid", f'strconv.Atoi: parsing "{text[:40]}": invalid syntax')
    number = int(text[:19])
    call.entry["key_id"] = number
    key = call.state.key_of(owner, number)
    if key is None:
        raise Refused("not_found")
    return key


def _page(call: Call, rows: list[Any]) -> dict[str, Any]:
    page, size = rules.page_bounds(call.request.query)
    first = (page - 1) * size
    return {"page": page, "page_size": size, "total": len(rows), "items": rows[first : first + size]}
