"""One's own names for sets of filters: kept and thrown away from the list of keys, which is where one lands again."""

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from keys.errors import Invalid
from keys.forms.filters import FilterForm, address_of
from keys.http import PersonRequest, page
from keys.permissions import visible_teams
from keys.services.saved_views import view_delete, view_save


@require_POST
@page
def add(request: PersonRequest) -> HttpResponse:
    """Keeps the filters of the list that it was pressed on. What no list could have asked for is not kept."""
    form = FilterForm(QueryDict(request.POST.get("query", "").removeprefix("?")))
    if not form.is_valid():
        messages.error(request, _("These filters cannot be kept: the list explains why."))
        return _back(request, "")
    asked = address_of(form.wanted())
    try:
        saved = view_save(person=request.user, name=request.POST.get("name", ""), query=asked.removeprefix("?"))
    except Invalid as error:
        for texts in error.faults.values():
            messages.error(request, " ".join(texts))
    else:
        messages.success(request, _("View “%(name)s” saved.") % {"name": saved.name})
    return _back(request, asked)


@require_POST
@page
def delete(request: PersonRequest, pk: int) -> HttpResponse:
    """Somebody else's and an absent one answer alike."""
    if not view_delete(person=request.user, pk=pk):
        raise Http404
    messages.success(request, _("View deleted."))
    return _back(request, "")


def _back(request: PersonRequest, asked: str) -> HttpResponse:
    """To the list of the team that was named, if this person sees it, else to the list of all."""
    slug = request.POST.get("team", "")
    there = visible_teams(request.user).filter(slug=slug).exists() if slug.isascii() and "\0" not in slug else False
    path = reverse("keys", args=(slug,)) if there else reverse("all_keys")
    return HttpResponseRedirect(path + asked, status=303)
