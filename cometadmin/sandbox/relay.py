"""The model endpoints under /v1, and the one that tells whose key it is."""

import json
import time
from typing import Any

from . import rules, spending
from .calls import Call, Refused, openai_error
from .catalogue import MODEL_IDS, MODELS
from .http11 import Response, as_json
from .rules import Record
from .state import Key, State


def would_serve(state: State, key: Key, ip: str = "", model: str = "") -> tuple[bool, str]:
    """Whether a model call with this key would be served right now, the cache included, and if not why.

    Address and model are looked at only when given. The ground truth: it changes nothing.
    """
    now = time.time()
    spending.settle(state, now)
    if state.keys.get(key.id) is not key:
        return False, "unknown_key"
    record = spending.as_served(key, now)
    try:
        why = spending.refusal(record, now)
        if why:
            return False, why
        _check_place(state, key, record, ip)
        if model:
            _check_model(record, model)
    except Refused as refusal:
        return False, refusal.code
    return True, ""


def list_models(call: Call) -> Response:
    """Spends nothing: 200 alive, 401 dead, 403 alive but not from this address or group."""
    try:
        key, record = _admit(call)
    except Refused as refusal:
        return openai_error(call, refusal)
    call.entry["key_id"] = key.id
    rows = [
        {"id": name, "object": "model", "created": 1626777600, "owned_by": provider}
        for name, provider in MODELS
        if rules.model_allowed(record, name)
    ]
    return as_json({"success": True, "object": "list", "data": rows})


def chat(call: Call) -> Response:
    """The one call that spends."""
    try:
        key, record = _admit(call)
        asked = _asked(call)
        _check_model(record, asked)
        if asked not in MODEL_IDS:
            raise Refused("no_channel", asked, status=503)
        owner = call.state.accounts[key.record["user_id"]]
        if owner.quota <= 0:
            raise Refused("account_quota", status=403)
    except Refused as refusal:
        return openai_error(call, refusal)
    units = call.state.config.units_per_call
    spending.book(call.state, key, units, asked, call.client_ip())
    call.entry["spent"] = key.spent
    return as_json(_completion(asked, units))


def usage(call: Call) -> Response:
    """Answers for disabled, expired and exhausted keys too: it identifies a key, it never proves it dead."""
    scheme, _, credential = call.request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not credential:
        return as_json({"success": False, "message": "Invalid Bearer token"}, 401)
    key = call.state.key_by_secret(credential)
    if key is None:
        return as_json({"success": False, "message": call.say(Refused("unknown_key"))})
    call.entry["key_id"] = key.id
    record = key.record
    data = {
        "object": "token_usage",
        "name": record["name"],
        "total_granted": record["remain_quota"] + record["used_quota"],
        "total_used": record["used_quota"],
        "total_available": record["remain_quota"],
        "unlimited_quota": record["unlimited_quota"],
        "model_limits": {name: True for name in str(record["model_limits"]).split(",") if name},
        "model_limits_enabled": record["model_limits_enabled"],
        "expires_at": max(0, record["expired_time"]),
    }
    return as_json({"code": True, "message": "ok", "data": data})


def _admit(call: Call) -> tuple[Key, Record]:
    """The key and the record it is judged by. Raises Refused."""
    now = time.time()
    key = call.state.key_by_secret(call.request.headers.get("authorization", ""))
    if key is None:
        raise Refused("unknown_key", status=401)
    call.entry["key_id"] = key.id
    record = spending.as_served(key, now)
    why = spending.refusal(record, now)
    if why:
        spending.note_use(call.state, key, why, now)
        raise Refused(why, status=401)
    _check_place(call.state, key, record, call.client_ip())
    return key, record


def _check_place(state: State, key: Key, record: Record, ip: str) -> None:
    if ip and not rules.ip_allowed(record["allow_ips"], ip):
        raise Refused("ip", status=403)
    owner = state.accounts[key.record["user_id"]]
    if record["group"] and record["group"] not in owner.groups:
        raise Refused("no_group", str(record["group"]), status=403)


def _check_model(record: Record, model: str) -> None:
    if not rules.model_allowed(record, model):
        raise Refused("model", model, status=403)


def _asked(call: Call) -> str:
    try:
        body = json.loads(call.request.body)
    except (ValueError, RecursionError) as error:
        raise Refused("invalid", "body is not JSON", status=400) from error
    model = body.get("model") if isinstance(body, dict) else None
    if not isinstance(model, str) or not model:
        raise Refused("invalid", "model is required", status=400)
    return model


def _completion(model: str, units: int) -> dict[str, Any]:
    words = {"role": "assistant", "content": "The sandbox answers."}
    return {
        "id": f"chatcmpl-{time.time_ns()}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "message": words, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": units // 2, "completion_tokens": units - units // 2, "total_tokens": units},
    }
