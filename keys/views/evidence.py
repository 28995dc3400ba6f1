"""The pages for who wants evidence: what is proven and how, and exports to take along."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from keys.errors import Invalid
from keys.forms.export import ExportForm
from keys.forms.plain import add_faults
from keys.http import PersonRequest, actor_of, page
from keys.permissions import Verb, allowed
from keys.selectors.evidence import proof as live_figures
from keys.selectors.evidence import verdict_for
from keys.services.checkpoints import Contradicted
from keys.services.export_lines import pieces_of
from keys.services.exporting import Export, Format, begin_export

TYPES = {
    Format.CSV: "text/csv; charset=utf-8; header=present",
    Format.JSON_LINES: "application/jsonl; charset=utf-8",
    Format.BUNDLE: "application/zip",
}
ENDINGS = {Format.CSV: "csv", Format.JSON_LINES: "jsonl", Format.BUNDLE: "zip"}


@require_safe
@page
def proof(request: PersonRequest) -> HttpResponse:
    context = {
        "section": "history",
        "verdict": verdict_for(request.user),
        "proof": live_figures(),
        "sees_all": allowed(request.user, Verb.VIEW_ALL_HISTORY),
    }
    return render(request, "history/proof.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def export(request: PersonRequest) -> HttpResponse:
    about: dict[str, Any] = {"reader": request.user, "zone": timezone.get_current_timezone()}
    if request.method != "POST":
        return _form(request, ExportForm(initial=request.GET.dict(), **about))
    form = ExportForm(request.POST, **about)
    if form.is_valid():
        asked = Format(form.cleaned_data["format"])
        try:
            begun = begin_export(person=request.user, actor=actor_of(request), wanted=form.to_filter(), form=asked)
            return _download(begun, asked, pieces_of(begun, asked))
        except Invalid as error:
            add_faults(form, error)
        except Contradicted as error:
            words = _("No bundle can be signed: %(error)s. CSV and JSON Lines can still be had.")
            form.add_error("format", words % {"error": error})
    return _form(request, form)


def _form(request: PersonRequest, form: ExportForm) -> HttpResponse:
    context = {"section": "history", "form": form, "sees_all": allowed(request.user, Verb.VIEW_ALL_HISTORY)}
    return render(request, "history/export.html", context, status=422 if form.is_bound else 200)


def _download(begun: Export, form: Format, pieces: Iterator[bytes]) -> HttpResponse:
    name = f"ledger-{begun.record.time:%Y%m%d-%H%M%S}-{begun.record.seq}.{ENDINGS[form]}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    # Django's own type says that it streams; to every caller it is an answer like others.
    return StreamingHttpResponse(pieces, content_type=TYPES[form], headers=headers)  # type: ignore[return-value]
