"""Saving the form of one key: parse, call the service, say what came of it. Nothing that was typed is ever lost."""

from dataclasses import replace
from functools import partial
from typing import Final
from uuid import UUID

from django.http import HttpResponse, QueryDict
from django.utils.translation import gettext as _

from keys.errors import Invalid, LedgerUnavailable
from keys.forms.answers import open_answers
from keys.forms.base import Base, BaseUnusable, open_base, zone_now
from keys.forms.key import KeyForm
from keys.forms.plain import add_faults
from keys.forms.rebase import rebased
from keys.forms.rendered import rendered
from keys.http import PersonRequest, actor_of, is_fragment, team_or_404
from keys.models import Team
from keys.permissions import Verb
from keys.services.access_tokens import NoAccessToken
from keys.services.edit import edit_key, read_key
from keys.services.outcome import ChangeIdTaken, Conflict, Held, Outcome, Result
from keys.services.repeats import past_own
from keys.services.settle import freed
from keys.services.usage import last_week
from keys.trouble import trouble_of
from keys.types import KeySnapshot
from keys.views.changes import posted_change_id, to_key_page
from keys.views.choosing import asked_again, chosen, seen_before, unchosen
from keys.views.panel import Panel, base_of, key_form, panel_page
from keys.views.told import ADVICE, NOTHING_CHANGED, Told

REVIEW: Final = "review"
"""Name of the button that asks to see what will change."""


def save(request: PersonRequest, slug: str, key_id: int) -> HttpResponse:
    team = team_or_404(request, slug, Verb.EDIT_KEY)
    try:
        base = open_base(request.POST.get("base", ""), request.user, team, key_id)
    except BaseUnusable as error:
        return _made_anew(request, team, key_id, error.message, error.base)
    form = key_form(base, chosen(request.POST, base))
    panel = Panel(team, base, form, read_now=False, answers=_answers(request, team, key_id))
    if missing := unchosen(request.POST):
        panel.saw = seen_before(request, team, base)
        panel.conflict = asked_again(form, panel.saw.snapshot, missing)
        form.add_error(None, _("Choose for each field which value it shall have."))
    if not form.is_valid():
        return panel_page(request, panel, status=422)
    if REVIEW in request.POST:
        return _reviewed(request, panel)
    return _saved(request, panel, key_id)


def _reviewed(request: PersonRequest, panel: Panel) -> HttpResponse:
    """What will change, on a page of its own, for a browser without JavaScript; nothing is sent that writes."""
    last_week(panel.team, panel.form_base.snapshot)
    panel.reviewing = True
    return panel_page(request, panel)


def _saved(request: PersonRequest, panel: Panel, key_id: int) -> HttpResponse:
    """Walk the road, and answer what it says; what it raises sent nothing."""
    try:
        saving = partial(
            edit_key,
            person=request.user,
            actor=actor_of(request, panel.team),
            team=panel.team,
            key_id=key_id,
            base=panel.form_base.snapshot,
            wish=panel.form.to_wish(),
            change_id=posted_change_id(request),
            reason=panel.form.reason,
            answers=panel.answers,
            first=panel.form_base.first,
        )
        result = freed(saving, team=panel.team, key_id=key_id)
    except Invalid as error:
        add_faults(panel.form, error)
        return panel_page(request, panel, status=422)
    except Conflict as conflict:
        return _conflicting(request, panel, conflict)
    except Held as held:
        panel.held = held
        return panel_page(request, panel, status=409)
    except ChangeIdTaken:
        message = _("This form was sent before with other content. Nothing was sent now. Check it and save again.")
        return _made_anew(request, panel.team, key_id, message, panel.form_base, sent=posted_change_id(request))
    except (NoAccessToken, LedgerUnavailable) as error:
        panel.trouble = trouble_of(error)
        return panel_page(request, panel, status=503)
    return _answered(request, panel, key_id, result)


def _answered(request: PersonRequest, panel: Panel, key_id: int, result: Result) -> HttpResponse:
    panel.told = told = Told(result, panel.team, key_id)
    if result.outcome in NOTHING_CHANGED:
        field = result.field if result.field in panel.form.fields else None
        if field:
            words = [result.message, str(ADVICE.get(field, ""))]
            panel.form.add_error(field, list(filter(None, words)))
        return panel_page(request, panel, status=told.status_code)
    if result.outcome is Outcome.UNKNOWN:
        return panel_page(request, panel, status=202)  # what was typed stays until it is known
    if not is_fragment(request) and result.outcome is not Outcome.UNCHANGED:
        return to_key_page(told)
    if result.snapshot:
        panel.form_base = replace(panel.form_base, snapshot=result.snapshot, zone=zone_now(), first=None)
        panel.form = key_form(panel.form_base)
        panel.read_now, panel.answers = True, None
    return panel_page(request, panel, status=told.status_code)


def _conflicting(request: PersonRequest, panel: Panel, conflict: Conflict) -> HttpResponse:
    """409, with what was typed on the key as it is now, and a choice for each field that somebody else changed."""
    panel.saw = panel.form_base
    posted = request.POST.copy()
    if "status" in conflict.fields:
        # It may have come by the tick beside time and quota; from here on it is a wish like any other.
        posted["status"] = str(conflict.fields["status"][2])
    panel.form_base, panel.form = _moved_to(conflict.live, panel.saw, posted)
    panel.conflict, panel.read_now = conflict, True
    return panel_page(request, panel, status=409)


def _made_anew(
    request: PersonRequest, team: Team, key_id: int, message: str, base: Base | None, sent: UUID | None = None
) -> HttpResponse:
    """409: the key as it is now, a fresh base and change id, and everything typed. sent: the change id of before."""
    live = read_key(team=team, key_id=key_id)
    seen = base or base_of(team, live)
    if sent:
        seen = replace(seen, first=past_own(seen.first or seen.snapshot, live, sent, actor_of(request, team)))
    new_base, form = _moved_to(live, seen, request.POST)
    panel = Panel(team, new_base, form, stale=message, answers=_answers(request, team, key_id))
    return panel_page(request, panel, status=409)


def _answers(request: PersonRequest, team: Team, key_id: int) -> int | None:
    return open_answers(request.POST.get("answers", ""), request.user, team, key_id)


def _moved_to(live: KeySnapshot, seen: Base, posted: QueryDict) -> tuple[Base, KeyForm]:
    base, typed = moved_to(live, seen, posted)
    return base, key_form(base, typed)


def moved_to(live: KeySnapshot, seen: Base, posted: QueryDict) -> tuple[Base, QueryDict]:
    """What was typed into the form that stood on `seen`, on the key as it is now."""
    base = seen.onto(live)
    was, shown = rendered(seen.snapshot, seen.zone), rendered(live, base.zone)
    return base, rebased(chosen(posted, seen), was, shown)
