"""The allowlist editor beside the form: describes what is typed, and does what its buttons say. Nothing is sent."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from keys.forms.allowlist_acts import acted
from keys.forms.base import BaseUnusable, open_base
from keys.http import PersonRequest, is_fragment, page, team_or_404
from keys.permissions import Verb
from keys.views.kept import keeps_typing
from keys.views.panel import panel_page
from keys.views.retyped import altered, made_anew, retyped


@require_POST
@keeps_typing
@page
def allowlist(request: PersonRequest, slug: str, key_id: int) -> HttpResponse:
    """The reading of the list alone for htmx, the whole form again for a browser without JavaScript."""
    team = team_or_404(request, slug, Verb.EDIT_KEY)
    try:
        base = open_base(request.POST.get("base", ""), request.user, team, key_id)
    except BaseUnusable:
        return made_anew(request, slug, key_id)
    act = request.POST.get("allowlist", "")
    posted, said, turned = altered(
        request.POST, base, "allow_ips", lambda typed: acted(typed, act, request.client_address)
    )
    panel = retyped(request, team, base, posted)
    panel.said = said
    if not is_fragment(request):
        return panel_page(request, panel)
    context = {"team": team, "key": base.snapshot, "form": panel.form, "panel": panel, "turned": turned}
    return render(request, "keys/allowlist/_answer.html", context)
