"""The list of keys from the mirror: of one team, or of all teams that one may see."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods
from django_htmx.http import push_url

from keys.forms.filters import FilterForm, address_of
from keys.http import PersonRequest, is_fragment, mark_ours, page
from keys.models import CompanyRole, Team
from keys.permissions import Verb, teams_where, visible_teams
from keys.selectors.ages import Ages, ages_with
from keys.selectors.mirror import NOTHING_LISTED, Listing, listing
from keys.selectors.syncing import AllSync, SyncState, all_sync_state, state_of
from keys.selectors.wanted import Wanted
from keys.views import links
from keys.views.fields import filters_html, filters_open
from keys.views.gates import may_in_some_team
from keys.views.paging import page_number
from keys.views.row_html import row_htmls
from keys.views.rows import RowText, keys_path, row_text, words_now


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose keys are listed. team: None for all of `teams`. every: these are all the teams there are."""

    teams: tuple[Team, ...]
    team: Team | None
    every: bool = False

    @property
    def path(self) -> str:
        return keys_path(self.team.slug) if self.team else reverse("all_keys")

    @property
    def csv_path(self) -> str:
        return reverse("keys_csv", args=(self.team.slug,)) if self.team else reverse("all_keys_csv")


def all_teams(request: PersonRequest) -> Scope:
    """Everything that this person may see."""
    every = request.user.company_role != CompanyRole.NONE
    return Scope(tuple(visible_teams(request.user).select_related("access_token", "sync")), None, every)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def all_keys(request: PersonRequest) -> HttpResponse:
    scope = all_teams(request)
    return answer(request, scope, ages_with(scope.teams))


def answer(request: PersonRequest, scope: Scope, ages: Ages) -> HttpResponse:
    """The list that the address asks for; what was typed into the search leads to its address.

    It is posted, since a browser would put a secret that was pasted there into the address before we can refuse it.
    """
    if request.method != "POST":
        return _shown(request, scope, ages, FilterForm(request.GET), page_number(request))
    form = FilterForm(request.POST)
    if not form.is_valid():
        return _shown(request, scope, ages, form, 1, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    address = scope.path + address_of(form.wanted()).removesuffix("?")
    if is_fragment(request):
        return push_url(_shown(request, scope, ages, form, 1), address)
    return HttpResponseRedirect(address, status=HTTPStatus.SEE_OTHER)


def _shown(
    request: PersonRequest, scope: Scope, ages: Ages, form: FilterForm, number: int, *, status: int = 200
) -> HttpResponse:
    """Nothing rather than everything for a filter that cannot be, and for any of a team never read in whole."""
    wanted, found = Wanted(), NOTHING_LISTED
    unread = scope.team is not None and not ages.read
    if form.is_valid():
        wanted = form.wanted()
        found = found if unread else _listed(scope, ages, wanted, number)
    context = {"ages": ages, "unread": unread, **_context(request, scope, form, wanted, found)}
    if not is_fragment(request):
        context["sync"] = _sync(scope, ages)
    template = "keys/_listing.html" if is_fragment(request) else "keys/mirror.html"
    return mark_ours(render(request, template, context, status=status))


def _listed(scope: Scope, ages: Ages, wanted: Wanted, number: int) -> Listing:
    teams, every = read_teams(scope, ages)
    return listing(teams, wanted, number, timezone.now(), every=every, marks=ages.marks)


def read_teams(scope: Scope, ages: Ages) -> tuple[Sequence[Team], bool]:
    """The teams whose keys are told of, and whether these are all there are: what is there of others is not all."""
    if not ages.never:
        return scope.teams, scope.every
    return [age.team for age in ages.read], False


def _sync(scope: Scope, ages: Ages) -> SyncState | AllSync:
    if scope.team:
        return state_of(scope.team, ages.teams[0].sync, looked_at())
    return all_sync_state(ages, looked_at())


def looked_at() -> datetime:
    """Now, in whole seconds, as it stands in the address that a list asks for its refresh."""
    return timezone.now().replace(microsecond=0)


def _context(request: PersonRequest, scope: Scope, form: FilterForm, wanted: Wanted, found: Listing) -> dict[str, Any]:
    switching = _switching(request, scope)
    may = {
        str(Verb.DISABLE_KEY): bool(switching),
        str(Verb.VIEW_PANIC): scope.team is not None and Verb.VIEW_PANIC in request.verbs,
    }
    rows = _rows(found, wanted, switching)
    return {
        "section": "teams" if scope.team else "keys",
        "scope": scope,
        "team": scope.team,
        "form": form,
        "filters": filters_html(form, scope.path),
        "to_the_desk": form.has_secret and may_in_some_team(request.user, Verb.HANDLE_LEAKS),
        "filters_open": filters_open(form),
        "filters_used": request.method == "POST" and form.is_valid() and _filters_used(request, wanted),
        "wanted": wanted,
        "rows": row_htmls(rows, may_switch=bool(switching), mark_open=bool(wanted.address)),
        "pages": found.pages,
        "columns": links.columns(wanted),
        "counts": links.counts(wanted, found.counts, found.gone),
        "chips": list(links.chips(form, wanted)),
        "address": address_of(wanted),
        "filtered": wanted.filters,
        "saved_views": list(request.user.saved_views.all()),
        "may": may,
    }


def _filters_used(request: PersonRequest, wanted: Wanted) -> bool:
    """Was it their button, or Enter among them, so that the focus was inside what is closed now? Then something besides
    the search differs from the address."""
    address = (request.htmx.current_url or "").partition("#")[0]
    before = FilterForm(QueryDict(address.partition("?")[2]))
    return "page" in request.POST or (before.is_valid() and replace(before.wanted(), q=wanted.q) != wanted)


def _switching(request: PersonRequest, scope: Scope) -> set[int]:
    """The teams whose keys this person may disable."""
    if scope.team:
        return {scope.team.pk} if Verb.DISABLE_KEY in request.verbs else set()
    return set(teams_where(request.user, Verb.DISABLE_KEY).values_list("pk", flat=True))


def _rows(found: Listing, wanted: Wanted, switching: set[int]) -> list[RowText]:
    """switching: the teams whose keys have a button."""
    heads = {
        "in": gettext("Let %(address)s in now"),
        "out": gettext("Would let %(address)s in, but are disabled, expired or exhausted"),
        "": "",
    }
    words = words_now()
    return [
        row_text(
            one.row,
            one.team,
            words,
            may_switch=one.team.pk in switching,
            head=heads[one.heads] % {"address": wanted.address} if one.heads else "",
        )
        for one in found.rows
    ]
