"""A team's keys, and one key with its form."""

from functools import partial
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from keys.http import PersonRequest, is_fragment, page, team_or_404, team_rights
from keys.models import Team
from keys.permissions import Verb
from keys.selectors.ages import TeamAge, ages_with
from keys.selectors.keys import key_rows, pages_of
from keys.selectors.last_known import last_known
from keys.selectors.syncing import state_of
from keys.selectors.unknown import unknown_of_key
from keys.services.edit import read_key
from keys.services.reading import list_page
from keys.services.settle import open_change, result_now, settle_key
from keys.views import saving, undoing
from keys.views.changes import change_id_of
from keys.views.kept import keeps_typing
from keys.views.listing import Scope, answer, looked_at
from keys.views.paging import page_number
from keys.views.panel import Panel, base_of, key_form, panel_page
from keys.views.row_html import row_htmls
from keys.views.rows import row_texts
from keys.views.told import Told


@require_http_methods(["GET", "HEAD", "POST"])
@page
def key_list(request: PersonRequest, slug: str) -> HttpResponse:
    """A team's keys out of the mirror; until it has been read for the first time, as CometAPI has them now.

    What looks for some of them is answered by the mirror alone, which says that it cannot yet.
    """
    team = team_or_404(request, slug, Verb.VIEW_KEYS)
    ages = ages_with([team])
    searched = request.method == "POST" or is_fragment(request) or set(request.GET) - {"page"}
    if ages.read or searched:
        return answer(request, Scope((team,), team), ages)
    return _live_list(request, ages.teams[0])


def _live_list(request: PersonRequest, age: TeamAge) -> HttpResponse:
    """50 a page, in CometAPI's own order: nothing can be searched or sorted."""
    found = list_page(age.team, page_number(request))
    rights = team_rights(request.user, age.team)
    may_switch = str(Verb.DISABLE_KEY) in rights["may"]
    rows = row_texts(key_rows(found.items, timezone.now()), age.team, may_switch=may_switch)
    context = {
        "section": "teams",
        "team": age.team,
        "age": age,
        "rows": row_htmls(rows, may_switch=may_switch),
        "sync": state_of(age.team, age.sync, looked_at()),
        "live": True,
        "pages": pages_of(found),
        "skipped": found.skipped,
        **rights,
    }
    return render(request, "keys/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@keeps_typing
@page
def key(request: PersonRequest, slug: str, key_id: int) -> HttpResponse:
    """One key as it is upstream now, its form and its history; what was sent as a form is saved."""
    if request.method == "POST":
        return saving.save(request, slug, key_id)
    if "restore" in request.GET:
        return undoing.editor(request, slug, key_id)
    team = team_or_404(request, slug, Verb.VIEW_KEYS)
    request.last_known = partial(_last_known, team, key_id)
    request.told = told = _told(request, team, key_id)
    snapshot = read_key(team=team, key_id=key_id)
    base = base_of(team, snapshot)
    return panel_page(request, Panel(team, base, key_form(base), told=told))


def _last_known(team: Team, key_id: int) -> dict[str, Any]:
    """What a page that cannot read the key shows of it; nothing where it was never read."""
    last = last_known(team, key_id, timezone.now())
    return {"last": last, "key": last.row.key, "unknown": unknown_of_key(team, key_id)} if last else {}


def _told(request: PersonRequest, team: Team, key_id: int) -> Told | None:
    """What became of the change that led here, else of one that is still open."""
    settle_key(team=team, key_id=key_id)
    asked = change_id_of(request.GET.get("change", ""))
    if asked is None:
        change = open_change(team, key_id)
        asked = change.pk if change else None
    result = result_now(asked, team, key_id) if asked else None
    return Told(result, team, key_id) if result else None
