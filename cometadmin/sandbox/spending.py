"""Spending, and the moves of status that come with use or with time."""

import time

from . import rules
from .rules import Record
from .state import Account, Key, State

LOG_EVERY_S = 10.0
BACKGROUND_MODEL = "gpt-5-mini"


def settle(state: State, now: float | None = None) -> None:
    """Books what the keys have spent by themselves, and the moves that are due. Hold the lock.

    Called before every look at the keys, so that what is read is as exact as if a thread had booked every unit.
    """
    now = time.time() if now is None else now
    for key in state.keys.values():
        if key.moves:
            _move(state, key, now)
        if key.spend_rate > 0:
            _spend_alone(state, key, now)


def book(state: State, key: Key, units: int, model: str, ip: str = "127.0.0.1") -> None:
    """Books one call with its row in the usage log. An unlimited key's remainder goes down like any other's."""
    _take(state, key, units)
    _log_usage(state, key, units, model, ip)


def as_served(key: Key, now: float) -> Record:
    """The record that model endpoints go by: for a while an older one; what is left of the quota is always live."""
    if key.stale is None or key.stale[1] <= now:
        return key.record
    return key.stale[0] | {name: key.record[name] for name in ("remain_quota", "used_quota")}


def from_cache(key: Key, now: float) -> bool:
    return key.stale is not None and key.stale[1] > now


def refusal(record: Record, now: float) -> str:
    """Why model endpoints refuse this record ("" when they don't), in the order in which the family looks."""
    if record["status"] == rules.EXHAUSTED:
        return "exhausted"
    if record["status"] == rules.EXPIRED:
        return "expired"
    if record["status"] != rules.ENABLED:
        return "disabled"
    if rules.is_expired(record, now):
        return "expired"
    return "exhausted" if rules.is_exhausted(record) else ""


def note_use(state: State, key: Key, why: str, now: float) -> None:
    """A use that was refused moves the status of an enabled key to 3 or 4, at once or later."""
    config = state.config
    if not config.auto_status or key.record["status"] != rules.ENABLED or from_cache(key, now):
        return
    wanted = {"expired": rules.EXPIRED, "exhausted": rules.EXHAUSTED}.get(why)
    if wanted is None or any(status == wanted for _, status in key.moves):
        return
    key.moves.append((now + config.auto_status_lag_s, wanted))
    _move(state, key, now)


def _move(state: State, key: Key, now: float) -> None:
    due = [status for at, status in key.moves if at <= now]
    key.moves = [(at, status) for at, status in key.moves if at > now]
    for status in due:
        if key.record["status"] == status:
            continue
        before = key.record
        key.record = before | {"status": status}
        name = "resurrected" if status == rules.ENABLED else "auto_status"
        state.journal.event(name, key.id, state.logged(before), state.logged(key.record), key.spent)


def _spend_alone(state: State, key: Key, now: float) -> None:
    """A key that is refused spends nothing; one that runs dry overspends by no more than one call."""
    record = as_served(key, now)
    why = refusal(record, now)
    if why:
        key.booked_at = now
        note_use(state, key, why, now)
        return
    units = int((now - key.booked_at) * key.spend_rate)
    if units <= 0:
        return
    key.booked_at += units / key.spend_rate
    if not record["unlimited_quota"]:
        units = min(units, record["remain_quota"] + state.config.units_per_call // 2)
    _take(state, key, units)
    key.unlogged += units
    if now - key.logged_at >= LOG_EVERY_S:
        _log_usage(state, key, key.unlogged, BACKGROUND_MODEL, "203.0.113.9")
        key.unlogged, key.logged_at = 0, now


def _take(state: State, key: Key, units: int) -> None:
    key.record = key.record | {
        "remain_quota": key.record["remain_quota"] - units,
        "used_quota": key.record["used_quota"] + units,
        "accessed_time": int(time.time()),
    }
    key.spent += units
    account = state.accounts.get(key.record["user_id"])
    if account is not None:
        account.quota -= units
        account.used_quota += units
        account.request_count += 1


def _log_usage(state: State, key: Key, units: int, model: str, ip: str) -> None:
    account = state.accounts.get(key.record["user_id"])
    if account is not None:
        state.add_usage(account, usage_row(state, account, key, units, model, ip, int(time.time())))


def usage_row(
    state: State, account: Account, key: Key, units: int, model: str, ip: str, created_at: int
) -> dict[str, object]:
    """One row of the usage log, of type 2 (consume)."""
    return {
        "id": created_at * 1000 + state.rng.randrange(1000),
        "user_id": account.id,
        "created_at": created_at,
        "type": 2,
        "content": "",
        "username": account.name,
        "token_name": key.record["name"],
        "token_id": key.id,
        "model_name": model,
        "quota": units,
        "prompt_tokens": units // 2,
        "completion_tokens": units - units // 2,
        "use_time": 1,
        "is_stream": False,
        "group": key.record["group"] or account.group,
        "ip": ip,
        "request_id": f"{created_at}{state.rng.randrange(10**8):08d}",
    }
