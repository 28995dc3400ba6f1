"""A team's keys, and one key with its form."""

import re

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from keys.forms.base import Base
from keys.http import PersonRequest, page, team_or_404, team_rights
from keys.models import Team
from keys.permissions import Verb
from keys.selectors.keys import key_rows, pages_of
from keys.services.edit import read_key
from keys.services.reading import group_choices, list_page
from keys.services.settle import change_result, open_change, settle_key
from keys.views import saving, undoing
from keys.views.changes import change_id_of
from keys.views.panel import Panel, key_form, panel_page
from keys.views.told import Told

PAGE_NUMBER = re.compile(r"[1-9][0-9]{0,5}")


@require_safe
@page
def key_list(request: PersonRequest, slug: str) -> HttpResponse:
    """The keys as CometAPI has them now, 50 a page."""
    team = team_or_404(request, slug, Verb.VIEW_KEYS)
    found = list_page(team, _page_number(request))
    context = {
        "section": "teams",
        "team": team,
        "rows": key_rows(found.items, timezone.now()),
        "pages": pages_of(found),
        "skipped": found.skipped,
        **team_rights(request.user, team),
    }
    return render(request, "keys/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def key(request: PersonRequest, slug: str, key_id: int) -> HttpResponse:
    """One key as it is upstream now, its form and its history; what was sent as a form is saved."""
    if request.method == "POST":
        return saving.save(request, slug, key_id)
    if "restore" in request.GET:
        return undoing.editor(request, slug, key_id)
    team = team_or_404(request, slug, Verb.VIEW_KEYS)
    request.told = told = _told(request, team, key_id)
    snapshot = read_key(team=team, key_id=key_id)
    base = Base(snapshot, group_choices(team, snapshot))
    return panel_page(request, Panel(team, base, key_form(base), told=told))


def _told(request: PersonRequest, team: Team, key_id: int) -> Told | None:
    """What became of the change that led here, else of one that is still open."""
    asked = change_id_of(request.GET.get("change", ""))
    if asked is None:
        settle_key(team=team, key_id=key_id)
        change = open_change(team, key_id)
        asked = change.pk if change else None
    result = change_result(asked, team, key_id) if asked else None
    return Told(result, team, key_id) if result else None


def _page_number(request: PersonRequest) -> int:
    typed = request.GET.get("page", "1")
    if not PAGE_NUMBER.fullmatch(typed):
        raise Http404
    return int(typed)
