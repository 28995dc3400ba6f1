"""What every view needs of a request: who it is from, which team it is about, an answer when there is trouble.

Views have no try/except for upstream, the ledger or a refusal: `page` turns the error tree into pages.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, cast
from urllib.parse import unquote, urlencode, urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.middleware import HtmxDetails

from keys import permissions
from keys.errors import AccessTokenRefused, CometAdminError, Denied, LedgerUnavailable, UpstreamError
from keys.ledger.raw import legibly
from keys.models import Person, Team, TokenState
from keys.permissions import Verb
from keys.redact import looks_secret
from keys.services.access_tokens import NoAccessToken, note_state
from keys.services.denials import record_denial
from keys.trouble import trouble_of
from keys.types import Actor, ActorKind

P = ParamSpec("P")
OURS = "X-Fragment"
"""Marks an answer that may be swapped in whatever its status: a proxy's own 502 page must not be (static/js/app.js)."""


UNSENT: Final = "unsent"
"""In the sign-in's address: what was pressed was not done."""
BIGGEST: Final = 2**63 - 1
"""What a table, a record or CometAPI can call anything; addresses take any digits."""


class PersonRequest(HttpRequest):
    """A request of somebody who is signed in; request_id and client_address are set by cometadmin.middleware.

    team: the one that `team_or_404` found; verbs: what this person may do to it. told: what became of a change, so that
    a page of trouble can say both; last_known: asked by such a page for what is known of the key all the same.
    """

    user: Person
    htmx: HtmxDetails
    request_id: str
    client_address: str
    team: Team
    verbs: frozenset[Verb]
    told: object
    last_known: Callable[[], dict[str, Any]]


View = Callable[Concatenate[PersonRequest, P], HttpResponse]


def page(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """A view for who is signed in; others go to the sign-in. Trouble that it raises becomes a page that says so."""

    @wraps(view)
    def guarded(request: PersonRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not cast(HttpRequest, request).user.is_authenticated:
            return sign_in_first(request)
        if any(isinstance(number, int) and number > BIGGEST for number in kwargs.values()):
            raise Http404
        try:
            response = view(request, *args, **kwargs)
        except Denied as error:
            raise PermissionDenied from error
        except (UpstreamError, NoAccessToken, LedgerUnavailable) as error:
            response = trouble_page(request, error)
        patch_vary_headers(response, ["HX-Request"])
        return response

    return guarded  # type: ignore[return-value]  # wraps() tells the same in words of its own


def sign_in_first(request: HttpRequest) -> HttpResponse:
    """To the sign-in, and from there to the page; after a press to the one that it was on, since nothing was sent."""
    if request.method in ("GET", "HEAD"):
        return redirect_to_login(request.get_full_path())
    came_from = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(came_from, {request.get_host()}, require_https=request.is_secure())
    parts = urlsplit(came_from if ours else "/")
    page = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
    query = urlencode({"next": "/" if looks_secret(unquote(page)) else page, UNSENT: "1"})
    return HttpResponseRedirect(f"{resolve_url(settings.LOGIN_URL)}?{query}")


def legible(view: View[P]) -> View[P]:
    """A view of the ledger that opens though a record's text is no text any more. Under `page`."""

    @wraps(view)
    def read(request: PersonRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        return legibly(lambda: view(request, *args, **kwargs))

    return read  # type: ignore[return-value]  # wraps() tells the same in words of its own


def trouble_page(request: PersonRequest, error: UpstreamError | NoAccessToken | LedgerUnavailable) -> HttpResponse:
    """The whole page, or its fragment, that says what is wrong, who can mend it and what still works."""
    team = getattr(request, "team", None)
    if team and isinstance(error, AccessTokenRefused):
        note_state(team, TokenState.REFUSED)
    trouble = trouble_of(error)
    known = {} if is_fragment(request) else _last_known(request, error)
    template = "components/_trouble.html" if is_fragment(request) else "keys/unread.html" if known else "trouble.html"
    told = getattr(request, "told", None)
    rights = team_rights(request.user, team)
    context = {"trouble": trouble, "team": team, "told": told, "section": "teams", **known, **rights}
    response = render(request, template, context, status=trouble.status)
    if trouble.retry_after_s:
        response["Retry-After"] = str(trouble.retry_after_s)
    # A page part that only looks again stays where it is; what was pressed gets its answer.
    return mark_ours(response) if request.method == "POST" else response


def _last_known(request: PersonRequest, error: CometAdminError) -> dict[str, Any]:
    """Not where our own database is in trouble: that is where it would be read."""
    ask = getattr(request, "last_known", None)
    return ask() if ask and not isinstance(error, LedgerUnavailable) else {}


def mark_ours(response: HttpResponse) -> HttpResponse:
    response[OURS] = "1"
    return response


def is_fragment(request: HttpRequest) -> bool:
    """Is a part of the page wanted? Not for a boosted link, nor when htmx restores history: that is the whole one."""
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def actor_of(request: PersonRequest, team: Team | None = None) -> Actor:
    """Who acts, as the ledger tells it."""
    person = request.user
    role = permissions.acting_role(person, team)
    return Actor(ActorKind.PERSON, str(person.pk), person.shown_name, role, request.client_address, request.request_id)


def team_or_404(request: PersonRequest, slug: str, verb: Verb) -> Team:
    """The team of this short name, if this person may do `verb` to it.

    Raises Http404 for another team's and an absent one alike, PermissionDenied for one that the person sees but may
    not do this to. Both are recorded.
    """
    team = permissions.visible_teams(request.user).filter(slug=slug).select_related("access_token", "sync").first()
    if team is None:
        record_denial(actor_of(request), verb, None)
        raise Http404
    request.team = team
    request.verbs = permissions.verbs_of(request.user, team)
    if verb not in request.verbs:
        record_denial(actor_of(request, team), verb, team)
        raise PermissionDenied
    return team


def team_rights(person: Person, team: Team | None) -> dict[str, Any]:
    """What the person may do to this team, by name, for templates: `may.edit_key` and its like."""
    verbs = permissions.verbs_of(person, team) if team is not None else ()
    return {"may": {str(verb): True for verb in verbs}}
