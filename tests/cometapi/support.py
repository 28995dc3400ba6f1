"""Clients and answers for these tests."""

import json
from collections.abc import Callable
from typing import Any

from keys.cometapi.client import CometClient
from keys.errors import UpstreamError
from keys.types import EDITABLE, Deadline, KeySettings, Lane
from tests.support.sandbox import Account, Sandbox

TOKEN = "canary-Xk29ZqLw81mBvT4nRsYp0aHd"
BASE = "http://127.0.0.1:9"
SETTINGS = KeySettings(
    name="production",
    status=1,
    expired_time=-1,
    remain_quota=100_000,
    unlimited_quota=False,
    model_limits_enabled=False,
    model_limits="",
    allow_ips=None,
    group="",
    cross_group_retry=False,
)


class NoLimit:
    """A rate budget that never ends."""

    def __init__(self) -> None:
        self.pauses: list[float | None] = []

    def take(self, lane: Lane, deadline: Deadline) -> None:
        pass

    def pause(self, seconds: float | None) -> None:
        self.pauses.append(seconds)


def client(base_url: str = BASE, **fields: Any) -> CometClient:
    given: dict[str, Any] = {"access_token": TOKEN, "account_id": 5678, "limiter": NoLimit(), **fields}
    return CometClient(base_url=base_url, **given)


def ours(stand_in: Sandbox, account: Account, **fields: Any) -> CometClient:
    return client(stand_in.url, access_token=account.token, account_id=account.id, **fields)


def stored_settings(stand_in: Sandbox, key_id: int) -> KeySettings:
    """Straight from the sandbox, past the client."""
    stored = stand_in.key(key_id)
    return KeySettings(**{name: stored[name] for name in EDITABLE})


def outcome_of(call: Callable[[], Any]) -> tuple[Any, UpstreamError | None]:
    try:
        return call(), None
    except UpstreamError as fault:
        return None, fault


def soon(seconds: float = 2.0) -> Deadline:
    return Deadline.after(seconds)


def record(**fields: Any) -> dict[str, Any]:
    """A key record as the reference page has it."""
    shown = {
        "id": 1234,
        "user_id": 5678,
        "key": "q7Jd0aVbN3xKfW8sTzR2mYcE5uHgL1pOiQ9rBnMt6wXvZkAe",
        "created_time": 1766102400,
        "accessed_time": 1766102400,
        "used_quota": 0,
    }
    return {**shown, **SETTINGS.as_dict(), **fields}


def said(data: Any, **fields: Any) -> bytes:
    return json.dumps({"success": True, "message": "", "data": data, **fields}).encode()


def listed(*records: dict[str, Any], **fields: Any) -> bytes:
    return said({"page": 1, "page_size": 20, "total": len(records), "items": list(records), **fields})
