"""What is said to CometAPI and what its answers mean: bytes <-> types, without any I/O, without Django.

`Call` is one request, `Answer` what came back; `opened` turns an answer's envelope into its `data` or into one class of
the error tree, `record` turns `data` into types. Nothing here guesses: what is not exactly as the
reference page has it is `Unclear`. Secrets stop here: a key's value becomes a mask in `record`, and
upstream's words are masked and escaped in `words`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from keys import redact
from keys.cometapi import record, strict_json
from keys.errors import AccessTokenRefused, RateLimited, Refused, Unclear, UpstreamError
from keys.types import KeySettings

MOST_WORDS = 300
MOST_PER_PAGE = 100
LONGEST_WAIT_S = 3600.0
SHORTEST_PIECE = 8


@dataclass(frozen=True, slots=True)
class Call:
    """One request. template: the path as it may be logged, without ids and query. body: JSON, None for a GET.

    public: goes without the access token.
    """

    method: str
    path: str
    template: str
    query: str = ""
    body: bytes | None = None
    public: bool = False

    @property
    def budgeted(self) -> bool:
        """Does it use up the rate budget? All under `/api` does, and nothing else (trap 17)."""
        return self.path.startswith("/api/")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, taken in whole. headers: names in lower case. body: decoded (gzip is undone)."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def request_id(self) -> str:
        """Upstream's id of this request (trap 14), "" when there is none or it holds anything unusual."""
        named = self.headers.get("x-cometapi-request-id") or self.headers.get("x-oneapi-request-id") or ""
        return named if re.fullmatch(r"[A-Za-z0-9._:-]{1,64}", named) else ""


@dataclass(frozen=True, slots=True)
class Success:
    """An answer that says yes. data: any JSON value, None when absent. message: upstream's words, fit to be shown.

    total: any JSON value of that name beside `data`, None when absent.
    """

    data: Any
    message: str
    request_id: str
    total: Any = None


def list_call(page: int, page_size: int) -> Call:
    """page: from 1. page_size: upstream caps it at 100 (reference page of the list)."""
    return Call("GET", "/api/token/", "/api/token/", query=f"p={page:d}&page_size={min(page_size, MOST_PER_PAGE):d}")


def get_call(key_id: int) -> Call:
    return Call("GET", f"/api/token/{key_id:d}", "/api/token/{id}")


