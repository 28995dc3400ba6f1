"""The log of every request and of everything that moves a key without one."""

import itertools
import threading
import time
from typing import Any

Entry = dict[str, Any]

EVENT_OPERATIONS = ("console_edit", "console_delete", "auto_status", "resurrected", "spend")


def new_entry(operation: str, method: str = "", path: str = "") -> Entry:
    """An empty entry. Times are Unix seconds with fractions; `order` counts what was applied, in its true order."""
    return {
        "n": 0,
        "operation": operation,
        "method": method,
        "path": path,
        "query": {},
        "account": None,
        "account_id": None,
        "key_id": None,
        "headers": {},
        "body": None,
        "began": time.time(),
        "applied": None,
        "order": None,
        "answered": None,
        "status": None,
        "refused": None,
        "fault": None,
        "before": None,
        "after": None,
        "spent": None,
    }


class Journal:
    """Entries in memory, the oldest dropped beyond the limit."""

    def __init__(self, limit: int = 200_000) -> None:
        self._lock = threading.Lock()
        self._entries: list[Entry] = []
        self._numbers = itertools.count(1)
        self._orders = itertools.count(1)
        self._limit = limit

    def add(self, entry: Entry) -> Entry:
        with self._lock:
            entry["n"] = next(self._numbers)
            self._entries.append(entry)
            if len(self._entries) > self._limit:
                del self._entries[: self._limit // 10]
        return entry

    def mark_applied(self, entry: Entry) -> None:
        entry["applied"] = time.time()
        entry["order"] = next(self._orders)

    def event(self, operation: str, key_id: int, before: Any, after: Any, spent: int) -> None:
        """Notes a move that no request made: `after` is in effect from now."""
        entry = self.add(new_entry(operation))
        entry.update(key_id=key_id, before=before, after=after, spent=spent)
        self.mark_applied(entry)

    def since(self, n: int = 0) -> list[Entry]:
        with self._lock:
            return [dict(entry) for entry in self._entries if entry["n"] > n]

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
