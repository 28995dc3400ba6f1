"""What the leak desk's pages are made of."""

from datetime import datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from keys.errors import LedgerUnavailable
from keys.forms.leaks import NoteForm, PasteForm
from keys.http import PersonRequest, actor_of, is_fragment, mark_ours
from keys.ledger.labels import action_label, outcome_label
from keys.models import Incident, Person, Record
from keys.permissions import Verb, allowed, teams_where
from keys.selectors import leaks as reads
from keys.selectors.leak_sums import Sums, sums_of
from keys.services.leaks import pressing, strays
from keys.services.leaks.desk import Sorted
from keys.services.leaks.today import Today, known_today
from keys.types import Deadline
from keys.views.gates import may_in_some_team

log = structlog.get_logger(__name__)

BUSY_S: Final = 2
QUIET_S: Final = 10
"""How often a page looks again while something is going on, and while the next probe is far."""


def desk_page(
    request: PersonRequest, form: PasteForm, *, nothing: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """nothing: what the scan of a paste without any key of ours said, None when nothing was pasted."""
    context = {
        "section": "leaks",
        "form": form,
        "nothing": nothing,
        "incidents": reads.recent(request.user),
        "may_handle": may_in_some_team(request.user, Verb.HANDLE_LEAKS),
        "sees_all": allowed(request.user, Verb.VIEW_ALL_LEAKS),
    }
    return render(request, "leaks/desk.html", context, status=status)


def by_hand(request: PersonRequest, sort: Sorted) -> HttpResponse:
    """Nothing can be recorded, so nothing is sent: whose keys they are, and what to do without us."""
    keys = [match.key for _, match in sort.found.values()]
    context = {"section": "leaks", "keys": keys, "strays": len(sort.strays), "console": settings.COMETAPI_BASE_URL}
    return render(request, "leaks/by_hand.html", context, status=503)


def not_recorded(request: PersonRequest, incident: Incident) -> HttpResponse:
    """What was not sent, and apart from it what was and has no end yet."""
    # All of them: whoever disables by hand has no other list.
    lines = reads.lines_of(incident, request.user, all_of_them=True)
    lines = [line for line in lines if line.mine and not line.row.disabled_at]
    sent = pressing.sent_among([line.row for line in lines])
    context = {
        "section": "leaks",
        "incident": incident,
        "keys": [line.row for line in lines if line.row.pk not in sent],
        "sent": [line for line in lines if line.row.pk in sent],
        "strays": 0,
        "console": settings.COMETAPI_BASE_URL,
    }
    template = "leaks/_by_hand.html" if is_fragment(request) else "leaks/by_hand.html"
    return mark_ours(render(request, template, context, status=503))


def catch_up(request: PersonRequest, incident: Incident) -> None:
    """Do what is due of it; trouble with the ledger is told by the rows themselves."""
    until = Deadline.after(settings.WAITS.slice_s)
    try:
        if incident.looking:
            _look_on(request, incident)
        pressing.go_on(incident, until, first_tries=is_fragment(request))
    except LedgerUnavailable:
        pass
    except DatabaseError as error:
        log.warning("leak_not_gone_on_with", leak=incident.pk, error=type(error).__name__)
    incident.refresh_from_db()


def _look_on(request: PersonRequest, incident: Incident) -> None:
    """A page with keys to disable does not wait for a listing: the press comes first."""
    teams = set(teams_where(request.user, Verb.HANDLE_LEAKS).values_list("pk", flat=True))
    if teams and (is_fragment(request) or not pressing.to_press(incident, teams).exists()):
        strays.go_on_looking(actor=actor_of(request), incident=incident, teams=teams)


def incident_page(
    request: PersonRequest, incident: Incident, *, note_form: NoteForm | None = None, status: int = 200
) -> HttpResponse:
    if is_fragment(request) and request.method == "GET":
        return mark_ours(state(request, incident))
    context = {
        **_context(request, incident),
        "note_form": note_form or NoteForm(initial={"source": incident.source, "saw": incident.source}),
        "press_first": note_form is None,  # who put down a note that was refused is not led to the button
        "since_query": f"?{urlencode({'since': since})}" if (since := request.GET.get("since")) else "",
    }
    return render(request, "leaks/incident.html", context, status=status)


def state(request: PersonRequest, incident: Incident) -> HttpResponse:
    """The part that looks again by itself."""
    return render(request, "leaks/_state.html", _context(request, incident))


def midnight() -> datetime:
    """When the reader's day began; where the clocks skip midnight, the moment at which they do."""
    return datetime.combine(timezone.localdate(), time.min, tzinfo=timezone.get_current_timezone())


def cards(lines: list[reads.Line]) -> list[tuple[reads.Line, Today | None]]:
    """Each key with what it spent today, as far as that was found out lately; nobody is asked."""
    known = known_today([line.row for line in lines], midnight())
    return [(line, known.get(line.row.pk)) for line in lines]


def _context(request: PersonRequest, incident: Incident) -> dict[str, Any]:
    person = request.user
    lines = reads.lines_of(incident, person)
    sums = sums_of(incident, person)
    teams = set(teams_where(person, Verb.HANDLE_LEAKS).values_list("pk", flat=True))
    not_found = reads.strays_of(incident, person)
    return {
        "section": "leaks",
        "incident": incident,
        "lines": lines,
        "cards": cards(lines),
        "sums": sums,
        "not_shown": sums.found + sums.unsure - len(lines),
        "to_press": pressing.to_press(incident, teams).filter(Q(pressed_at=None) | ~Q(why="")).count(),
        "headline": _headline(sums),
        "strays": not_found,
        "not_found": len(not_found) + (incident.beyond if not_found else 0),
        "looking": (looking := len(teams.intersection(incident.looking))),
        "stale": strays.stale_teams(teams).count() if not_found else 0,
        "to_ask": len(strays.to_ask(incident)) if allowed(person, Verb.HANDLE_ALL_LEAKS) else 0,
        "asks": allowed(person, Verb.HANDLE_ALL_LEAKS),
        "handles": bool(teams),
        "host": settings.COMETAPI_BASE_URL.partition("://")[2],
        "every": _every(incident, looking),
        "records": _records(incident, person),
    }


def _records(incident: Incident, person: Person) -> list[tuple[Record, str, str, str]]:
    """Each with what it is called, its outcome's word and tone."""
    records = reads.records_of(incident, person)
    ended = reads.ended_changes(records)
    return [
        (record, action_label(record.action), *outcome_label(record.outcome, record.change, record.change in ended))
        for record in records
    ]


def _headline(sums: Sums) -> tuple[str, str]:
    """Words and tone: never above what is proven for the least proven key."""
    if not sums.found:
        return _("No key of yours found"), "info"
    if sums.refused_s is not None and sums.unsure:
        words = ngettext(
            "Refused, but %(n)d key is not sure yet", "Refused, but %(n)d keys are not sure yet", sums.unsure
        )
        return words % {"n": sums.unsure}, "warn"
    if sums.refused_s is not None:
        return _("Refused"), "good"
    if sums.ended == sums.found:
        # A key that is gone was never seen disabled, and CometAPI's cache may serve it for a while.
        if sums.gone == sums.found:
            return _("Gone from CometAPI, not yet proven refused"), "warn"
        if sums.gone:
            return _("Reads disabled or is gone, not yet proven refused"), "warn"
        return _("Reads disabled, not yet proven refused"), "warn"
    if sums.pressed:
        return _("Not yet disabled"), "bad"
    found = ngettext("%(n)d key found, not disabled", "%(n)d keys found, not disabled", sums.found) % {"n": sums.found}
    return found, "bad"


def _every(incident: Incident, looking: int) -> int:
    """Seconds after which the page looks again, 0 for never. looking: teams that are listed by who looks at it."""
    due = incident.leaked.filter(next_at__isnull=False).order_by("next_at").values_list("next_at", flat=True).first()
    if looking or (due and due < timezone.now() + timedelta(seconds=QUIET_S)):
        return BUSY_S
    return QUIET_S if due or not incident.destroyed_at else 0
