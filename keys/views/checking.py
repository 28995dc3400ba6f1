"""While a form is open: what it would change and what is wrong with it, who else is there, what the key spent.

Nothing here writes upstream, and the check asks upstream nothing at all.
"""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from keys.forms.base import BaseUnusable, open_base
from keys.forms.preview import preview_of
from keys.http import PersonRequest, is_fragment, mark_ours, page, team_or_404
from keys.permissions import Verb
from keys.services.edit import read_key
from keys.services.presence import note_open, others
from keys.services.usage import known_usage, last_week
from keys.views.choosing import chosen, wants
from keys.views.panel import key_form


@require_POST
@page
def check(request: PersonRequest, slug: str, key_id: int) -> HttpResponse:
    """What saving would change now, and what is to be said of each field; never a field, which is being typed in."""
    team = team_or_404(request, slug, Verb.EDIT_KEY)
    try:
        base = open_base(request.POST.get("base", ""), request.user, team, key_id)
    except BaseUnusable as error:
        return mark_ours(render(request, "keys/_stale.html", {"stale": error.message}, status=409))
    form = key_form(base, chosen(request.POST, base))
    usage = known_usage(team, key_id)
    context = {
        "form": form,
        "preview": preview_of(form, usage),
        "wants": wants(request.POST, lambda posted: key_form(base, posted)),
        "typing": request.POST.get("typing", ""),
        "fold_shown": request.POST.get("fold-shown") == "1",
    }
    return mark_ours(render(request, "keys/_checked.html", context))


@require_http_methods(["GET", "HEAD", "POST"])
@page
def being_open(request: PersonRequest, slug: str, key_id: int) -> HttpResponse:
    """Who else has this key open; posted, it notes that this person has. Brings a fresh token against forgery along."""
    team = team_or_404(request, slug, Verb.EDIT_KEY)
    if request.method == "POST":
        note_open(request.user, team, key_id)
    return mark_ours(render(request, "keys/_others.html", {"others": others(request.user, team, key_id)}))


@require_safe
@page
def usage(request: PersonRequest, slug: str, key_id: int) -> HttpResponse:
    """What the key spent in the last seven days, as far as the usage log tells; nothing where it does not."""
    team = team_or_404(request, slug, Verb.VIEW_KEYS)
    key = read_key(team=team, key_id=key_id)
    context = {"section": "teams", "team": team, "key": key, "usage": last_week(team, key), "now": timezone.now()}
    template = "keys/_usage.html" if is_fragment(request) else "keys/usage.html"
    return mark_ours(render(request, template, context))
