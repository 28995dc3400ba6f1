"""What is asked of CometAPI with a key's own secret, never with an access token: whose is it, does it still work?

Through the same pool and deadline as everything else; trying a secret uses up nothing of the rate budget, so that a
proof waits for nobody. The two answers do not come in the management API's envelope (cometapi.md, "Endpoints"), so
they are read here.
"""

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from django.conf import settings

from keys.cometapi import record, strict_json, wire
from keys.cometapi.client import CometClient
from keys.redact import escape_visible
from keys.types import Deadline, Lane

USAGE: Final = wire.Call("GET", "/api/usage/token", "/api/usage/token")
MODELS: Final = wire.Call("GET", "/v1/models", "/v1/models")


@dataclass(frozen=True, slots=True)
class Usage:
    """What CometAPI tells whoever holds a secret. used: units. name: as upstream stores it."""

    name: str
    used: int | None


class Verdict(StrEnum):
    """What became of a secret that was tried. ELSEWHERE: not from our address or group, so alive for somebody else."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    ELSEWHERE = "elsewhere"


def usage_of(secret: str, deadline: Deadline, lane: Lane = Lane.URGENT) -> Usage | None:
    """Which key it is, None when CometAPI knows none. Answers for disabled keys too: proves nothing dead.

    Raises UpstreamError.
    """
    client = _client(secret, lane)

    def read(answer: wire.Answer) -> Usage | None:
        envelope = _object(answer)
        if answer.status in (200, 401) and envelope.get("success") is False:
            return None
        data = envelope.get("data")
        if answer.status != 200 or envelope.get("code") is not True or not isinstance(data, dict):
            raise _unread(answer, secret)
        name, used = data.get("name"), data.get("total_used")
        if not isinstance(name, str):
            raise _unread(answer, secret)
        return Usage(name=name, used=used if record.is_int(used) else None)

    return client.ask(USAGE, deadline, read)


def models_with(secret: str, deadline: Deadline, lane: Lane = Lane.URGENT) -> Verdict:
    """Does it still work? Spends nothing. Raises UpstreamError for whatever is no clear word of the model endpoint's.

    A 401 in other words than its own (`{"error": {…}}`) may be a gateway's that refuses everybody.
    """
    client = _client(secret, lane)

    def read(answer: wire.Answer) -> Verdict:
        body = _object(answer)
        if answer.status == 200 and isinstance(body.get("data"), list) and body.get("success", True) is True:
            return Verdict.ACCEPTED
        error = body.get("error")
        if answer.status in (401, 403) and isinstance(error, dict) and isinstance(error.get("message"), str):
            return Verdict.REFUSED if answer.status == 401 else Verdict.ELSEWHERE
        raise _unread(answer, secret)

    return client.ask(MODELS, deadline, read)


def shown_name(usage: Usage) -> str:
    """Its name as the mirror stores names."""
    return escape_visible(usage.name, keep="\n")


def _client(secret: str, lane: Lane) -> CometClient:
    return CometClient(base_url=settings.COMETAPI_BASE_URL, access_token=f"Bearer sk-{secret}", lane=lane)


def _object(answer: wire.Answer) -> dict[str, Any]:
    """{} for what is no object of JSON: the status decides then."""
    try:
        found = strict_json.parse(answer.body)
    except strict_json.NotStrict:
        return {}
    return found if isinstance(found, dict) else {}


def _unread(answer: wire.Answer, secret: str) -> Exception:
    if answer.status in (200, 401, 403):
        return wire.odd(answer, "CometAPI gave no answer that can be read.", kind="odd_answer")
    return wire.failure(answer, now=time.time(), secret=secret)