def put_call(key_id: int, settings: KeySettings, *, status_only: bool) -> Call:
    r"""The update, with every editable field and the id in the body (trap 1). Raises record.OddRecord on a wrong type.

    ASCII with escapes, so that a lone surrogate in a name goes back as the `\ud800` it came as.
    """
    fields = {"id": key_id, **record.checked_settings(settings)}
    body = json.dumps(fields, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii")
    return Call("PUT", "/api/token/", "/api/token/", query="status_only=true" if status_only else "", body=body)


ACCOUNT = Call("GET", "/api/user/self", "/api/user/self")
MODELS = Call("GET", "/api/models", "/api/models", public=True)
GROUPS = Call("GET", "/api/user/self/groups", "/api/user/self/groups")


def usage_call(page: int, page_size: int, key_name: str, since: int, until: int | None = None) -> Call:
    """Charged calls (type 2) of keys with `key_name` in their name, newest first. since, until: Unix seconds, both in.

    until: None for up to now. Raises record.OddRecord for a name that no address can hold. The filter matches inside
    names.
    """
    asked = {"p": page, "page_size": min(page_size, MOST_PER_PAGE), "type": 2, "start_timestamp": since}
    if until is not None:
        asked["end_timestamp"] = until
    try:
        query = urlencode({**asked, "token_name": key_name}, errors="strict")
    except UnicodeEncodeError:
        raise record.OddRecord("This name cannot be asked for.") from None
    return Call("GET", "/api/log/self", "/api/log/self", query=query)


def headers(call: Call, access_token: str, account_id: int | None) -> dict[str, str]:
    """account_id: for the header that the family asks for (trap 16), None to leave it out."""
    sent = {
        "Accept": "application/json",
        "Accept-Encoding": "gzip",
        "Accept-Language": "en",  # messages come in one language (trap 14)
        "User-Agent": "cometadmin",
    }
    if not call.public:
        sent["Authorization"] = access_token  # the raw value, without `Bearer` (reference page)
    if call.body is not None:
        sent["Content-Type"] = "application/json"
    if account_id is not None and not call.public:
        sent["New-Api-User"] = str(account_id)
    return sent


def opened(answer: Answer, *, now: float, secret: str = "") -> Success:
    """What an answer holds that says yes: HTTP 200, a JSON object, `success` the boolean true.

    now: Unix seconds, against which a `Retry-After` date is held. secret: the access token, masked where upstream
    repeats it. Raises Refused (AccessTokenRefused, RateLimited) for 4xx and `success: false`, Unclear for all else.
    """
    if answer.status != 200:
        raise failure(answer, now=now, secret=secret)
    envelope = _envelope(answer)
    said = words(envelope.get("message"), secret)
    if envelope.get("success") is False:
        raise Refused(said, kind="refused", http_status=200, request_id=answer.request_id)
    if envelope.get("success") is not True:
        raise odd(answer, "The answer does not say whether it succeeded.")
    return Success(envelope.get("data"), said, answer.request_id, envelope.get("total"))


def odd(answer: Answer, message: str, *, kind: str = "odd_answer") -> Unclear:
    return Unclear(message, kind=kind, http_status=answer.status, request_id=answer.request_id)


def words(message: Any, secret: str = "") -> str:
    """Upstream's message for people: secrets masked, odd characters escaped, at most 300 characters; "" if no text."""
    if not isinstance(message, str):
        return ""
    shown = redact.escape_visible(redact.mask(_without(message[:100_000], secret)))
    return shown if len(shown) <= MOST_WORDS else shown[: MOST_WORDS - 1] + "…"


def retry_after_s(value: str | None, now: float) -> float | None:
    """Seconds that a `Retry-After` header asks for, at most an hour; None when absent or not usable."""
    text = (value or "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        seconds = float(text)
    elif (moment := _http_date(text)) is not None:
        seconds = moment - now
    else:
        return None
    return min(seconds, LONGEST_WAIT_S) if seconds >= 0 else None


def _http_date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, OverflowError, IndexError):
        return None


def _without(text: str, secret: str) -> str:
    """`text` with every piece of `secret` of 8 characters or more masked, whatever its shape."""
    pieces = {secret[at : at + SHORTEST_PIECE] for at in range(len(secret) - SHORTEST_PIECE + 1)}
    if not any(piece in text for piece in pieces):
        return text
    hidden = [False] * len(text)
    for piece in pieces:
        for hit in re.finditer(f"(?={re.escape(piece)})", text):
            hidden[hit.start() : hit.start() + SHORTEST_PIECE] = [True] * SHORTEST_PIECE
    marked = "".join("\0" if gone else char for char, gone in zip(text, hidden, strict=True))
    return re.sub("\0+", lambda _: redact.MASK, marked)


def failure(answer: Answer, *, now: float, secret: str) -> UpstreamError:
    """The error that an HTTP status other than 200 stands for (design.md, "One road to a write")."""
    status, request_id, kind = answer.status, answer.request_id, f"http_{answer.status}"
    if status == 204:
        return odd(answer, "CometAPI answered without any content.", kind="empty")
    if 300 <= status < 400:
        return odd(answer, "CometAPI answered with a redirect, which is never followed.", kind="redirect")
    if status == 408 or not 400 <= status < 500:
        return odd(answer, f"CometAPI answered with HTTP {status}.", kind=kind)
    denial = _denial(answer)
    said = words(denial.get("message"), secret) or f"CometAPI refused with HTTP {status}."
    if status in (401, 403):
        return AccessTokenRefused(said, kind=kind, http_status=status, request_id=request_id)
    if status == 429:
        wait_s = retry_after_s(answer.headers.get("retry-after"), now)
        return RateLimited(said, request_id=request_id, retry_after_s=wait_s)
    if status == 404 and denial.get("success") is False:
        kind = "not_found"  # a 404 without the envelope tells of a wrong path, not of a key
    return Refused(said, kind=kind, http_status=status, request_id=request_id)


def _denial(answer: Answer) -> dict[str, Any]:
    """The envelope of a 4xx, {} when it is none but a proxy's or another server's page."""
    try:
        envelope = strict_json.parse(answer.body)
    except strict_json.NotStrict:
        return {}
    return envelope if isinstance(envelope, dict) else {}


def _envelope(answer: Answer) -> dict[str, Any]:
    """Raises Unclear."""
    kind_of_text = answer.headers.get("content-type", "").lower()
    if not answer.body.strip():
        raise odd(answer, "CometAPI's answer is empty.", kind="empty")
    if "text/html" in kind_of_text or answer.body.lstrip()[:1] == b"<":
        raise odd(answer, "CometAPI answered with a web page instead of data.", kind="html")
    charset = re.search(r"charset\s*=\s*\"?([^\s\";]*)", kind_of_text)
    if charset and charset[1] not in ("utf-8", "utf8", "us-ascii"):
        raise odd(answer, "CometAPI's answer is not in UTF-8.")
    try:
        envelope = strict_json.parse(answer.body)
    except strict_json.NotStrict as fault:
        raise odd(answer, f"CometAPI's answer cannot be read: {fault}.") from None
    if not isinstance(envelope, dict):
        raise odd(answer, "CometAPI's answer is not an object.")
    return envelope
