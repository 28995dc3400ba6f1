"""What was changed elsewhere in a team's keys: seen, accepted with a reason, or put back."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from keys.errors import Invalid
from keys.forms.drift import AcceptForm
from keys.forms.plain import add_faults
from keys.http import PersonRequest, actor_of, page, team_or_404, team_rights
from keys.models import Team
from keys.permissions import Verb
from keys.selectors.ages import ages_of
from keys.selectors.drift import SHOWN, drift_rows, open_drifts, suspects
from keys.services.dealing import CannotPutBack, DriftOver, accept_drift, put_back
from keys.services.outcome import ChangeIdTaken, Conflict, Held, Outcome
from keys.views.changes import posted_change_id, to_key_page
from keys.views.told import Told


@require_safe
@page
def drift_list(request: PersonRequest, slug: str) -> HttpResponse:
    return _listed(request, team_or_404(request, slug, Verb.VIEW_KEYS))


@require_POST
@page
def drift_accept(request: PersonRequest, slug: str, drift_id: int) -> HttpResponse:
    team = team_or_404(request, slug, Verb.EDIT_KEY)
    form = AcceptForm(request.POST)
    if not form.is_valid():
        return _listed(request, team, HTTPStatus.UNPROCESSABLE_ENTITY, drift_id, form)
    who: dict[str, Any] = {"person": request.user, "actor": actor_of(request, team), "team": team}
    try:
        accept_drift(**who, drift_id=drift_id, reason=form.cleaned_data["reason"])
    except Invalid as error:
        add_faults(form, error)
        return _listed(request, team, HTTPStatus.UNPROCESSABLE_ENTITY, drift_id, form)
    except DriftOver:
        return _back(request, team, _("This was dealt with already. Nothing was done."))
    messages.success(request, _("Accepted, and on record."))
    return _back(request, team)


@require_POST
@page
def drift_put_back(request: PersonRequest, slug: str, drift_id: int) -> HttpResponse:
    team = team_or_404(request, slug, Verb.EDIT_KEY)
    who: dict[str, Any] = {"person": request.user, "actor": actor_of(request, team), "team": team}
    try:
        drift, result = put_back(**who, drift_id=drift_id, change_id=posted_change_id(request))
    except DriftOver:
        return _back(request, team, _("This was dealt with already. Nothing was sent."))
    except CannotPutBack:
        words = _("CometAPI alone sets a key to expired or exhausted. Nothing was sent. Disable the key or accept it.")
        return _back(request, team, words)
    except Invalid as error:
        return _back(request, team, " ".join(text for texts in error.faults.values() for text in texts))
    except (Held, Conflict, ChangeIdTaken):
        return _back(request, team, _("The key was being changed at this moment. Nothing was sent. Try again."))
    if result.outcome is Outcome.UNCHANGED:
        return _back(request, team, _("Nothing of it was left to put back."))
    return to_key_page(Told(result, team, drift.key_id))


def _back(request: PersonRequest, team: Team, warning: str = "") -> HttpResponse:
    if warning:
        messages.warning(request, warning)
    return HttpResponseRedirect(reverse("drift", args=(team.slug,)), status=HTTPStatus.SEE_OTHER)


def _listed(
    request: PersonRequest, team: Team, status: int = 200, refused_id: int = 0, refused: AcceptForm | None = None
) -> HttpResponse:
    """refused: the form that was sent for one of the drifts, with its faults."""
    rows = drift_rows(team)
    context: dict[str, Any] = {
        "section": "teams",
        "team": team,
        "ages": ages_of([team]),
        "rows": rows,
        "more": max(0, open_drifts(team).count() - SHOWN) if len(rows) == SHOWN else 0,
        "waiting": suspects(team).count(),
        "refused": refused,
        "refused_id": refused_id,
        **team_rights(request.user, team),
    }
    return render(request, "drift/list.html", context, status=status)
