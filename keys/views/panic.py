"""Panic: all keys of a team disabled at one press, its progress, and the press that takes it back."""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from keys.errors import Invalid, LedgerUnavailable
from keys.forms.panic import PanicForm
from keys.forms.plain import add_faults
from keys.http import PersonRequest, actor_of, is_fragment, mark_ours, page, team_or_404, team_rights
from keys.models import MirrorKey, Panic, Team
from keys.permissions import Verb
from keys.selectors import panic as reads
from keys.selectors.syncing import sync_state
from keys.services import lanes
from keys.services.panic import alone, pressing
from keys.services.panic.pressing import NothingToUndo, NumberChanged
from keys.types import Lane, Status
from keys.views.listing import looked_at

BY_HAND = 500
"""Keys that a page names when they have to be disabled in the console."""


@require_http_methods(["GET", "HEAD", "POST"])
@page
def panic(request: PersonRequest, slug: str) -> HttpResponse:
    """What it would do, and to how many; the press."""
    team = team_or_404(request, slug, Verb.PANIC if request.method == "POST" else Verb.VIEW_PANIC)
    if request.method != "POST":
        return _form_page(request, team)
    form = PanicForm(request.POST)
    if not form.is_valid():
        return _form_page(request, team, form)
    who: dict[str, Any] = {"person": request.user, "actor": actor_of(request, team), "team": team}
    try:
        begun = pressing.press(**who, typed=form.typed(), reason=form.cleaned_data["reason"])
    except NumberChanged as changed:
        form.refuse(changed.number)
    except Invalid as error:
        add_faults(form, error)
    except LedgerUnavailable:
        return _by_hand(request, team)
    else:
        return _to(team, begun)
    return _form_page(request, team, form)


@require_safe
@page
def panic_progress(request: PersonRequest, slug: str, number: int) -> HttpResponse:
    team = team_or_404(request, slug, Verb.VIEW_PANIC)
    return _progress_page(request, team, _panic_or_404(team, number))


@require_POST
@page
def panic_go_on(request: PersonRequest, slug: str, number: int) -> HttpResponse:
    """Where no worker runs, whoever has the page open does the next slice."""
    team = team_or_404(request, slug, Verb.PANIC)
    found = _panic_or_404(team, number)
    alone.go_on(found)
    return _progress_page(request, team, _panic_or_404(team, number)) if is_fragment(request) else _to(team, found)


@require_POST
@page
def panic_undo(request: PersonRequest, slug: str, number: int) -> HttpResponse:
    """One press: exactly the keys that this one disabled."""
    team = team_or_404(request, slug, Verb.PANIC)
    found = _panic_or_404(team, number)
    try:
        begun = pressing.undo(person=request.user, actor=actor_of(request, team), team=team, panic=found)
    except NothingToUndo:
        messages.warning(request, _("There is nothing to enable again now. Nothing was sent."))
        return _to(team, found)
    return _to(team, begun)


def _panic_or_404(team: Team, number: int) -> Panic:
    found = reads.panic_of(team, number)
    if found is None:
        raise Http404
    return found


def _to(team: Team, found: Panic) -> HttpResponse:
    return HttpResponseRedirect(reverse("panic_progress", args=(team.slug, found.pk)), status=HTTPStatus.SEE_OTHER)


def _form_page(request: PersonRequest, team: Team, form: PanicForm | None = None) -> HttpResponse:
    """form: one that was refused."""
    counted = pressing.count(team)
    context = {
        "section": "teams",
        "team": team,
        "form": form or PanicForm(),
        "count": counted,
        "sync": sync_state(team, looked_at()),
        "under_way": pressing.open_panic(team),
        "earlier": reads.panics_of(team),
        "alone": not lanes.is_running(Lane.URGENT),
        **team_rights(request.user, team),
    }
    return render(request, "panic/panic.html", context, status=422 if form else 200)


def _progress_page(request: PersonRequest, team: Team, found: Panic) -> HttpResponse:
    progress = reads.progress(found)
    rows, more = reads.rows(progress)
    context = {
        "section": "teams",
        "team": team,
        "progress": progress,
        "rows": rows,
        "more": more,
        "to_undo": len(pressing.undoable(found)) if progress.over else 0,
        "alone": alone.is_alone(found),
        "console": settings.COMETAPI_BASE_URL,
        **team_rights(request.user, team),
    }
    if is_fragment(request):
        return mark_ours(render(request, "panic/_progress.html", context))
    return render(request, "panic/progress.html", context)


def _by_hand(request: PersonRequest, team: Team) -> HttpResponse:
    """Nothing can be recorded, so nothing is sent: which keys they are, and what to do without us."""
    keys = MirrorKey.objects.filter(team=team, gone_at=None).exclude(status=Status.DISABLED).order_by("-key_id")
    context = {"section": "teams", "team": team, "keys": keys[:BY_HAND], "console": settings.COMETAPI_BASE_URL}
    return render(request, "panic/by_hand.html", context, status=503)
