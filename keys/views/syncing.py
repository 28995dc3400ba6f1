"""Refreshing a team's keys behind an old list, with real progress; and what the worker is doing, for admins."""

from http import HTTPStatus

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import trigger_client_event

from keys.http import PersonRequest, is_fragment, mark_ours, page, team_or_404
from keys.permissions import Verb
from keys.selectors import syncing as selectors
from keys.services.refresh import refresh
from keys.views.gates import may_or_403


@require_http_methods(["GET", "HEAD", "POST"])
@page
def team_sync(request: PersonRequest, slug: str) -> HttpResponse:
    """GET: how old the list is, how far a listing has come. POST: ask for one, or go on with it."""
    team = team_or_404(request, slug, Verb.VIEW_KEYS)
    if request.method == "POST":
        refresh(team, asked_by=request.user.shown_name)
        if not is_fragment(request):
            return HttpResponseRedirect(reverse("team_sync", args=(slug,)), status=HTTPStatus.SEE_OTHER)
    sync = selectors.sync_state(team)
    context = {"section": "teams", "team": team, "sync": sync, "live": "live" in request.GET}
    if not is_fragment(request):
        return render(request, "keys/sync.html", context)
    response = mark_ours(render(request, "keys/_sync.html", context))
    # Asked for by a list that waited: it may show itself anew now.
    return response if sync.restless else trigger_client_event(response, "keys-listed")


@require_safe
@page
def status(request: PersonRequest) -> HttpResponse:
    may_or_403(request, Verb.VIEW_STATUS)
    context = {
        "section": "status",
        "alive": selectors.workers(alive=True),
        "jobs": selectors.open_jobs(),
        "failed": selectors.failed_jobs(),
        "schedule": selectors.schedule_rows(),
        "teams": selectors.team_syncs(),
    }
    return render(request, "status/status.html", context)
