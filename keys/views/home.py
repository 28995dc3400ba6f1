"""The front door, and the picture on the browser's tab."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.views.decorators.http import require_safe

from keys.http import PersonRequest, page
from keys.permissions import visible_teams


@page
@require_safe
def home(request: PersonRequest) -> HttpResponse:
    """Who has one team goes straight to its keys."""
    teams = list(visible_teams(request.user)[:2])
    return redirect("keys", teams[0].slug) if len(teams) == 1 else redirect("teams")


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Asked for by every browser; without an answer each page would have an error in its console."""
    response = redirect(static("favicon.ico"))
    response["Cache-Control"] = "public, max-age=86400"
    return response
