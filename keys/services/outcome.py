"""What became of a change: the words of design.md's table, and the answers that are no outcome.

Pure data; the views turn it into sentences, the ledger keeps it as facts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from keys.errors import CometAdminError
from keys.services.snapshots import snapshot_from_json, snapshot_to_json
from keys.types import KeySnapshot


class Outcome(StrEnum):
    """UNCHANGED leaves no record. APPLIED, NOT_APPLIED and OTHER end what was unclear, by reading."""

    UNCHANGED = "unchanged"
    CONFIRMED = "confirmed"
    DIFFERS = "differs"
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"
    APPLIED = "applied"
    NOT_APPLIED = "not_applied"
    OTHER = "other"


ENDED_AS_WANTED = (str(Outcome.CONFIRMED), str(Outcome.APPLIED))


class Kind(StrEnum):
    EDIT = "edit"
    DISABLE = "disable"
    ENABLE = "enable"


class Answer(StrEnum):
    """What came back for one request that writes."""

    SUCCESS = "success"
    REFUSED = "refused"
    LIMITED = "limited"
    UNCLEAR = "unclear"
    NOT_SENT = "not_sent"


@dataclass(frozen=True, slots=True)
class Step:
    """One request that writes, and its answer. step: `settings`, `status`, `disable` or `disable_plain`."""

    step: str
    answer: Answer
    message: str = ""
    kind: str = ""
    http_status: int | None = None
    upstream_request_id: str = ""
    ms: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "answer": str(self.answer),
            "message": self.message,
            "kind": self.kind,
            "http_status": self.http_status,
            "upstream_request_id": self.upstream_request_id,
            "ms": self.ms,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Step":
        return cls(**{**data, "answer": Answer(data["answer"])})


Pairs = Mapping[str, tuple[Any, Any]]
"""field name -> (what it was or should be, what it is)."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a person is told of one change; nothing in it is hoped, all of it was read.

    checked_at: when the key was last read, None when it could not be. snapshot: what that reading said.
    changed: asked for, old and new. differs: wanted and found. moved: untouched fields that somebody else changed
    meanwhile. altered: settings that a disable had to change (trap 4). message: upstream's words. field: the form
    field that a refusal is about, "" for the form. why: one word for what went wrong. settle_after: when settling
    can tell more. earlier_may_arrive: an earlier edit may still land on the disabled key. followed_by: the change that
    settling made because of this one: what is true by now is there.
    """

    outcome: Outcome
    kind: Kind
    change_id: UUID
    checked_at: datetime | None = None
    snapshot: KeySnapshot | None = None
    changed: Pairs = field(default_factory=dict)
    differs: Pairs = field(default_factory=dict)
    moved: Pairs = field(default_factory=dict)
    altered: Pairs = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    message: str = ""
    field: str = ""
    why: str = ""
    retry_after_s: float | None = None
    gone: bool = False
    earlier_may_arrive: bool = False
    settle_after: datetime | None = None
    window_ms: int | None = None
    record_seq: int | None = None
    followed_by: UUID | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "outcome": str(self.outcome),
            "kind": str(self.kind),
            "change_id": str(self.change_id),
            "checked_at": _moment(self.checked_at),
            "snapshot": snapshot_to_json(self.snapshot) if self.snapshot else None,
            **{name: {f: list(pair) for f, pair in getattr(self, name).items()} for name in _PAIRS},
            "steps": [step.to_json() for step in self.steps],
            "settle_after": _moment(self.settle_after),
            "followed_by": str(self.followed_by) if self.followed_by else None,
            **{name: getattr(self, name) for name in _PLAIN},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Result":
        rest: dict[str, Any] = {name: data[name] for name in _PLAIN}
        for name in _PAIRS:
            rest[name] = {field: (pair[0], pair[1]) for field, pair in data[name].items()}
        return cls(
            outcome=Outcome(data["outcome"]),
            kind=Kind(data["kind"]),
            change_id=UUID(data["change_id"]),
            checked_at=_parsed(data["checked_at"]),
            snapshot=snapshot_from_json(data["snapshot"]) if data["snapshot"] else None,
            steps=tuple(Step.from_json(step) for step in data["steps"]),
            settle_after=_parsed(data["settle_after"]),
            followed_by=UUID(data["followed_by"]) if data.get("followed_by") else None,
            **rest,
        )


_PAIRS = ("changed", "differs", "moved", "altered")
_PLAIN = (
    "message",
    "field",
    "why",
    "retry_after_s",
    "gone",
    "earlier_may_arrive",
    "window_ms",
    "record_seq",
)


def _moment(value: datetime | None) -> str | None:
    return value.isoformat() if value else None


def _parsed(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


class Conflict(CometAdminError):
    """Somebody else changed a touched field meanwhile. Nothing was sent.

    fields: field name -> (you saw, it is now, you want). live: the key as it is now.
    """

    def __init__(self, fields: Mapping[str, tuple[Any, Any, Any]], live: KeySnapshot) -> None:
        self.fields, self.live = fields, live
        super().__init__(", ".join(fields))


class LeavesNothing(CometAdminError):
    """Taking quota back unseen would leave none. Nothing was sent. live: the key as it is now."""

    def __init__(self, live: KeySnapshot) -> None:
        self.live = live
        super().__init__("nothing would be left")


class Held(CometAdminError):
    """Another change of this key is under way or unknown. Nothing was sent. until: when it stops holding the key."""

    def __init__(self, until: datetime | None, change_id: UUID | None) -> None:
        self.until, self.change_id = until, change_id
        super().__init__(str(change_id))


class ChangeIdTaken(CometAdminError):
    """This change id was used before, with other content, by somebody else or for another key. Nothing was sent."""
