"""Accounts, keys and usage, under one lock, and the file in which they survive a restart."""

import json
import os
import random
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from . import rules
from .config import Config
from .journal import Journal
from .rules import Record

UsageRow = dict[str, Any]
USAGE_ROWS_KEPT = 5_000
DEFAULT_GROUPS: dict[str, dict[str, Any]] = {
    "default": {"desc": "Default group", "ratio": 1},
    "vip": {"desc": "VIP group", "ratio": 0.8},
    "auto": {"desc": "Automatic routing", "ratio": "auto"},
}


@dataclass
class Account:
    id: int
    name: str
    token: str
    groups: dict[str, dict[str, Any]] = field(default_factory=lambda: {k: dict(v) for k, v in DEFAULT_GROUPS.items()})
    group: str = "default"
    quota: int = 500_000_000_000
    used_quota: int = 0
    request_count: int = 0
    usage: list[UsageRow] = field(default_factory=list)


@dataclass
class Key:
    """A key: its record as upstream keeps it, and what the sandbox alone knows.

    spend_rate: units a second that it spends by itself. spent: units spent in all. stale: the record that model
    endpoints still go by, until when. moves: status moves to come, as (time, status). previous: before the last write.
    """

    record: Record
    spend_rate: float = 0.0
    resurrect_s: float | None = None
    spent: int = 0
    booked_at: float = 0.0
    unlogged: int = 0
    logged_at: float = 0.0
    stale: tuple[Record, float] | None = None
    moves: list[tuple[float, int]] = field(default_factory=list)
    previous: Record | None = None

    @property
    def id(self) -> int:
        return int(self.record["id"])


class State:
    """Everything that the server knows. Hold `lock` while reading or changing keys and accounts.

    Raises ValueError for a file that holds no state.
    """

    def __init__(self, config: Config | None = None, path: Path | None = None, seed: int = 0) -> None:
        self.lock = threading.RLock()
        self.config = config or Config()
        self.journal = Journal()
        self.accounts: dict[int, Account] = {}
        self.keys: dict[int, Key] = {}
        self.rng = random.Random(seed or None)  # noqa: S311  # its secrets open nothing
        self.next_key_id = 1000
        self.path = path
        if path is not None and path.exists():
            self._load(path)

    def add_account(self, name: str = "", token: str = "", **fields: Any) -> Account:
        """Raises ValueError for a taken id or access token, TypeError for an unknown field."""
        with self.lock:
            number = int(fields.pop("id", 0)) or max(self.accounts, default=500) + 1
            token = token or "".join(self.rng.choices("0123456789abcdef", k=32))
            if number in self.accounts or any(other.token == token for other in self.accounts.values()):
                raise ValueError("account id or access token is taken")
            account = Account(number, name or f"account-{number}", token, **fields)
            self.accounts[number] = account
            return account

    def account_by_token(self, token: str) -> Account | None:
        return next((account for account in self.accounts.values() if account.token == token), None)

    def account(self, id_or_name: int | str) -> Account:
        """Raises KeyError."""
        for account in self.accounts.values():
            if str(id_or_name) in (str(account.id), account.name):
                return account
        raise KeyError(f"no account {id_or_name}")

    def add_key(self, account: Account, **fields: Any) -> Key:
        """A new key; any field may be given, odd values too. Raises ValueError for an unknown field."""
        own = {name: fields.pop(name) for name in ("spend_rate", "resurrect_s") if name in fields}
        now = int(time.time())
        with self.lock:
            record: Record = {"id": int(fields.pop("id", 0)) or self.next_key_id, "user_id": account.id}
            record |= {"key": fields.pop("secret", "") or rules.new_secret(self.rng)}
            record |= {"name": "", "status": rules.ENABLED, "created_time": now, "accessed_time": now}
            record |= {**rules.ZERO, "status": rules.ENABLED, "expired_time": -1, "remain_quota": 500_000}
            record |= {"used_quota": 0}
            unknown = set(fields) - set(record)
            if unknown:
                raise ValueError(f"unknown key fields: {', '.join(sorted(unknown))}")
            record |= fields
            key = Key(record, booked_at=time.time(), logged_at=time.time(), **own)
            self.keys[key.id] = key
            self.next_key_id = max(self.next_key_id, key.id) + 1
            return key

    def keys_of(self, account: Account) -> list[Key]:
        """Newest first."""
        mine = [key for key in self.keys.values() if key.record["user_id"] == account.id]
        return sorted(mine, key=lambda key: key.id, reverse=True)

    def key_of(self, account: Account, key_id: int) -> Key | None:
        key = self.keys.get(key_id)
        return key if key is not None and key.record["user_id"] == account.id else None

    def key_by_secret(self, credential: str) -> Key | None:
        secret = rules.bare_secret(credential)
        return next((key for key in self.keys.values() if secret and key.record["key"] == secret), None)

    def write(self, key: Key, record: Record) -> None:
        """Puts the record in place of the old one, which model endpoints may go by for a while (trap 5)."""
        now, config = time.time(), self.config
        if config.cache_s > 0 and (key.stale is None or key.stale[1] <= now):
            key.stale = (key.record, now + config.cache_s)
        comes_back = config.resurrect_s if key.resurrect_s is None else key.resurrect_s
        if comes_back > 0 and key.record["status"] == rules.ENABLED != record["status"]:
            key.moves.append((now + comes_back, rules.ENABLED))
            key.resurrect_s = 0.0
        key.previous, key.record = key.record, record

    def shown(self, record: Record) -> Record:
        """The record as the API shows it: the secret masked where that is switched on."""
        return record | {"key": rules.mask(str(record["key"]))} if self.config.masked else dict(record)

    def logged(self, record: Record) -> Record:
        """The record as the log shows it: never the secret."""
        return record | {"key": rules.mask(str(record["key"]))}

    def add_usage(self, account: Account, row: UsageRow) -> None:
        account.usage.append(row)
        if len(account.usage) > USAGE_ROWS_KEPT:
            del account.usage[: USAGE_ROWS_KEPT // 10]

    def save(self) -> None:
        """Writes the file anew and puts it in place in one step; does nothing without a path."""
        if self.path is None:
            return
        with self.lock:
            accounts = [asdict(account) for account in self.accounts.values()]
            document = {"next_key_id": self.next_key_id, "accounts": accounts}
            text = json.dumps(document | {"keys": [asdict(key) for key in self.keys.values()]})
            fresh = self.path.with_name(self.path.name + ".new")
            with fresh.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.path)

    def _load(self, path: Path) -> None:
        try:
            self._take_over(json.loads(path.read_text("utf-8")))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is no state of the sandbox ({type(error).__name__})") from error

    def _take_over(self, document: dict[str, Any]) -> None:
        self.next_key_id = document["next_key_id"]
        for fields in document["accounts"]:
            self.accounts[fields["id"]] = Account(**fields)
        for fields in document["keys"]:
            stale = fields.pop("stale")
            moves = [(due, status) for due, status in fields.pop("moves")]
            key = Key(**fields, moves=moves, stale=(stale[0], stale[1]) if stale else None)
            self.keys[key.id] = key
