"""A record in the words of the Elastic Common Schema, as log shippers and their dashboards read it. Pure."""

import ipaddress
import json
from typing import Any

from keys.ledger.actions import Action

VERSION = "8.17"

_KINDS: dict[str, tuple[str, str]] = {
    "key": ("configuration", "change"),
    "team": ("configuration", "change"),
    "access_token": ("configuration", "change"),
    "sealing_key": ("configuration", "change"),
    "ledger_key": ("configuration", "change"),
    "checkpoint_key": ("configuration", "change"),
    "person": ("iam", "user"),
    "membership": ("iam", "group"),
    "access": ("iam", "denied"),
    "ledger": ("database", "access"),
}
"""First part of an action -> `event.category` and `event.type`."""

_SIGNING_IN = {
    Action.SIGN_IN: ("authentication", "start"),
    Action.SIGN_IN_FAILED: ("authentication", "start"),
    Action.SIGN_OUT: ("authentication", "end"),
}
_FAILED = (Action.DENIED, Action.SIGN_IN_FAILED)
_OUTCOMES = {
    "confirmed": "success",
    "applied": "success",
    "refused": "failure",
    "not_sent": "failure",
    "not_applied": "failure",
}
"""Ours -> `event.outcome`; whatever else there is of a change is unknown there."""


def line(record: dict[str, Any]) -> str:
    """One line of JSON. record: columns by name, `text` and the hashes too.

    time: an aware datetime; None where it was damaged so that it is none any more: the line is without one then.
    """
    return json.dumps(_document(record), separators=(",", ":"), ensure_ascii=True)


def _document(record: dict[str, Any]) -> dict[str, Any]:
    time = record["time"]
    about = {
        "@timestamp": f"{time:%Y-%m-%dT%H:%M:%S.%fZ}" if time else None,
        "ecs": {"version": VERSION},
        "message": " ".join(filter(None, (record["action"], record["outcome"], "by", record["actor"]))),
        "event": _event(record),
        "user": {
            "id": record["actor_id"],
            "name": record["actor"],
            "roles": list(filter(None, [record["actor_role"]])),
        },
        "source": _source(record["address"]),
        "http": {"request": {"id": record["request_id"]}} if record["request_id"] else None,
        "organization": {"id": str(record["team_id"]), "name": record["team"]} if record["team_id"] else None,
        "cometadmin": _ours(record),
    }
    return {name: value for name, value in about.items() if value is not None}


def _event(record: dict[str, Any]) -> dict[str, Any]:
    action = record["action"]
    kind = _SIGNING_IN.get(action) or _KINDS.get(action.partition(".")[0], ("configuration", "info"))
    if record["outcome"] or record["change"]:
        outcome = _OUTCOMES.get(record["outcome"], "unknown")
    else:
        outcome = "failure" if action in _FAILED else "success"
    return {
        "kind": "event",
        "dataset": "cometadmin.ledger",
        "category": [kind[0]],
        "type": [kind[1]],
        "action": action,
        "outcome": outcome,
        "sequence": record["seq"],
        "id": record["link"],
        "reason": record["reason"],
    }


def _source(address: str) -> dict[str, str] | None:
    if not address:
        return None
    try:
        return {"address": address, "ip": str(ipaddress.ip_address(address))}
    except ValueError:
        return {"address": address}


def _ours(record: dict[str, Any]) -> dict[str, Any]:
    names = ("seq", "actor_kind", "outcome", "change", "key_id", "key_name", "team_n", "key_n")
    hashes = ("digest", "previous", "link", "seal", "seal_key")
    return {**{name: record[name] for name in (*names, *hashes)}, "text": record["text"]}
