"""The leak desk: paste, press, proof. What is pasted comes by POST alone and goes no further than the scan."""

from http import HTTPStatus

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from keys.errors import LedgerUnavailable
from keys.forms.leaks import NoteForm, PasteForm
from keys.http import PersonRequest, actor_of, is_fragment, mark_ours, page
from keys.models import Incident
from keys.permissions import Verb
from keys.services.leaks import desk as leak_desk
from keys.services.leaks import pressing, strays
from keys.services.leaks.sources import SourceChanged
from keys.views import leak_pages as pages
from keys.views.gates import leak_or_404, may_see_leaks_or_403


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("text")
@page
def desk(request: PersonRequest) -> HttpResponse:
    pasted_at = timezone.now()
    may_see_leaks_or_403(request, Verb.HANDLE_LEAKS if request.method == "POST" else Verb.VIEW_LEAKS)
    if request.method != "POST":
        return pages.desk_page(request, PasteForm())
    form = PasteForm(request.POST, request.FILES)
    data = form.data_given() if form.is_valid() else b""
    if not data:
        form.add_error("text", _("Paste something, or choose a file. Nothing was sent or stored."))
        return pages.desk_page(request, form, status=422)
    sort = leak_desk.look_through(request.user, actor_of(request), data)
    if not (sort.found or sort.strays):
        return pages.desk_page(request, PasteForm(), nothing=leak_desk.unread_of(sort))
    try:
        opened = leak_desk.record_incident(request.user, actor_of(request), sort, pasted_at)
    except LedgerUnavailable:
        return pages.by_hand(request, sort)
    if sort.strays:
        strays.begin_looking(person=request.user, actor=actor_of(request), incident=opened)
    return _to(opened.pk)


@require_safe
@page
def incident(request: PersonRequest, number: int) -> HttpResponse:
    """What is true by now; whatever is due of it is done first, so that no worker is needed."""
    found = leak_or_404(request, number)
    pages.catch_up(request, found)
    return pages.incident_page(request, found)


@require_POST
@page
def disable(request: PersonRequest, number: int) -> HttpResponse:
    """One press, no question: it can be undone."""
    found = leak_or_404(request, number)
    try:
        pressing.press(person=request.user, actor=actor_of(request), incident=found)
    except LedgerUnavailable:
        return pages.not_recorded(request, found)
    return _done(request, found)


@require_POST
@page
def look(request: PersonRequest, number: int) -> HttpResponse:
    found = leak_or_404(request, number)
    strays.look_again(person=request.user, actor=actor_of(request), incident=found)
    return _done(request, found)


@require_POST
@page
def ask(request: PersonRequest, number: int) -> HttpResponse:
    found = leak_or_404(request, number)
    strays.ask(person=request.user, actor=actor_of(request), incident=found)
    return _done(request, found)


@require_POST
@page
def note(request: PersonRequest, number: int) -> HttpResponse:
    found = leak_or_404(request, number)
    form = NoteForm(request.POST)
    if form.is_valid():
        typed = form.cleaned_data
        told: dict[str, str] = {"source": typed["source"], "saw": typed["saw"], "text": typed["note"]}
        try:
            kept = pressing.note(person=request.user, actor=actor_of(request), incident=found, **told)
        except SourceChanged as changed:
            form.changed(changed.now)
        else:
            if kept:
                return _to(number)
            secret = _("There is what looks like a secret in it. Nothing of it was kept: write it without.")
            form.add_error(None, secret)
    return pages.incident_page(request, found, note_form=form, status=422)


@require_POST
@page
def close(request: PersonRequest, number: int) -> HttpResponse:
    found = leak_or_404(request, number)
    pressing.close(person=request.user, actor=actor_of(request), incident=found)
    return _to(number)


def _to(number: int) -> HttpResponse:
    return HttpResponseRedirect(reverse("leak", args=(number,)), status=HTTPStatus.SEE_OTHER)


def _done(request: PersonRequest, found: Incident) -> HttpResponse:
    if not is_fragment(request):
        return _to(found.pk)
    found.refresh_from_db()
    return mark_ours(pages.state(request, found))
