"""Rows for the sandbox's usage log, as it writes them itself, but of another time and from another place."""

import time
from typing import Any

from cometadmin.sandbox import spending


def used(sandbox: Any, key_id: int, units: int = 100, *, ago_s: float = 60, times: int = 1, **row: Any) -> None:
    """times: that many rows, a second apart, the newest `ago_s` ago."""
    state = sandbox.server.state
    key = state.keys[key_id]
    account = state.accounts[key.record["user_id"]]
    for number in range(times):
        at = int(time.time() - ago_s) - number
        made = spending.usage_row(state, account, key, units, "gpt-4o", "203.0.113.9", at)
        state.add_usage(account, {**made, **row})
