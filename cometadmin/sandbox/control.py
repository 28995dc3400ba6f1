"""The control path `/_sandbox/…`: what the tests and the demo may ask and do behind the API's back.

Every answer is JSON; what went wrong is `{"error": …}` with 400 or 404.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from . import relay, spending
from .console import OWN_FIELDS, console_edit, find, spend
from .faults import Faults
from .hooks import Hooks
from .rules import Record
from .state import State

Body = dict[str, Any]
LONGEST_WAIT_S = 60.0


class Control:
    """In the same process call `handle` directly; it is what a request to the control path calls too."""

    def __init__(self, state: State, faults: Faults, hooks: Hooks, go_down: Callable[[float], None]) -> None:
        self._state, self._faults, self._hooks, self._go_down = state, faults, hooks, go_down
        self._routes: dict[tuple[str, str], Callable[[list[str], Body], Any]] = {
            ("GET", "state"): self._show_state,
            ("GET", "config"): lambda rest, body: state.config.as_dict(),
            ("POST", "config"): self._configure,
            ("POST", "accounts"): self._add_account,
            ("POST", "keys"): self._add_key,
            ("GET", "keys"): self._show_key,
            ("POST", "edit"): self._edit,
            ("POST", "delete"): self._delete,
            ("POST", "spend"): self._spend,
            ("GET", "would_serve"): self._would_serve,
            ("POST", "faults"): self._add_fault,
            ("GET", "faults"): lambda rest, body: faults.as_list(),
            ("DELETE", "faults"): lambda rest, body: faults.clear(),
            ("POST", "down"): lambda rest, body: go_down(float(body.get("seconds", 1.0))),
            ("POST", "hooks"): lambda rest, body: hooks.add(body).as_dict(),
            ("GET", "hooks"): self._wait_hook,
            ("DELETE", "hooks"): lambda rest, body: hooks.clear(),
            ("POST", "release"): lambda rest, body: hooks.release(body.get("id")),
            ("GET", "log"): lambda rest, body: state.journal.since(int(body.get("since", 0))),
            ("DELETE", "log"): lambda rest, body: state.journal.clear(),
        }

    def handle(self, method: str, path: str, query: dict[str, str], body: Body) -> tuple[int, Any]:
        """(status, answer). The query counts as body."""
        name, *rest = path.removeprefix("/_sandbox/").strip("/").split("/")
        action = self._routes.get((method, name))
        if action is None:
            return 404, {"error": f"no such control: {method} {path}"}
        try:
            return 200, action(rest, {**query, **body})
        except LookupError as error:
            return 404, {"error": str(error.args[0] if error.args else error)}
        except (ValueError, TypeError) as error:
            return 400, {"error": str(error)}

    def _show_state(self, rest: list[str], body: Body) -> Any:
        """Accounts without their usage and access tokens, keys with their records, secrets masked."""
        with self._state.lock:
            spending.settle(self._state)
            accounts = [asdict(account) for account in self._state.accounts.values()]
            for account in accounts:
                account["usage"] = len(account["usage"])
                del account["token"]
            keys = [self._state.logged(key.record) for key in self._state.keys.values()]
        return {"config": self._state.config.as_dict(), "accounts": accounts, "keys": keys}

    def _configure(self, rest: list[str], body: Body) -> Any:
        with self._state.lock:
            self._state.config.change(body)
        return self._state.config.as_dict()

    def _add_account(self, rest: list[str], body: Body) -> Any:
        account = self._state.add_account(**body)
        self._state.save()
        return {"id": account.id, "name": account.name, "token": account.token}

    def _add_key(self, rest: list[str], body: Body) -> Any:
        fields = dict(body)
        account = self._state.account(fields.pop("account"))
        key = self._state.add_key(account, **fields)
        self._state.save()
        return {"id": key.id}

    def _show_key(self, rest: list[str], body: Body) -> Any:
        """The whole record as it is now, the secret too, with what the sandbox alone knows."""
        with self._state.lock:
            spending.settle(self._state)
            key = find(self._state, int(rest[0]))
            own = {name: getattr(key, name) for name in OWN_FIELDS}
            return {"record": dict(key.record), "spent": key.spent, **own}

    def _edit(self, rest: list[str], body: Body) -> Record:
        return console_edit(self._state, int(rest[0]), body)

    def _delete(self, rest: list[str], body: Body) -> None:
        with self._state.lock:
            key = find(self._state, int(rest[0]))
            del self._state.keys[key.id]
            self._state.journal.event("console_delete", key.id, self._state.logged(key.record), None, key.spent)
            self._state.save()

    def _spend(self, rest: list[str], body: Body) -> Record:
        return spend(self._state, int(rest[0]), int(body["units"]), str(body.get("model", spending.BACKGROUND_MODEL)))

    def _would_serve(self, rest: list[str], body: Body) -> Any:
        """would_serve/<account>/<key id>, or would_serve/<key id>; `ip` and `model` narrow the question."""
        with self._state.lock:
            key = self._state.keys.get(int(rest[-1]))
            if len(rest) > 1 and key and key.record["user_id"] != self._state.account(rest[0]).id:
                key = None
            if key is None:
                return {"would_serve": False, "why": "unknown_key"}
            served, why = relay.would_serve(self._state, key, str(body.get("ip", "")), str(body.get("model", "")))
        return {"would_serve": served, "why": why}

    def _add_fault(self, rest: list[str], body: Body) -> Any:
        fields = dict(body)
        return self._faults.add(str(fields.pop("kind", "")), fields).as_dict()

    def _wait_hook(self, rest: list[str], body: Body) -> Any:
        """hooks/<id>: waits up to `wait` seconds until a request has reached the hook."""
        hook = self._hooks.get(int(rest[0]))
        hook.reached.wait(min(float(body.get("wait", 0)), LONGEST_WAIT_S))
        return hook.as_dict()
