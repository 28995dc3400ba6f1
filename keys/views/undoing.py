"""Taking back a change at one press, and bringing back settings of the past in the editor."""

from functools import partial
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from keys import rules
from keys.errors import Invalid
from keys.forms.base import Base
from keys.forms.rebase import controls_of
from keys.forms.rendered import QUOTA_MEANT, rendered
from keys.forms.restoring import restoring
from keys.http import PersonRequest, actor_of, is_fragment, page, team_or_404
from keys.models import Change, Team
from keys.permissions import Verb
from keys.selectors.history import MOMENTS, record_for, state_told
from keys.services.edit import read_key
from keys.services.outcome import ChangeIdTaken, Conflict, Held, LeavesNothing
from keys.services.settle import freed
from keys.services.snapshots import snapshot_from_json
from keys.services.undo import NotUndoable, inverse_of, undo_change
from keys.types import KeySnapshot, KeyWish
from keys.views.changes import answered, posted_change_id, refused
from keys.views.panel import Panel, Restored, base_of, key_form, panel_page
from keys.views.told import Told


@require_POST
@page
def undo(request: PersonRequest, slug: str, key_id: int, change_id: UUID) -> HttpResponse:
    """One press; what it sends is computed against the key as it is now."""
    team = team_or_404(request, slug, Verb.EDIT_KEY)
    undone = get_object_or_404(Change, pk=change_id, team_id=team.pk, key_id=key_id)
    try:
        undoing = partial(
            undo_change,
            person=request.user,
            actor=actor_of(request, team),
            team=team,
            key_id=key_id,
            undone=undone,
            change_id=posted_change_id(request),
        )
        result = freed(undoing, team=team, key_id=key_id)
    except Conflict as conflict:
        return _conflicting(request, team, undone, conflict)
    except LeavesNothing as spent:
        return _leaving_nothing(request, team, undone, spent.live)
    except (Invalid, NotUndoable, Held, ChangeIdTaken) as error:
        return _not_undone(request, team, key_id, error)
    return _undone(request, undone, Told(result, team, key_id, undone))


def editor(request: PersonRequest, slug: str, key_id: int) -> HttpResponse:
    """The key's page with settings of the past typed into its form; nothing is sent until somebody saves it."""
    team = team_or_404(request, slug, Verb.EDIT_KEY)
    seq, when = request.GET["restore"], request.GET.get("as", "after")
    record = record_for(request.user, int(seq)) if seq.isascii() and seq.isdecimal() and len(seq) < 19 else None
    if record is None or (record.team_id, record.key_id) != (team.pk, key_id) or when not in MOMENTS:
        raise Http404
    state = state_told(record, when)
    if not state:
        raise Http404
    live = read_key(team=team, key_id=key_id)
    base = base_of(team, live)
    wanted = restoring(state, live, base.zone, timezone.now())
    form = key_form(base, wanted.typed)
    return panel_page(request, Panel(team, base, form, answers=record.seq, restored=Restored(record, when, wanted)))


def _undone(request: PersonRequest, undone: Change, told: Told) -> HttpResponse:
    """The panel again, for the button in it; else as any press is answered."""
    if told.still_to_undo and not is_fragment(request):
        return refused(request, told.team, told.key_id, {"told": told}, status=told.status_code)
    if not _in_panel(request):
        return answered(request, told)
    snapshot = told.result.snapshot
    seen = snapshot or snapshot_from_json(undone.found)
    base = base_of(told.team, seen)
    panel = Panel(told.team, base, key_form(base), told=told, read_now=snapshot is not None)
    return panel_page(request, panel, status=told.status_code)


def _conflicting(request: PersonRequest, team: Team, undone: Change, conflict: Conflict) -> HttpResponse:
    """409: the editor with what undoing would type, and a choice for each field that somebody else changed."""
    if is_fragment(request) and not _in_panel(request):
        fault = _("Somebody else has changed the same field since. Open the key to choose.")
        return refused(request, team, undone.key_id, {"faults": [fault]}, status=409)
    live = conflict.live
    base = base_of(team, live)
    saw = Base(snapshot_from_json(undone.found), base.groups)
    form = key_form(base, _typed(inverse_of(undone), base))
    panel = Panel(team, base, form, conflict=conflict, saw=saw, answers=undone.intent_seq)
    return panel_page(request, panel, status=409)


def _leaving_nothing(request: PersonRequest, team: Team, undone: Change, live: KeySnapshot) -> HttpResponse:
    """409: the editor with what undoing would type; what becomes of the key is read before it is sent."""
    if live.settings.remain_quota > 0:
        words = _("So much is spent by now that taking this back leaves nothing. Save it if that is meant.")
    else:
        words = _("What was added is spent by now: nothing is left to take away.")
    if is_fragment(request) and not _in_panel(request):
        words = f"{words} {_('Open the key to choose.')}"
        return refused(request, team, undone.key_id, {"faults": [words]}, status=409)
    base = base_of(team, live)
    form = key_form(base, _typed(inverse_of(undone), base))
    return panel_page(request, Panel(team, base, form, stale=words, answers=undone.intent_seq), status=409)


def _typed(wish: KeyWish, base: Base) -> QueryDict:
    """The form for the key in `base` as somebody with this wish would have filled it."""
    live, typed = base.snapshot, QueryDict(mutable=True)
    typed.update(rendered(live, base.zone))
    state = {**live.settings.as_dict(), **wish.fields, "used_quota": live.used_quota}
    texts = restoring(state, live, base.zone, timezone.now()).typed
    for control in (control for field in wish.fields for control in controls_of(field)):
        typed[control] = str(texts[control])
    if wish.quota and not rules.takes_from_nothing(wish.quota, live.settings.remain_quota):
        typed["quota_mode"], typed["remain_quota"] = wish.quota.mode.value, str(wish.quota.units)
        typed[QUOTA_MEANT] = wish.quota.mode.value
    return typed


def _not_undone(request: PersonRequest, team: Team, key_id: int, error: Exception) -> HttpResponse:
    """Nothing was sent: why, in the panel with the key as it is now, or as any press is answered."""
    said, status = _said(error)
    if not _in_panel(request):
        return refused(request, team, key_id, said, status=status)
    live = read_key(team=team, key_id=key_id)
    base = base_of(team, live)
    taken = _("This button was pressed before for something else. Load the page anew and press it again.")
    words = taken if "taken" in said else " ".join(said.get("faults", ()))
    return panel_page(request, Panel(team, base, key_form(base), held=said.get("held"), stale=words), status=status)


def _said(error: Exception) -> tuple[dict[str, Any], int]:
    if isinstance(error, Invalid):
        return {"faults": [text for texts in error.faults.values() for text in texts]}, 422
    if isinstance(error, NotUndoable):
        return {"faults": [error.message]}, 409
    return {"held": error} if isinstance(error, Held) else {"taken": True}, 409


def _in_panel(request: PersonRequest) -> bool:
    return is_fragment(request) and request.htmx.target == "panel"
