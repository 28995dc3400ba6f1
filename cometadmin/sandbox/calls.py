"""One call of the API: what every endpoint is given, and how it refuses."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .http11 import Request, Response, as_json
from .journal import Entry
from .messages import language_of, message
from .rules import Record
from .state import State


class Refused(Exception):
    """A refusal by its code in messages.py; most are HTTP 200 with success false."""

    def __init__(self, code: str, detail: str = "", status: int = 200) -> None:
        super().__init__(code)
        self.code, self.detail, self.status = code, detail, status


@dataclass
class Call:
    state: State
    request: Request
    entry: Entry

    @property
    def language(self) -> str:
        return language_of(self.request.headers.get("accept-language", ""), self.state.config.language)

    def say(self, refusal: Refused) -> str:
        return message(refusal.code, self.language, refusal.detail)

    def client_ip(self) -> str:
        """The caller's address: set from outside, else forwarded, else the peer's."""
        forwarded = self.request.headers.get("x-forwarded-for", "").split(",")[0].strip()
        return self.state.config.client_ip or forwarded or self.request.peer

    def note_write(self, key_id: int, before: Record | None, after: Record | None, spent: int) -> None:
        """Puts the record before and after the write into the log, without the secret."""
        logged = self.state.logged
        self.entry.update(key_id=key_id, spent=spent)
        self.entry["before"] = logged(before) if before is not None else None
        self.entry["after"] = logged(after) if after is not None else None


def ok(data: Any = None, **more: Any) -> Response:
    """The envelope of a success; without data, as create and delete answer."""
    body: dict[str, Any] = {"success": True, "message": ""} | more
    return as_json(body if data is None else body | {"data": data})


def refused(call: Call, refusal: Refused) -> Response:
    call.entry["refused"] = refusal.code
    return as_json({"success": False, "message": call.say(refusal)}, refusal.status)


def openai_error(call: Call, refusal: Refused) -> Response:
    """The refusal of a model endpoint."""
    call.entry["refused"] = refusal.code
    error = {"message": call.say(refusal), "type": "comet_api_error", "param": "", "code": refusal.code}
    return as_json({"error": error}, refusal.status)


def lenient_body(request: Request) -> Any:
    """The body as JSON if it is any, else its text: for the log, and to tell which key is meant."""
    if not request.body:
        return None
    try:
        return json.loads(request.body)
    except (ValueError, RecursionError):
        return request.body[:2000].decode("utf-8", "replace")


Endpoint = Callable[[Call], Response]
