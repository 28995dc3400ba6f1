"""What an incident's keys were used for: read from CometAPI apart from its page, which never waits for it."""

from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from keys.forms.base import zone_now
from keys.forms.leaks import SinceForm
from keys.http import PersonRequest, is_fragment, mark_ours, page
from keys.selectors import leaks as reads
from keys.services.leaks.today import spent_today
from keys.services.leaks.uses import Told, uses_of
from keys.trouble import Trouble, trouble_of
from keys.views.gates import leak_or_404
from keys.views.leak_pages import midnight

DAY_BEFORE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Shown:
    """trouble: None where there is none."""

    told: Told
    trouble: Trouble | None


@require_safe
@page
def usage(request: PersonRequest, number: int) -> HttpResponse:
    """The usage log since a chosen time, which stands in the address; of one key where one is named there."""
    incident = leak_or_404(request, number)
    lines = [line for line in reads.lines_of(incident, request.user) if not line.unsure]
    named = request.GET.get("key", "")
    rows = [line.row for line in lines if named in ("", str(line.row.pk))]
    if named and not rows:
        raise Http404
    form = SinceForm(request.GET, default=incident.pasted_at - DAY_BEFORE, zone=zone_now())
    valid = form.is_valid()
    told = uses_of(rows, form.cleaned_data["since"]) if valid else []
    shown = [Shown(one, trouble_of(one.fault) if one.fault else None) for one in told]
    context = {"section": "leaks", "incident": incident, "form": form, "shown": shown, "named": named}
    context["since"] = form.cleaned_data.get("since")
    template = "leaks/_usage.html" if is_fragment(request) else "leaks/usage.html"
    status = HTTPStatus.OK if valid else HTTPStatus.UNPROCESSABLE_ENTITY
    response = mark_ours(render(request, template, context, status=status))
    if valid and is_fragment(request) and request.GET.get("since") and not named:
        response["HX-Replace-Url"] = f"{reverse('leak', args=(number,))}?{urlencode({'since': request.GET['since']})}"
    return response


@require_safe
@page
def today(request: PersonRequest, number: int) -> HttpResponse:
    """What each key spent today, in the reader's zone: put into its place on the incident's page, or as a page."""
    incident = leak_or_404(request, number)
    lines = reads.lines_of(incident, request.user)
    spent = spent_today([line.row for line in lines], midnight())
    cards = [(line, spent.get(line.row.pk)) for line in lines]
    template = "leaks/_todays.html" if is_fragment(request) else "leaks/today.html"
    return mark_ours(render(request, template, {"section": "leaks", "incident": incident, "cards": cards}))
