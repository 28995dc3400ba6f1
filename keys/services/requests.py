"""One request that writes and one reading, each with its answer sorted; the senders are built from these two."""

import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils import timezone

from keys.cometapi.client import CometClient
from keys.errors import KeyNotFound, NotSent, RateLimited, Refused, UpstreamError
from keys.models import Change
from keys.services import leases
from keys.services.outcome import Answer, Step
from keys.types import Deadline, KeySettings, KeySnapshot, Waits


@dataclass(frozen=True, slots=True)
class Look:
    """One reading after a write. snapshot: None when it could not be read. at: when the reading was begun."""

    at: datetime
    snapshot: KeySnapshot | None = None
    gone: bool = False
    error: UpstreamError | None = None


@dataclass(slots=True)
class Sending:
    """One change on its way: what both senders need.

    reader: reads back in the urgent lane, since what was sent must be known even when the budget has run short.
    live_at: monotonic seconds when the read that the body is built from was begun; window_ms: from there to the first
    PUT's leaving, the span that this API cannot show us (design.md). answered: the record in the last PUT's answer,
    which proves nothing (trap 4).
    """

    change: Change
    client: CometClient
    reader: CometClient
    live: KeySnapshot
    live_at: float
    deadline: Deadline
    waits: Waits
    steps: list[Step]
    window_ms: int | None = None
    retry_after_s: float | None = None
    answered: KeySnapshot | None = None

    def put(self, step: str, settings: KeySettings, wait_s: float, *, status_only: bool = False) -> Answer | None:
        """Send one PUT, once. None: the lease was lost, nothing was sent."""
        deadline = self.deadline.within(wait_s)
        if not leases.start_sending(self.change, timezone.now() + timedelta(seconds=deadline.left_s())):
            return None
        if self.window_ms is None:
            self.window_ms = round((time.monotonic() - self.live_at) * 1000)
        begun = time.monotonic()
        done = self._answer(step, settings, deadline, status_only=status_only)
        self.steps.append(replace(done, ms=round((time.monotonic() - begun) * 1000)))
        return done.answer

    def _answer(self, step: str, settings: KeySettings, deadline: Deadline, *, status_only: bool) -> Step:
        self.answered = None
        try:
            answer = self.client.put_key(self.change.key_id, settings, deadline, status_only=status_only)
        except NotSent as error:
            return _failed(step, Answer.NOT_SENT, error)
        except RateLimited as error:
            self.retry_after_s = error.retry_after_s
            return _failed(step, Answer.LIMITED, error)
        except Refused as error:
            return _failed(step, Answer.REFUSED, error)
        except UpstreamError as error:
            return _failed(step, Answer.UNCLEAR, error)
        self.answered = answer.snapshot
        return Step(step, Answer.SUCCESS, upstream_request_id=answer.request_id)

    def look(self, wait_s: float) -> Look:
        """Read the key once more (repeated inside the wait by the client, since reading is safe)."""
        return look(self.reader, self.change.key_id, self.deadline.within(wait_s))


def look(client: CometClient, key_id: int, deadline: Deadline) -> Look:
    at = timezone.now()
    try:
        return Look(at, client.get_key(key_id, deadline))
    except KeyNotFound as error:
        return Look(at, gone=True, error=error)
    except UpstreamError as error:
        return Look(at, error=error)


def _failed(step: str, answer: Answer, error: UpstreamError) -> Step:
    return Step(step, answer, error.message, error.kind, error.http_status, error.request_id)
