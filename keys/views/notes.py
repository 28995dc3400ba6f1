"""Owner, purpose and tags of one key: shown beside it, and changed in a form of their own."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from keys.errors import Invalid
from keys.forms.notes import NoteForm
from keys.forms.plain import add_faults
from keys.http import PersonRequest, actor_of, is_fragment, mark_ours, page, team_or_404, team_rights
from keys.models import KeyNote, Team
from keys.permissions import Verb
from keys.services.notes import NoteChanged, key_name, note_of, note_set, seen


@require_http_methods(["GET", "HEAD", "POST"])
@page
def note(request: PersonRequest, slug: str, key_id: int) -> HttpResponse:
    """Everybody who sees the key sees its note; who may edit the key may write it."""
    if request.method == "POST":
        return _saved(request, team_or_404(request, slug, Verb.EDIT_KEY), key_id)
    team = team_or_404(request, slug, Verb.VIEW_KEYS)
    kept = note_of(team, key_id)
    return _shown(request, team, key_id, kept, NoteForm.of(kept))


def _saved(request: PersonRequest, team: Team, key_id: int) -> HttpResponse:
    form, status = NoteForm(request.POST), 422
    if form.is_valid():
        try:
            kept = note_set(
                person=request.user, actor=actor_of(request, team), team=team, key_id=key_id, **form.cleaned_data
            )
        except Invalid as error:
            add_faults(form, error)
        except NoteChanged as error:
            form, status = _once_more(form, error.note), 409
        else:
            return _after(request, team, key_id, kept)
    return _shown(request, team, key_id, note_of(team, key_id), form, status)


def _once_more(form: NoteForm, now: KeyNote) -> NoteForm:
    """What was typed, for the note as it is now: saved again, it stands for that."""
    again = NoteForm({**form.cleaned_data, "saw": seen(now)})
    again.add_error(
        None, _("Somebody else changed this meanwhile; it stands above as it is now. Save again to replace it.")
    )
    return again


def _after(request: PersonRequest, team: Team, key_id: int, kept: KeyNote) -> HttpResponse:
    if is_fragment(request):
        return _shown(request, team, key_id, kept, NoteForm.of(kept), saved=True)
    messages.success(request, _("Owner, purpose and tags saved."))
    return HttpResponseRedirect(reverse("key", args=(team.slug, key_id)), status=303)


def _shown(
    request: PersonRequest,
    team: Team,
    key_id: int,
    kept: KeyNote,
    form: NoteForm,
    status: int = 200,
    *,
    saved: bool = False,
) -> HttpResponse:
    """The part beside the key, or a page of its own."""
    context: dict[str, Any] = {"section": "teams", "team": team, "key_id": key_id, "note": kept, "note_form": form}
    context |= {"saved": saved, **team_rights(request.user, team)}
    if not is_fragment(request):
        context["key_name"] = key_name(team, key_id)
    template = "keys/_note.html" if is_fragment(request) else "keys/note.html"
    return mark_ours(render(request, template, context, status=status))
