"""What is known of a change by now, and how a press is answered."""

from http import HTTPStatus
from uuid import UUID, uuid4

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRedirect, reswap, retarget, trigger_client_event

from keys.http import PersonRequest, is_fragment, mark_ours, page, team_or_404, team_rights
from keys.models import Change, Team
from keys.permissions import Verb
from keys.services.outcome import Outcome
from keys.services.settle import change_result
from keys.views.links import labels
from keys.views.panel import looked_again
from keys.views.rows import row_now
from keys.views.told import Told


@require_safe
@page
def change(request: PersonRequest, slug: str, key_id: int, change_id: UUID) -> HttpResponse:
    """What is true of this change now; settles what reading can settle."""
    team = team_or_404(request, slug, Verb.VIEW_KEYS)
    result = change_result(change_id, team, key_id, by_itself=is_fragment(request))
    if result is None:
        raise Http404
    told = Told(result, team, key_id, _undone(request, team, key_id))
    if is_fragment(request) and request.GET.get("as") == "row":
        return _row(request, told)
    if is_fragment(request) and request.GET.get("as") == "panel":
        return looked_again(request, told)
    if is_fragment(request) and request.GET.get("as") == "unread":
        return (
            looked_again(request, told, unread=True)
            if told.looks_again
            else HttpResponseClientRedirect(key_page_of(told))
        )
    template = "keys/_outcome.html" if is_fragment(request) else "keys/change.html"
    return mark_ours(render(request, template, _context(request, team, key_id, {"told": told})))


def _undone(request: PersonRequest, team: Team, key_id: int) -> Change | None:
    """What the change is to take back, as the page that looks again says."""
    asked = change_id_of(request.GET.get("undoes", ""))
    return Change.objects.filter(pk=asked, team_id=team.pk, key_id=key_id).first() if asked else None


def change_id_of(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def posted_change_id(request: PersonRequest) -> UUID:
    """The form's own id, so that a double press is one change; a new one where there is none to be read."""
    return change_id_of(request.POST.get("change_id", "")) or uuid4()


def to_key_page(told: Told) -> HttpResponse:
    """Where a browser without JavaScript reads what became of it: 303, so that loading anew posts nothing again."""
    return HttpResponseRedirect(key_page_of(told), status=HTTPStatus.SEE_OTHER)


def key_page_of(told: Told) -> str:
    return reverse("key", args=(told.team.slug, told.key_id), query={"change": told.change_id})


def answered(request: PersonRequest, told: Told) -> HttpResponse:
    if is_fragment(request):
        return _row(request, told)
    if told.result.outcome is Outcome.UNCHANGED:
        return refused(request, told.team, told.key_id, {"told": told}, status=200)
    return to_key_page(told)


def _row(request: PersonRequest, told: Told) -> HttpResponse:
    """The row as it was read, with what became of it beneath; where it could not be read, only the latter."""
    snapshot = told.result.snapshot
    if snapshot is None:
        return refused(request, told.team, told.key_id, {"told": told}, status=told.status_code)
    said = {"told": told, "t": row_now(snapshot, told.team), "labels": labels()}
    context = _context(request, told.team, told.key_id, said)
    response = mark_ours(render(request, "keys/_row.html", context, status=told.status_code))
    # For the counts over the list; what looks again will have more to tell.
    return response if told.looks_again else trigger_client_event(response, "key-read", after="settle")


def from_the_form(request: PersonRequest) -> bool:
    """Is it the button beside a key's form? Whatever needs no new form is said in the live region."""
    return is_fragment(request) and request.htmx.target == "live"


def refused(request: PersonRequest, team: Team, key_id: int, said: dict[str, object], status: int) -> HttpResponse:
    """Words without a new reading of the key: beneath its row, or on a page of their own."""
    fragment = is_fragment(request)
    template = "keys/_said.html" if fragment else "keys/change.html"
    beneath_its_row = fragment and not from_the_form(request)
    context = _context(request, team, key_id, {**said, **({"as_row": True} if beneath_its_row else {})})
    response = mark_ours(render(request, template, context, status=status))
    return reswap(retarget(response, f"#said-{key_id}"), "innerHTML") if beneath_its_row else response


def _context(request: PersonRequest, team: Team, key_id: int, more: dict[str, object]) -> dict[str, object]:
    return {"section": "teams", "team": team, "key_id": key_id, **more, **team_rights(request.user, team)}
