"""Disabling and enabling a key at one press. Beside its form nothing that is typed there is lost by it."""

from dataclasses import replace
from functools import partial

from django.http import HttpResponse, QueryDict
from django.views.decorators.http import require_POST
from django_htmx.http import reswap, retarget, trigger_client_event

from keys.errors import Invalid
from keys.forms.answers import open_answers
from keys.forms.base import Base, BaseUnusable, open_base
from keys.forms.rebase import touched_fields
from keys.forms.rendered import rendered
from keys.http import PersonRequest, actor_of, page, team_or_404
from keys.permissions import Verb
from keys.services.outcome import ChangeIdTaken, Held, Result
from keys.services.settle import freed
from keys.services.status import disable_key, enable_key
from keys.types import KeySnapshot
from keys.views.changes import answered, from_the_form, posted_change_id, refused
from keys.views.panel import Panel, base_of, key_form, over_list, panel_page
from keys.views.retyped import retyped
from keys.views.saving import moved_to
from keys.views.told import Told


@require_POST
@page
def disable(request: PersonRequest, slug: str, key_id: int) -> HttpResponse:
    """One press, no question: it can be undone."""
    team = team_or_404(request, slug, Verb.DISABLE_KEY)
    try:
        result = disable_key(
            person=request.user,
            actor=actor_of(request, team),
            team=team,
            key_id=key_id,
            change_id=posted_change_id(request),
        )
    except ChangeIdTaken:
        return refused(request, team, key_id, {"taken": True}, status=409)
    return _switched(request, Told(result, team, key_id))


@require_POST
@page
def enable(request: PersonRequest, slug: str, key_id: int) -> HttpResponse:
    """As it is, or together with what disabling had to alter (`put_back`)."""
    team = team_or_404(request, slug, Verb.ENABLE_KEY)
    try:
        enabling = partial(
            enable_key,
            person=request.user,
            actor=actor_of(request, team),
            team=team,
            key_id=key_id,
            change_id=posted_change_id(request),
            put_back="put_back" in request.POST,
        )
        result = freed(enabling, team=team, key_id=key_id)
    except Invalid as error:
        faults = [text for texts in error.faults.values() for text in texts]
        return refused(request, team, key_id, {"faults": faults}, status=422)
    except Held as held:
        return refused(request, team, key_id, {"held": held}, status=409)
    except ChangeIdTaken:
        return refused(request, team, key_id, {"taken": True}, status=409)
    return _switched(request, Told(result, team, key_id))


def _switched(request: PersonRequest, told: Told) -> HttpResponse:
    panel = _with_the_form(request, told) if from_the_form(request) else None
    if panel is None:
        return answered(request, told)
    panel.told = told
    response = reswap(retarget(panel_page(request, panel, status=told.status_code), "#panel"), "outerHTML")
    if told.looks_again or not over_list(request):
        return response
    return trigger_client_event(response, "key-read", after="settle")  # for the counts over the list


def _with_the_form(request: PersonRequest, told: Told) -> Panel | None:
    """The form for the key as it was read, with what was typed; None where none can be made."""
    team, live, seen = told.team, told.result.snapshot, _seen(request, told)
    if live is None:
        return _typed(request, told, seen, request.POST) if seen else None
    if seen is None:
        base = base_of(team, live)
        return Panel(team, base, key_form(base))
    base, posted = moved_to(
        live, replace(seen, first=_past(seen.first or seen.snapshot, live, told.result)), request.POST
    )
    panel = _typed(request, told, base, posted)
    if not (panel.conflict or posted.get("reason") or touched_fields(posted, rendered(live, base.zone))):
        panel.form, panel.typed = key_form(base), False
    panel.read_now = True
    return panel


def _typed(request: PersonRequest, told: Told, base: Base, posted: QueryDict) -> Panel:
    panel = retyped(request, told.team, base, posted)
    panel.typed = True
    panel.answers = open_answers(posted.get("answers", ""), request.user, told.team, told.key_id)
    return panel


def _seen(request: PersonRequest, told: Told) -> Base | None:
    """What the form was made from, though it may be too old; None where none came along."""
    try:
        return open_base(request.POST.get("base", ""), request.user, told.team, told.key_id)
    except BaseUnusable as error:
        return error.base


def _past(seen: KeySnapshot, live: KeySnapshot, result: Result) -> KeySnapshot:
    """`seen` with what the press itself did: none of it is somebody else's."""
    own = {field: getattr(live.settings, field) for field in {"status", *result.changed, *result.altered}}
    if "remain_quota" in own:
        own["remain_quota"] = live.limit - seen.used_quota  # compared by the limit, as ever
    return replace(seen, settings=replace(seen.settings, **own))
