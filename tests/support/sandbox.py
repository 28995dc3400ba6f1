"""The sandbox in the hands of a test: in this process by `Sandbox.start`, in another by `Sandbox.attach`."""

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from cometadmin.sandbox.config import Config
from cometadmin.sandbox.journal import EVENT_OPERATIONS
from cometadmin.sandbox.server import Server
from cometadmin.sandbox.state import State

WRITE_METHODS = ("PUT", "POST", "DELETE")


@dataclass(frozen=True)
class Account:
    id: int
    name: str
    token: str


class Sandbox:
    """Everything goes through the control path's own actions, so that both ways do the same."""

    def __init__(self, url: str, server: Server | None = None) -> None:
        self.url = url
        self.server = server

    @classmethod
    @contextmanager
    def start(cls, dialect: str = "A", *, state: Path | None = None, **config: Any) -> Iterator["Sandbox"]:
        """Serves on a free port for as long as the block lasts. `config` as in cometadmin.sandbox.config.Config."""
        switches = Config()
        switches.change({"dialect": dialect, **config})
        server = Server(State(switches, state))
        server.start()
        try:
            yield cls(server.url, server)
        finally:
            server.stop()

    @classmethod
    def attach(cls, url: str) -> "Sandbox":
        """A sandbox that runs elsewhere on this machine."""
        return cls(url.rstrip("/"))

    def add_account(self, name: str = "", **fields: Any) -> Account:
        """Fields: token, id, groups {name: {desc, ratio}}, group, quota."""
        return Account(**self._call("POST", "accounts", {"name": name, **fields}))

    def add_key(self, account: Account | int, **fields: Any) -> int:
        """The new key's id. Any field of the record, odd values too; besides secret, spend_rate, resurrect_s."""
        owner = account.id if isinstance(account, Account) else account
        return int(self._call("POST", "keys", {"account": owner, **fields})["id"])

    def key(self, key_id: int) -> dict[str, Any]:
        """The record as it is stored now, the whole secret in `key`. Raises LookupError."""
        return dict(self._call("GET", f"keys/{key_id}")["record"])

    def keys(self, account: Account | int) -> list[dict[str, Any]]:
        """All records of an account, secrets masked."""
        owner = account.id if isinstance(account, Account) else account
        return [record for record in self._call("GET", "state")["keys"] if record["user_id"] == owner]

    def secret(self, key_id: int) -> str:
        """As callers use it: with `sk-`."""
        return f"sk-{self.key(key_id)['key']}"

    def spent(self, key_id: int) -> int:
        """Units spent since the key was made."""
        return int(self._call("GET", f"keys/{key_id}")["spent"])

    def console_edit(self, key_id: int, **fields: Any) -> dict[str, Any]:
        """As the vendor's console does it, unchecked; the record as it then is."""
        return dict(self._call("POST", f"edit/{key_id}", fields))

    def console_delete(self, key_id: int) -> None:
        self._call("POST", f"delete/{key_id}", {})

    def spend(self, key_id: int, units: int) -> dict[str, Any]:
        return dict(self._call("POST", f"spend/{key_id}", {"units": units}))

    def would_serve(self, key_id: int, **asked: str) -> bool:
        """The ground truth, cache included. `ip` and `model` narrow the question."""
        return bool(self.verdict(key_id, **asked)["would_serve"])

    def verdict(self, key_id: int, **asked: str) -> dict[str, Any]:
        """{would_serve, why}."""
        return dict(self._call("GET", f"would_serve/{key_id}?{urlencode(asked)}"))

    def fault(self, kind: str, **fields: Any) -> int:
        """Arms a fault: the matcher's fields (method, path, operation, key_id, account, skip, nth, times, for_s) and
        the kind's own; the fault's id."""
        return int(self._call("POST", "faults", {"kind": kind, **fields})["id"])

    def faults(self) -> list[dict[str, Any]]:
        """Each with `hits` and `left`."""
        return list(self._call("GET", "faults"))

    def clear_faults(self) -> None:
        self._call("DELETE", "faults")

    def down(self, seconds: float) -> None:
        """Connections are refused from now on for so long."""
        self._call("POST", "down", {"seconds": seconds})

    def pause(self, when: str = "before", **matcher: Any) -> int:
        """A matching request waits, before or after it is applied, until it is released; the pause's id."""
        return int(self._call("POST", "hooks", {"when": when, **matcher})["id"])

    def interleave(self, when: str = "before", **fields: Any) -> int:
        """At a matching request, before or after it is applied: `edit` {field: value} and `spend` units, on its own
        key or on `target`."""
        return int(self._call("POST", "hooks", {"when": when, **fields})["id"])

    def wait_paused(self, hook_id: int, timeout: float = 10.0) -> bool:
        """Whether a request has reached the pause."""
        return bool(self._call("GET", f"hooks/{hook_id}?wait={timeout}")["reached"])

    def release(self, hook_id: int | None = None) -> None:
        """One pause, or all."""
        self._call("POST", "release", {} if hook_id is None else {"id": hook_id})

    def clear_hooks(self) -> None:
        self._call("DELETE", "hooks")

    def configure(self, **switches: Any) -> dict[str, Any]:
        return dict(self._call("POST", "config", switches))

    def log(self, since: int = 0) -> list[dict[str, Any]]:
        """Requests and events, in the order in which they began; `order` is the order in which they took effect."""
        return list(self._call("GET", f"log?since={since}"))

    def requests(self, method: str | None = None, operation: str | None = None) -> list[dict[str, Any]]:
        return [
            entry
            for entry in self.log()
            if entry["operation"] not in EVENT_OPERATIONS
            and method in (None, entry["method"])
            and operation in (None, entry["operation"])
        ]

    def events(self) -> list[dict[str, Any]]:
        """What moved keys without a request: console edits, spending by command, status moves."""
        return [entry for entry in self.log() if entry["operation"] in EVENT_OPERATIONS]

    def writes(self) -> list[dict[str, Any]]:
        """The requests under /api that can change something, faulted ones too."""
        return [one for one in self.requests() if one["method"] in WRITE_METHODS and one["path"].startswith("/api")]

    def clear_log(self) -> None:
        self._call("DELETE", "log")

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Raises LookupError for 404, ValueError for 400."""
        if self.server is not None:
            name, _, raw = path.partition("?")
            query = dict(pair.split("=", 1) for pair in raw.split("&") if pair)
            status, answer = self.server.control.handle(method, f"/_sandbox/{name}", query, body or {})
        else:
            status, answer = self._over_socket(method, f"/_sandbox/{quote(path, safe='/?=&%')}", body)
        if status == 404:
            raise LookupError(answer["error"])
        if status != 200:
            raise ValueError(answer["error"])
        return answer

    def _over_socket(self, method: str, path: str, body: dict[str, Any] | None) -> tuple[int, Any]:
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=70)
        try:
            connection.request(method, path, json.dumps(body or {}), {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()
