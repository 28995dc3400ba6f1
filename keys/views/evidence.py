"""The pages for who wants evidence: what is proven and how, and exports to take along."""

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseRedirect, QueryDict, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from keys.errors import Invalid
from keys.forms.export import ExportForm
from keys.http import PersonRequest, actor_of, legible, mark_ours, page
from keys.permissions import Verb, allowed
from keys.selectors.chosen import choose
from keys.selectors.evidence import proof as live_figures
from keys.selectors.evidence import verdict_for
from keys.selectors.export_runs import latest_runs, look_again_s
from keys.services.checkpoints import Contradicted
from keys.services.export_runs import export_over_the_web
from keys.services.exporting import Export, Format

TYPES = {
    Format.CSV: "text/csv; charset=utf-8; header=present",
    Format.JSON_LINES: "application/jsonl; charset=utf-8",
    Format.BUNDLE: "application/zip",
}
COUNTED_FOR_S: Final = 0.35
"""How long the page counts what matches, before it says that there are more."""
ENDINGS = {Format.CSV: "csv", Format.JSON_LINES: "jsonl", Format.BUNDLE: "zip"}


@require_safe
@page
@legible
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
@legible
def export(request: PersonRequest) -> HttpResponse:
    if request.method != "POST":
        typed = request.GET.copy()
        typed.setdefault("format", str(Format.BUNDLE))
        return _form(request, _asked(request, typed))
    form = _asked(request, request.POST)
    if form.is_valid() and "count" in request.POST:
        kept = form.given() | {"format": form.cleaned_data["format"]}
        return HttpResponseRedirect(f"{reverse('export')}?{urlencode(kept, safe=':/,')}")
    if form.is_valid():
        try:
            asked = Format(form.cleaned_data["format"])
            begun = export_over_the_web(
                person=request.user, actor=actor_of(request), wanted=form.to_filter(), form=asked
            )
            return _download(*begun, asked)
        except Invalid as error:
            form.add_faults(error)
        except Contradicted as error:
            words = _("No bundle can be signed: %(error)s. CSV and JSON Lines can still be had.")
            form.add_error("format", words % {"error": error})
    return _form(request, form)


@require_safe
@page
def exports_under_way(request: PersonRequest) -> HttpResponse:
    return mark_ours(render(request, "history/_exports.html", _runs(request)))


def _runs(request: PersonRequest) -> dict[str, Any]:
    runs = latest_runs(request.user)
    return {"runs": runs, "every": look_again_s(runs)}


def _asked(request: PersonRequest, typed: QueryDict) -> ExportForm:
    return ExportForm(typed, reader=request.user, zone=timezone.get_current_timezone())


def _form(request: PersonRequest, form: ExportForm) -> HttpResponse:
    """With how many records match, where what is asked for can be."""
    good = form.is_valid()
    context = {
        "section": "history",
        "form": form,
        "sees_all": allowed(request.user, Verb.VIEW_ALL_HISTORY),
        "matching": choose(request.user, form.to_filter(), budget_s=COUNTED_FOR_S) if good else None,
        **_runs(request),
    }
    return render(request, "history/export.html", context, status=200 if good else 422)


def _download(begun: Export, pieces: Iterator[bytes], form: Format) -> HttpResponse:
    name = f"ledger-{begun.record.time:%Y%m%d-%H%M%S}-{begun.record.seq}.{ENDINGS[form]}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    # Django's own type says that it streams; to every caller it is an answer like others.
    return StreamingHttpResponse(pieces, content_type=TYPES[form], headers=headers)  # type: ignore[return-value]
