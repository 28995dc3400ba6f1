"""Refreshing a team's keys behind an old list, with real progress; and what the worker is doing, for admins."""

import re
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import trigger_client_event

from keys.http import PersonRequest, is_fragment, mark_ours, page, team_or_404
from keys.permissions import Verb
from keys.selectors import syncing as selectors
from keys.selectors.ages import ages_of
from keys.services.refresh import refresh, refresh_all
from keys.views.gates import may_or_403
from keys.views.listing import all_teams, looked_at

SINCE: Final = re.compile(r"[0-9]{1,11}")


@require_http_methods(["GET", "HEAD", "POST"])
@page
def team_sync(request: PersonRequest, slug: str) -> HttpResponse:
    """GET: how old the list is, how far a listing has come. POST: ask for one, or go on with it."""
    team, asked_at = team_or_404(request, slug, Verb.VIEW_KEYS), _asked_at(request)
    if request.method == "POST":
        refresh(team, asked_at, asked_by=request.user.shown_name)
        if not is_fragment(request):
            return HttpResponseRedirect(reverse("team_sync", args=(slug,)), status=HTTPStatus.SEE_OTHER)
    sync = selectors.sync_state(team, asked_at)
    context = {"section": "teams", "team": team, "sync": sync, "live": "live" in request.GET}
    return _answer(request, context, "keys/sync.html", "keys/_sync.html")


@require_http_methods(["GET", "HEAD", "POST"])
@page
def all_sync(request: PersonRequest) -> HttpResponse:
    """The same for all teams that one may see, together."""
    teams, asked_at = all_teams(request).teams, _asked_at(request)
    if request.method == "POST":
        refresh_all(teams, asked_at, asked_by=request.user.shown_name)
        if not is_fragment(request):
            return HttpResponseRedirect(reverse("all_sync"), status=HTTPStatus.SEE_OTHER)
    ages = ages_of(teams)
    context = {"section": "keys", "ages": ages, "sync": selectors.all_sync_state(ages, asked_at)}
    return _answer(request, context, "keys/sync_all.html", "keys/_sync_all.html")


def _answer(request: PersonRequest, context: dict[str, Any], whole: str, part: str) -> HttpResponse:
    if not is_fragment(request):
        return render(request, whole, context)
    response = mark_ours(render(request, part, context))
    # Asked for by a list that waited: it may show itself anew now.
    return trigger_client_event(response, "keys-listed") if context["sync"].ended else response


def _asked_at(request: PersonRequest) -> datetime:
    """When the page was opened that asks, in whole seconds: it asks on behalf of what was old then."""
    since, now = request.GET.get("since", ""), looked_at()
    return min(now, datetime.fromtimestamp(int(since), UTC)) if SINCE.fullmatch(since) else now


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
