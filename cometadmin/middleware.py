"""What happens to every request before and after a view, each in a class of its own."""

import contextlib
import re
import time
import uuid
import zoneinfo
from collections.abc import Callable
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote, unquote_plus, unquote_to_bytes, urlencode, urlsplit

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django_htmx.middleware import HtmxDetails

from keys.forms.history import without_secrets
from keys.http import UNSENT
from keys.redact import looks_secret

GetResponse = Callable[[HttpRequest], HttpResponse]
REQUEST_ID: Final = re.compile(r"[A-Za-z0-9-]{8,64}")
ADDRESS: Final = re.compile(r"[0-9A-Fa-f.:]{2,45}")
MOST_THROWN_AWAY: Final = 64 * 1024 * 1024  # bytes
LEAK_DESK: Final = "/leaks/"
"""The one address that takes large bodies, and where secrets belong."""
PERMISSIONS_POLICY: Final = ", ".join(
    f"{feature}=()" for feature in ("camera", "geolocation", "microphone", "payment", "usb", "browsing-topics")
)

log = structlog.get_logger(__name__)


class RequestIdentity:
    """Sets `request.request_id` and `request.client_address`; the id goes back as X-Request-Id.

    What a client says of itself counts only when a proxy of ours passed it on (TRUSTED_PROXY_COUNT).
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = _request_id(request)  # type: ignore[attr-defined]
        request.client_address = _client_address(request)  # type: ignore[attr-defined]
        response = self.get_response(request)
        response["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
        return response


def _request_id(request: HttpRequest) -> str:
    given = request.headers.get("X-Request-Id", "")
    if settings.TRUSTED_PROXY_COUNT and REQUEST_ID.fullmatch(given):
        return given
    return uuid.uuid4().hex


def _client_address(request: HttpRequest) -> str:
    """The address that the outermost proxy of ours saw; everything left of it in X-Forwarded-For may be invented."""
    peer: str = request.META.get("REMOTE_ADDR", "")
    count: int = settings.TRUSTED_PROXY_COUNT
    if not count:
        return peer
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
    seen = hops[-count] if len(hops) >= count else hops[0]
    return seen if ADDRESS.fullmatch(seen) else peer


class RequestLog:
    """One line a request: never a query string, a body, a header or a path that no route of ours knows."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.monotonic()
        response = self.get_response(request)
        match = request.resolver_match
        log.info(
            "request",
            method=request.method if match else "",
            route=match.view_name if match else "",
            path=request.path if match else "",
            status=response.status_code,
            ms=round((time.monotonic() - began) * 1000, 1),
            person=getattr(request, "person_id", None),
            request_id=getattr(request, "request_id", ""),
        )
        return response


class SecurityHeaders:
    """Headers that neither Django nor django-csp sets."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response


class NeverStored:
    """Pages are for one person and one moment: nothing below the static files is kept by a browser or a proxy."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


class RefuseHostile:
    """400 for what no browser of ours sends and databases choke on, and for secrets; 413 for a body over the limit.

    Such a body is read and thrown away, since a browser cut off while it sends shows no answer; but not without end.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        most = settings.LEAK_BODY_MAX_BYTES if request.path_info == LEAK_DESK else settings.BODY_MAX_BYTES
        if length.isdecimal() and (len(length) > 12 or int(length) > most):
            _throw_away(request)
            words = _("What was sent is too large. Nothing was changed.")
            split = _("The leak desk takes 16 MB at once: cut the text and paste it piece by piece.")
            return _refusal(413, f"{words} {split}" if request.path_info == LEAK_DESK else words)
        try:  # a broken path is percent-encoded again by Django and matches no route; a query would be patched up
            query = unquote_to_bytes(request.META.get("QUERY_STRING", "").encode("latin-1")).decode()
        except UnicodeError:
            query = "\0"
        # Cookies may be quoted with octal escapes, so that a NUL gets through the server.
        if any("\0" in text for text in (request.path_info, query, *request.COOKIES.values())):
            return _refusal(400, _("This address cannot be read. Nothing was changed."))
        if looks_secret(query) and (kept := _searchable(request)):
            return HttpResponseRedirect(f"{request.path}?{kept}")
        if looks_secret(request.path_info) or looks_secret(query):
            # Else it would be noted as a route's path, or sent back as the way to go on after signing in.
            return HttpResponse(render_to_string("secret_in_address.html"), status=400)
        return self.get_response(request)


def _searchable(request: HttpRequest) -> str:
    """A search in the history without what looks like a secret; "" for any other address, and where nothing can go."""
    if request.path_info != reverse("history") or request.method not in ("GET", "HEAD"):
        return ""
    kept = without_secrets(request.GET).urlencode()
    return "" if looks_secret(unquote_plus(kept)) else kept


def _throw_away(request: HttpRequest) -> None:
    left = MOST_THROWN_AWAY
    with contextlib.suppress(OSError):  # whoever sends it may leave
        while left > 0 and (chunk := request.read(65536)):
            left -= len(chunk)


def _refusal(status: int, words: str) -> HttpResponse:
    return HttpResponse(words, status=status, content_type="text/plain; charset=utf-8")


class PersonTimeZone:
    """Times on pages are told in the zone of who reads them. Also notes who it is for the request log.

    Without a session cookie nobody is signed in, and the database is left alone (health checks, the sign-in page).
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        zone = settings.DEFAULT_TIME_ZONE
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            request.person_id = request.user.pk  # type: ignore[attr-defined]
            zone = request.user.time_zone or zone
        with timezone.override(_zone(zone)):
            return self.get_response(request)


def _zone(name: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # a zone that this machine's data does not know
        return zoneinfo.ZoneInfo(settings.DEFAULT_TIME_ZONE)


class FragmentSignIn:
    """A session that ended answers a fragment with 401 and the way to sign in, not with a form that lands in a row."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        htmx = getattr(request, "htmx", None)
        if not htmx or response.status_code != 302:
            return response
        login = resolve_url(settings.LOGIN_URL)
        if urlsplit(response["Location"]).path != login:
            return response
        page = _page_of(htmx)
        query = {"next": "/" if looks_secret(unquote(page)) else page}
        if request.method == "POST":
            query[UNSENT] = "1"
        return HttpResponse(status=401, headers={"HX-Redirect": f"{login}?{urlencode(query)}"})


def _page_of(htmx: HtmxDetails) -> str:
    """The page that a fragment was asked for from, as its path; "/" where that cannot be told."""
    try:
        return htmx.current_url_abs_path or "/"
    except ValueError:  # an address such as http://[
        return "/"


class PageForMethods:
    """Who types the address of a button (GET where only POST is answered) reads so instead of an empty page."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED or request.method != "GET" or response.content:
            return response
        text = render_to_string("405.html", request=request)
        return HttpResponse(text, status=response.status_code, headers={"Allow": response["Allow"]})
