"""The models picker beside the form: what is chosen, the catalogue to choose from. Nothing of a key is read or sent."""

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_POST

from keys.forms.base import BaseUnusable, open_base, sign_base
from keys.forms.models import retaken, without
from keys.http import PersonRequest, is_fragment, page, team_or_404, team_rights
from keys.permissions import Verb
from keys.services.catalogue import catalogue
from keys.views.kept import keeps_typing
from keys.views.panel import Panel, panel_page
from keys.views.retyped import altered, carried, made_anew, retyped


@require_POST
@keeps_typing
@page
def models(request: PersonRequest, slug: str, key_id: int) -> HttpResponse:
    """`open` shows the catalogue, as part of the form for htmx and on a page of its own without JavaScript; all else
    gives what is chosen, or the whole form again."""
    team = team_or_404(request, slug, Verb.EDIT_KEY)
    try:
        base = open_base(request.POST.get("base", ""), request.user, team, key_id)
    except BaseUnusable:
        return made_anew(request, slug, key_id)
    act = request.POST.get("models", "")
    posted, said, turned = altered(request.POST, base, "model_limits", lambda typed: _acted(typed, act, request.POST))
    panel = retyped(request, team, base, posted)
    panel.said_of_models = said
    if act == "open":
        return _catalogue(request, panel)
    if not is_fragment(request):
        return panel_page(request, panel)
    context = {"team": team, "key": base.snapshot, "form": panel.form, "panel": panel, "turned": turned}
    return render(request, "keys/models/_answer.html", context)


def _acted(typed: str, act: str, posted: QueryDict) -> tuple[str, str]:
    verb, _colon, token = act.partition(":")
    if verb == "remove":
        return without(typed, token)
    if verb == "take":
        return retaken(typed, str(posted.get("models_were", "")).split(), posted.getlist("model"))
    return typed, ""


def _catalogue(request: PersonRequest, panel: Panel) -> HttpResponse:
    team, base = panel.team, panel.form_base
    context = {
        "section": "teams",
        "team": team,
        "key": base.snapshot,
        "form": panel.form,
        "panel": panel,
        "catalogue": catalogue(),
        "base": sign_base(base, request.user, team),
        "carried": carried(request.POST),
        **team_rights(request.user, team),
    }
    return render(request, "keys/models/_catalogue.html" if is_fragment(request) else "keys/models/page.html", context)
