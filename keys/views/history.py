"""The ledger's pages: what happened, newest first, by whatever is asked for; and one record with everything it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from keys.forms.base import zone_now
from keys.forms.history import OTHERS, HistoryForm
from keys.http import PersonRequest, is_fragment, legible, mark_ours, page
from keys.ledger.labels import action_label, outcome_label
from keys.models import Person, Record
from keys.permissions import Verb, allowed, visible_teams
from keys.selectors import history as ledger
from keys.selectors.evidence import verdict_for
from keys.selectors.export_runs import run_of
from keys.selectors.keys_now import KeyNow, keys_now
from keys.selectors.ledger_filter import LedgerFilter
from keys.selectors.search import Found, find
from keys.selectors.teams import about
from keys.selectors.telling import told
from keys.selectors.unknown import Unknowns, look_again_s, unknown_changes
from keys.types import ActorKind
from keys.views.faces import Face, face_of
from keys.views.gates import may_in_some_team

IMPOSSIBLE: Final = 422


@dataclass(frozen=True, slots=True)
class Row:
    """A record with its words. team_slug: "" where the reader may not open that team, or it is gone.

    person, team: as the filters name them, "" where they cannot. now: what its key is by now, where that is known.
    """

    record: Record
    entry: ledger.HistoryEntry
    face: Face
    team_slug: str
    person: str
    now: KeyNow | None

    @property
    def label(self) -> str:
        return action_label(self.record.action)

    @property
    def day(self) -> date:
        return timezone.localdate(self.record.time)

    @property
    def team(self) -> str:
        return self.team_slug or (f"#{self.record.team_id}" if self.record.team_id is not None else "")


@require_safe
@page
@legible
def history(request: PersonRequest) -> HttpResponse:
    before = _before(request.GET.get("before"))
    # What is given twice stays as it is: the form says so, and shows nothing rather than everything.
    once = all(len(texts) == 1 for _name, texts in request.GET.lists())
    if not is_fragment(request) and once and "" in request.GET.values():
        return HttpResponseRedirect(reverse("history") + _query(request))
    form = HistoryForm(request.GET, reader=request.user, zone=zone_now())
    # Of what was asked for with a secret, the rest alone would find what nobody asked for.
    found = find(request.user, form.to_filter(), before) if form.is_valid() and not _secret_refused(request) else None
    template = "history/_answer.html" if is_fragment(request) else "history/history.html"
    response = render(request, template, _context(request, form, found), status=200 if found else IMPOSSIBLE)
    if is_fragment(request):
        response["HX-Push-Url"] = reverse("history") + _query(request)
    return mark_ours(response)


@require_safe
@page
@legible
def unknown(request: PersonRequest) -> HttpResponse:
    """What is not known yet of what is asked for: a fragment that asks again until all is."""
    form = HistoryForm(request.GET, reader=request.user, zone=zone_now())
    asked = form.to_filter().records if form.is_valid() and not _secret_refused(request) else None
    return mark_ours(render(request, "history/_unknown.html", _unknown(request, asked)))


@require_safe
@page
@legible
def record(request: PersonRequest, seq: int) -> HttpResponse:
    found = ledger.record_for(request.user, seq)
    if found is None:
        raise Http404
    together = ledger.told_together(found, request.user)
    context = {
        "section": "history",
        "row": _rows(request, [found], alone=True)[0],
        "outcome": _outcome(found, together),
        "told": told(found),
        "answers": ledger.answered_by(found, together),
        "undone_by": ledger.undone_by(found, together, request.user),
        "part_of": ledger.part_of(found, together),
        "restorable": _restorable(request, found),
        "run": run_of(seq),
        "together": [(other, *_outcome(other, [found, *together])) for other in together],
    }
    return render(request, "history/record.html", context)


def _context(request: PersonRequest, form: HistoryForm, found: Found | None) -> dict[str, Any]:
    rows = _rows(request, found.records) if found else []
    wanted = form.to_filter() if found else None
    asked = wanted.records if wanted else None
    refused = _secret_refused(request)
    stopped_at = Record.objects.filter(seq=found.looked_down_to).first() if found and found.looked_down_to else None
    return {
        "section": "history",
        "form": form,
        "found": found,
        "rows": rows,
        "meant": wanted.meant if wanted else (),
        "stopped_at": stopped_at,
        "older": _query(request, before=found.next_before) if found and found.next_before else "",
        "newest": reverse("history") + _query(request, without=OTHERS) if "before" in request.GET else "",
        "filtered": form.any_given,
        "key_row": rows[0] if rows and asked and asked.key_id is not None and asked.team is not None else None,
        "about": about(request.user, form.found_person) if found and form.found_person else None,
        "not_searched": [form.fields[name].label for name in _not_searched(request) if name in form.fields],
        "secret_refused": refused,
        "may_handle_leaks": refused and may_in_some_team(request.user, Verb.HANDLE_LEAKS),
        **_unknown(request, asked),
        "sees_all": allowed(request.user, Verb.VIEW_ALL_HISTORY),
        "verdict": verdict_for(request.user),
        "export": reverse("export") + _query(request, without=OTHERS),
    }


def _unknown(request: PersonRequest, asked: LedgerFilter | None) -> dict[str, Any]:
    open_changes = unknown_changes(request.user, asked.team, asked.key_id) if asked else Unknowns((), 0)
    again = reverse("unknown") + _query(request, without=OTHERS)
    return {"unknown": open_changes, "every": look_again_s(open_changes), "ask_again": again}


def _rows(request: PersonRequest, records: Sequence[Record], *, alone: bool = False) -> list[Row]:
    """A row a change, told by its intent; or `alone`, by the very record."""
    slugs = dict(visible_teams(request.user).values_list("pk", "slug")) if records else {}
    entries = ledger.entries_of(records)
    shown = list(records) if alone else [entry.record for entry in entries]
    now, people = keys_now(shown), _usernames(shown)
    return [
        Row(
            record=record,
            entry=entry,
            face=face_of(record.action),
            team_slug=slugs.get(record.team_id or 0, ""),
            person=people.get(record.actor_id, "") if record.actor_kind == ActorKind.PERSON else "",
            now=now.get((record.team_id or 0, record.key_id or 0)),
        )
        for record, entry in zip(shown, entries, strict=True)
    ]


def _usernames(records: Sequence[Record]) -> dict[str, str]:
    """Person's id, as recorded -> what the filter calls them; `#7` for one who is gone."""
    ids = {r.actor_id for r in records if r.actor_kind == ActorKind.PERSON and r.actor_id.isascii()}
    numbers = [int(i) for i in ids if i.isdecimal() and len(i) <= 18]
    there = {str(pk): name for pk, name in Person.objects.filter(pk__in=numbers).values_list("pk", "username")}
    return {i: there.get(i, f"#{i}") for i in ids if i.isdecimal()}


