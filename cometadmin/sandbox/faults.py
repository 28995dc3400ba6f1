"""Faults that are armed, and what each kind is handed when it strikes."""

import copy
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .http11 import Request, Response
from .journal import Entry
from .matching import Matcher, Subject, matcher_from
from .state import Key, State
from .wire import Wire


@dataclass
class Fault:
    id: int
    kind: str
    matcher: Matcher
    params: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        left = 0 if self.matcher.spent_up() else self.matcher.times
        return {"id": self.id, "kind": self.kind, "params": self.params, "hits": self.matcher.hits, "left": left}


@dataclass
class Strike:
    """One fault hitting one request. `apply` carries the request out (once) and gives the answer it should have had."""

    state: State
    wire: Wire
    request: Request
    entry: Entry
    params: dict[str, Any]
    apply: Callable[[], Response]
    go_down: Callable[[float], None]
    later: Callable[[float], None]

    def seconds(self, default: float) -> float:
        return float(self.params.get("seconds", default))

    def answer(self, applied: bool) -> Response:
        """The proper answer; without applying, an empty success in its place."""
        if self.params.get("applied", applied):
            return self.apply()
        return Response(200, b'{"success":true,"message":""}', [("Content-Type", "application/json")])

    def respond(self, response: Response) -> None:
        self.wire.respond(response, self.request.keep_alive)

    def key(self) -> Key | None:
        number = self.entry["key_id"]
        return self.state.keys.get(number) if type(number) is int else None


def altered(response: Response) -> Any:
    """A copy of the answer's JSON to alter."""
    return copy.deepcopy(response.payload)


def records_in(payload: Any) -> list[dict[str, Any]]:
    """The key records in an answer: one, a page of them, or none."""
    data = payload.get("data") if isinstance(payload, dict) else None
    if isinstance(data, dict) and isinstance(data.get("items"), list):
        data = data["items"]
    found = data if isinstance(data, list) else [data]
    return [item for item in found if isinstance(item, dict)]


class Faults:
    def __init__(self, kinds: dict[str, Any]) -> None:
        self._kinds = kinds
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._ids = itertools.count(1)

    def add(self, kind: str, fields: dict[str, Any]) -> Fault:
        """Fields are the matcher's and the kind's own. Raises ValueError for an unknown kind."""
        if kind not in self._kinds:
            raise ValueError(f"unknown fault {kind}")
        fields = dict(fields)
        params = dict(fields.pop("params", {}))
        matcher = matcher_from(fields)
        fault = Fault(next(self._ids), kind, matcher, params | fields)
        with self._lock:
            self._faults.append(fault)
        return fault

    def take(self, subject: Subject) -> Fault | None:
        """The first armed fault that hits this request. A fault that has struck often enough stays listed."""
        with self._lock:
            return next((fault for fault in self._faults if fault.matcher.takes(subject)), None)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def as_list(self) -> list[dict[str, Any]]:
        with self._lock:
            return [fault.as_dict() for fault in self._faults]


def http_date(seconds_from_now: float) -> str:
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + seconds_from_now))
