"""Which path is which operation, and one request applied to the state."""

import gzip
import secrets
import time
from dataclasses import dataclass, field

from . import api, relay, rules, spending
from .calls import Call, Endpoint, Refused, lenient_body, refused
from .http11 import Request, Response, as_html, as_json
from .journal import Entry
from .state import State

ENDPOINTS: dict[str, Endpoint] = {
    "list": api.list_keys,
    "get": api.get_key,
    "update": api.update_key,
    "create": api.create_key,
    "delete": api.delete_key,
    "search": api.search_keys,
    "models": api.models,
    "groups": api.groups,
    "account": api.account,
    "log": api.usage_log,
    "usage": relay.usage,
    "v1_models": relay.list_models,
    "chat": relay.chat,
}
WRITES = frozenset({"update", "create", "delete", "chat"})
FIXED = {
    ("GET", "/api/token/"): "list",
    ("PUT", "/api/token/"): "update",
    ("POST", "/api/token/"): "create",
    ("GET", "/api/token/search"): "search",
    ("GET", "/api/models"): "models",
    ("GET", "/api/user/self/groups"): "groups",
    ("GET", "/api/user/self"): "account",
    ("GET", "/api/log/self"): "log",
    ("GET", "/api/usage/token"): "usage",
    ("GET", "/api/usage/token/"): "usage",
    ("GET", "/v1/models"): "v1_models",
    ("POST", "/v1/chat/completions"): "chat",
}
PAGE = "<!doctype html><html><head><title>CometAPI</title></head><body><div id=root></div></body></html>"


def operation_of(method: str, path: str) -> str:
    """The operation's name; "" for a path that is none."""
    known = FIXED.get((method, path))
    if known:
        return known
    parent, _, last = path.rpartition("/")
    one = {"GET": "get", "DELETE": "delete"}.get(method, "")
    return one if parent == "/api/token" and last else ""


def slash_redirect(request: Request) -> Response | None:
    """A path that is one slash off is sent to the right one: 301 for GET, 307 for what has a body."""
    path = request.path
    other = path.removesuffix("/") if path.endswith("/") else path + "/"
    if operation_of(request.method, path) or not operation_of(request.method, other):
        return None
    target = other + (f"?{request.raw_query}" if request.raw_query else "")
    status = 301 if request.method == "GET" else 307
    body = f'<a href="{target}">Moved</a>.\n' if status == 301 else ""
    response = as_html(body, status)
    response.headers.append(("Location", target))
    return response


def meant_key(state: State, request: Request, operation: str) -> int | None:
    """The id of the key that a request is about, as far as can be told before it is applied."""
    if operation in ("get", "delete"):
        return rules.whole(request.path.rpartition("/")[2], 0) or None
    if operation in ("update", "create"):
        body = lenient_body(request)
        number = body.get("id") if isinstance(body, dict) else None
        return number if type(number) is int else None
    if operation in ("v1_models", "chat", "usage"):
        with state.lock:
            key = state.key_by_secret(request.headers.get("authorization", ""))
        return key.id if key else None
    return None


@dataclass
class Limits:
    """Requests of each client address in the last while; one budget for /api, one for /api/usage/token."""

    seen: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def exceeded(self, name: str, address: str, most: int, window_s: float) -> bool:
        if most <= 0:
            return False
        now = time.monotonic()
        times = [at for at in self.seen.get((name, address), []) if now - at < window_s]
        full = len(times) >= most
        self.seen[(name, address)] = times if full else [*times, now]
        return full


def dispatch(state: State, limits: Limits, request: Request, entry: Entry) -> Response:
    """Applies one request, wholly, under the lock; its place in the order of things goes into the log."""
    operation = operation_of(request.method, request.path)
    call = Call(state, request, entry)
    with state.lock:
        response = _limited(call, limits, operation)
        if response is None:
            spending.settle(state)
            response = _answer(call, operation)
        state.journal.mark_applied(entry)
        if operation in WRITES:
            state.save()
    response.headers.append(("X-Oneapi-Request-Id", time.strftime("%Y%m%d%H%M%S") + secrets.token_hex(8)))
    return response


def packed(state: State, request: Request, response: Response) -> Response:
    """The answer as it goes out: gzipped where that is switched on and the client takes it."""
    if state.config.gzip and "gzip" in request.headers.get("accept-encoding", "") and response.body:
        response.body = gzip.compress(response.body)
        response.headers.append(("Content-Encoding", "gzip"))
    return response


def _answer(call: Call, operation: str) -> Response:
    redirect = slash_redirect(call.request)
    if redirect is not None:
        return redirect
    if not operation or (operation == "groups" and not call.state.config.groups_listed):
        return _unknown(call)
    try:
        return ENDPOINTS[operation](call)
    except Refused as refusal:
        return refused(call, refusal)


def _limited(call: Call, limits: Limits, operation: str) -> Response | None:
    """429 with an empty body, as the family answers."""
    config, address = call.state.config, call.client_ip()
    if not call.request.path.startswith("/api/"):
        return None
    over = limits.exceeded("api", address, config.rate_limit, config.rate_window_s)
    if operation == "usage":
        over = limits.exceeded("usage", address, config.usage_limit, config.usage_window_s) or over
    return Response(429) if over else None


def _unknown(call: Call) -> Response:
    request = call.request
    if request.path.startswith("/v1/") or call.state.config.unknown_path == "json":
        text = f"Invalid URL ({request.method} {request.path})"
        return as_json({"error": {"message": text, "type": "invalid_request_error", "param": "", "code": ""}}, 404)
    return as_html(PAGE)
