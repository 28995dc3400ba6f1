"""The front door: what needs attention, what was spent, what one worked on; and the picture on the browser's tab."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils import timezone
from django.views.decorators.http import require_safe

from keys.forms.filters import address_of
from keys.http import PersonRequest, page
from keys.permissions import Verb, allowed
from keys.selectors import home as reads
from keys.selectors.ages import ages_of
from keys.selectors.spending import spending
from keys.views.charts import chart
from keys.views.listing import all_teams


@page
@require_safe
def home(request: PersonRequest) -> HttpResponse:
    scope, now = all_teams(request), timezone.now()
    ages = ages_of(scope.teams)
    spends = spending(ages, timezone.now().date())
    most = max((spend.most for spend in spends), default=0)
    context = {
        "section": "home",
        "teams": scope.teams,
        "ages": ages,
        "needs": reads.attention(scope.teams, ages, now, every=scope.every),
        "expiring": address_of(reads.EXPIRING),
        "low": address_of(reads.LOW),
        "drifted": address_of(reads.DRIFTED),
        "soon_days": reads.SOON_DAYS,
        "low_percent": reads.LOW_PERCENT,
        "charts": [chart(spend, most) for spend in spends],
        "recent": reads.worked_on(request.user, scope.teams),
        "may_add": allowed(request.user, Verb.ADD_TEAM),
    }
    return render(request, "home/home.html", context)


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Asked for by every browser; without an answer each page would have an error in its console."""
    response = redirect(static("favicon.svg"))
    response["Cache-Control"] = "public, max-age=86400"
    return response