def _outcome(record: Record, together: Sequence[Record]) -> tuple[str, str]:
    ended = any(other.outcome for other in together)
    return outcome_label(record.outcome, record.change, ended)


def _restorable(request: PersonRequest, record: Record) -> list[str]:
    """Of which moments the key's settings can be brought back from here: `before` the change, `after` it."""
    number = record.team_id if isinstance(record.team_id, int) else 0  # in a damaged ledger it may be a word
    team = visible_teams(request.user).filter(pk=number).first()
    if team is None or not isinstance(record.key_id, int) or not allowed(request.user, Verb.EDIT_KEY, team):
        return []
    return [when for when in ledger.MOMENTS if ledger.state_told(record, when)]


def _secret_refused(request: PersonRequest) -> bool:
    return "not_searched" in request.GET


def _not_searched(request: PersonRequest) -> list[str]:
    return request.GET.get("not_searched", "").split(",")


def _query(request: PersonRequest, *, without: Sequence[str] = (), **more: Any) -> str:
    """The address's own query, without what is empty, in the order of the form, and with `more`."""
    names = [name for name in (*HistoryForm.base_fields, *OTHERS) if name in request.GET and name not in without]
    names += [name for name in request.GET if name not in names and name not in without]
    given = {name: request.GET[name] for name in names if request.GET[name] and name not in more}
    return f"?{urlencode(given | more, safe=':/,')}" if given or more else ""


def _before(typed: str | None) -> int | None:
    """The seq to go on from. What is no such number has no page: 404."""
    if typed is None:
        return None
    if not (typed.isascii() and typed.isdecimal() and len(typed) <= 18):
        raise Http404
    return int(typed)
