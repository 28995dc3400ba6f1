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
from keys.views.retyped import made_anew, retyped


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
    posted = request.POST.copy()
    typed = posted.get("allow_ips", "")
    posted["allow_ips"], said = acted(typed, posted.get("allowlist", ""), request.client_address)
    panel = retyped(request, team, base, posted)
    panel.said = said
    if not is_fragment(request):
        return panel_page(request, panel)
    context = {"team": team, "key": base.snapshot, "form": panel.form, "panel": panel}
    return render(request, "keys/allowlist/_answer.html", context)
