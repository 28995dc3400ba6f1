"""The ledger's pages: the list of records, newest first, and one record with everything it says."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from keys.http import PersonRequest, is_fragment, mark_ours, page
from keys.ledger.labels import action_label, outcome_label
from keys.models import Record
from keys.permissions import Verb, allowed, visible_teams
from keys.selectors import history as ledger


@dataclass(frozen=True, slots=True)
class Row:
    """A record with its words. team_slug: "" where the reader may not open that team, or it is gone."""

    record: Record
    label: str
    outcome: str
    tone: str
    team_slug: str


@require_safe
@page
def history(request: PersonRequest) -> HttpResponse:
    found = ledger.records_for(request.user, before=_before(request.GET.get("before")))
    context = {
        "section": "history",
        "rows": _rows(request, found.records),
        "next_before": found.next_before,
        "first_page": "before" not in request.GET,
        "sees_all": allowed(request.user, Verb.VIEW_ALL_HISTORY),
    }
    if is_fragment(request):
        return mark_ours(render(request, "history/_records.html", context))
    return render(request, "history/history.html", context)


@require_safe
@page
def record(request: PersonRequest, seq: int) -> HttpResponse:
    found = ledger.record_for(request.user, seq)
    if found is None:
        raise Http404
    context = {
        "section": "history",
        "row": _rows(request, [found])[0],
        "told": ledger.told(found),
        "together": _rows(request, ledger.told_together(found, request.user)),
    }
    return render(request, "history/record.html", context)


def _rows(request: PersonRequest, records: Sequence[Record]) -> list[Row]:
    slugs = dict(visible_teams(request.user).values_list("pk", "slug")) if records else {}
    ended = ledger.ended_changes(records)
    return [
        Row(
            r,
            action_label(r.action),
            *outcome_label(r.outcome, r.change, r.change in ended),
            slugs.get(r.team_id or 0, ""),
        )
        for r in records
    ]


def _before(typed: str | None) -> int | None:
    """The seq to go on from. What is no such number has no page: 404."""
    if typed is None:
        return None
    if not (typed.isascii() and typed.isdecimal() and len(typed) <= 18):
        raise Http404
    return int(typed)
