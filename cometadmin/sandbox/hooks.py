"""Places where a test can step in between: pauses, and other people's writes at an exact moment."""

import itertools
import threading
from dataclasses import dataclass, field
from typing import Any

from .console import console_edit, spend
from .matching import Matcher, Subject, matcher_from
from .state import State

LONGEST_PAUSE_S = 120.0


@dataclass
class Hook:
    """when: before or after the request is applied. Without edits and units it is a pause."""

    id: int
    when: str
    matcher: Matcher
    key_id: int | None = None
    edit: dict[str, Any] = field(default_factory=dict)
    spend: int = 0
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def is_pause(self) -> bool:
        return not self.edit and not self.spend

    def as_dict(self) -> dict[str, Any]:
        shown = {"id": self.id, "when": self.when, "hits": self.matcher.hits, "reached": self.reached.is_set()}
        return shown | {"released": self.released.is_set(), "pause": self.is_pause}


class Hooks:
    def __init__(self, state: State) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._hooks: list[Hook] = []
        self._ids = itertools.count(1)

    def add(self, fields: dict[str, Any]) -> Hook:
        """Raises ValueError for a wrong moment, TypeError for an unknown field."""
        fields = dict(fields)
        when, edits = fields.pop("when", "before"), fields.pop("edit", {})
        units, target = fields.pop("spend", 0), fields.pop("target", None)
        if when not in ("before", "after"):
            raise ValueError("when must be before or after")
        matcher = matcher_from(fields)
        if fields:
            raise ValueError(f"unknown hook fields: {', '.join(sorted(fields))}")
        hook = Hook(next(self._ids), when, matcher, target, edits, units)
        with self._lock:
            self._hooks.append(hook)
        return hook

    def run(self, when: str, subject: Subject) -> None:
        """Runs what is armed for this request at this moment; a pause waits here until it is released."""
        with self._lock:
            hit = [hook for hook in self._hooks if hook.when == when and hook.matcher.takes(subject)]
        for hook in hit:
            hook.reached.set()
            if hook.is_pause:
                hook.released.wait(LONGEST_PAUSE_S)
            else:
                self._step_in(hook, subject)

    def release(self, hook_id: int | None = None) -> None:
        """Lets go one pause, or all; a pause that was never reached is disarmed."""
        with self._lock:
            for hook in self._hooks:
                if hook_id in (None, hook.id):
                    hook.released.set()
                    hook.matcher.times = 0

    def clear(self) -> None:
        self.release()
        with self._lock:
            self._hooks.clear()

    def get(self, hook_id: int) -> Hook:
        """Raises KeyError."""
        with self._lock:
            for hook in self._hooks:
                if hook.id == hook_id:
                    return hook
        raise KeyError(f"no hook {hook_id}")

    def _step_in(self, hook: Hook, subject: Subject) -> None:
        key_id = hook.key_id or subject.key_id
        if key_id is None:
            return
        if hook.edit:
            console_edit(self._state, key_id, hook.edit)
        if hook.spend:
            spend(self._state, key_id, hook.spend)
