"""Which requests a fault or a hook is meant for."""

import re
import time
from dataclasses import dataclass
from typing import Any

MATCHER_NAMES = ("method", "path", "operation", "key_id", "account", "skip", "nth", "times", "for_s")


@dataclass
class Subject:
    """What is known of a request before it is applied."""

    method: str
    path: str
    operation: str
    key_id: int | None
    account: str | None


@dataclass
class Matcher:
    """All that is given must fit. skip: matching requests let pass first; times: how many are hit then.

    until: a moment (Unix seconds) after which nothing is hit any more.
    """

    method: str = ""
    path: str = ""
    operation: str = ""
    key_id: int | None = None
    account: str = ""
    skip: int = 0
    times: int = 1
    until: float | None = None
    hits: int = 0

    def takes(self, subject: Subject) -> bool:
        """Whether this request is hit; counts it."""
        if not self._fits(subject) or self.spent_up():
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        self.hits += 1
        return True

    def spent_up(self) -> bool:
        return self.times <= 0 or (self.until is not None and time.time() > self.until)

    def _fits(self, subject: Subject) -> bool:
        wanted = (self.method.upper(), self.operation, self.key_id, self.account)
        given = (subject.method, subject.operation, subject.key_id, subject.account)
        if any(want not in ("", None, have) for want, have in zip(wanted, given, strict=True)):
            return False
        return not self.path or re.search(self.path, subject.path) is not None


def matcher_from(fields: dict[str, Any]) -> Matcher:
    """Takes the matcher's names out of the fields. `nth` counts from 1; `for_s` hits all for so many seconds."""
    given = {name: fields.pop(name) for name in MATCHER_NAMES if name in fields}
    if "nth" in given:
        given["skip"] = given.pop("nth") - 1
    if "for_s" in given:
        given["until"] = time.time() + given.pop("for_s")
        given.setdefault("times", 1_000_000_000)
    return Matcher(**given)
