"""What the page of one key shows, and its answers: whole for a browser, the panel alone for htmx."""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django_htmx.http import trigger_client_event

from keys.errors import UpstreamError
from keys.forms.answers import sign_answers
from keys.forms.base import Base, sign_base
from keys.forms.key import KeyForm
from keys.forms.notes import NoteForm
from keys.forms.preview import preview_of
from keys.forms.restoring import Restoring
from keys.http import PersonRequest, is_fragment, mark_ours, team_rights
from keys.models import Record, Team
from keys.selectors.drift import open_drifts
from keys.selectors.history import key_history, key_history_size
from keys.selectors.keys import key_row
from keys.selectors.unknown import unknown_of_key
from keys.services.access_tokens import NoAccessToken
from keys.services.compare import Differences
from keys.services.edit import read_key
from keys.services.notes import note_of
from keys.services.outcome import Conflict, Held, Kind, Outcome
from keys.services.presence import others
from keys.services.reading import group_choices
from keys.services.status import put_back_offer
from keys.services.usage import known_usage
from keys.trouble import Trouble
from keys.types import KeySnapshot
from keys.views.links import labels
from keys.views.rows import row_now
from keys.views.told import Told


@dataclass(frozen=True, slots=True)
class Restored:
    """Which settings of the past stand in the form. when: `before` or `after` the record's change."""

    record: Record
    when: str
    wanted: Restoring


@dataclass(slots=True)
class Panel:
    """One key's page. form_base: what the form was made from. told to stale: what there is to say.

    saw: with a conflict, the key as it was before somebody else changed it. reviewing: what will change is to be read.
    said, said_of_models: what a button beside the allowlist, or beside the models, did. answers: the record that saving
    answers. typed: what a person typed stands in the form, judged or not.
    """

    team: Team
    form_base: Base
    form: KeyForm
    told: Told | None = None
    conflict: Conflict | None = None
    saw: Base | None = None
    held: Held | None = None
    trouble: Trouble | None = None
    stale: str = ""
    said: str = ""
    said_of_models: str = ""
    answers: int | None = None
    restored: Restored | None = None
    read_now: bool = True
    reviewing: bool = False
    typed: bool = False
    change_id: UUID = field(default_factory=uuid4)

    @property
    def meanwhile(self) -> Differences:
        """What somebody else changed and saving keeps: neither typed into nor asked about, nor told by the outcome."""
        if self.told and self.told.result.moved:
            return {}
        own = {*self.form.errors, *self.form.touched, *(self.conflict.fields if self.conflict else ())}
        return {field: pair for field, pair in self.form_base.moved.items() if field not in own}


def base_of(team: Team, key: KeySnapshot) -> Base:
    """What a form for the key as just read stands on."""
    choices = group_choices(team, key)
    return Base(key, choices.names, choices.about, guessed=choices.guessed)


def key_form(base: Base, data: QueryDict | None = None) -> KeyForm:
    return KeyForm(
        data,
        base=base.snapshot,
        zone=base.zone,
        available_groups=base.groups,
        auto_groups=settings.AUTO_GROUPS,
        units_per_usd=settings.QUOTA_UNITS_PER_USD,
        now=timezone.now(),
    )


def over_list(request: PersonRequest) -> bool:
    """Is the key shown in a panel over the list? Its first request aims there; later ones say so."""
    return request.htmx.target == "editor" or "list" in (request.POST.get("over"), request.GET.get("over"))


def done(request: PersonRequest, panel: Panel) -> bool:
    """Is all said by a toast, so that the panel over the list may close? Not where somebody else's change is told."""
    result = panel.told.result if panel.told else None
    saved = result is not None and result.outcome in (Outcome.CONFIRMED, Outcome.APPLIED) and not result.moved
    switched = result is not None and result.kind is not Kind.EDIT
    return saved and not switched and request.method == "POST" and over_list(request)


def panel_page(request: PersonRequest, panel: Panel, status: int = 200) -> HttpResponse:
    opening = "keys/_editor.html" if request.htmx.target == "editor" else "keys/_panel.html"
    template = opening if is_fragment(request) else "keys/key.html"
    response = mark_ours(render(request, template, _context(request, panel), status=status))
    return trigger_client_event(response, "editor-saved", after="settle") if done(request, panel) else response


def looked_again(request: PersonRequest, told: Told, *, unread: bool = False) -> HttpResponse:
    """For a panel that looks again: what became of the change; when it is settled, also the key as it reads now."""
    context: dict[str, Any] = {
        "unknown": unknown_of_key(told.team, told.key_id),
        **team_rights(request.user, told.team),
    }
    if not told.looks_again:
        with suppress(UpstreamError, NoAccessToken):  # what is settled is told all the same
            base = base_of(told.team, read_key(team=told.team, key_id=told.key_id))
            context = _context(request, Panel(told.team, base, key_form(base), told=told))
    context |= {"team": told.team, "key_id": told.key_id, "told": told, "unread": unread}
    return mark_ours(render(request, "keys/_looked.html", context))


def _context(request: PersonRequest, panel: Panel) -> dict[str, Any]:
    team, key = panel.team, panel.form_base.snapshot
    seen = panel.told.result.snapshot if panel.told else None
    now = key if panel.read_now else seen or key
    note = note_of(team, key.id)
    usage = known_usage(team, key.id)
    return {
        "section": "teams",
        "team": team,
        "panel": panel,
        "form": panel.form,
        "told": panel.told,
        "key": now,
        "row": key_row(now, timezone.now()),
        "drifted": open_drifts(team).filter(key_id=key.id).exists(),
        "base": sign_base(panel.form_base, request.user, team),
        "saw": sign_base(panel.saw, request.user, team) if panel.saw else "",
        "history": key_history(team.pk, key.id),
        "history_size": key_history_size(team.pk, key.id),
        "preview": preview_of(panel.form, usage),
        "usage": usage,
        "others": others(request.user, team, key.id),
        "about": panel.form_base.about,
        "groups_guessed": panel.form_base.guessed,
        "over_list": over_list(request),
        "opening": request.htmx.target == "editor",
        "done": done(request, panel),
        "units_per_usd": settings.QUOTA_UNITS_PER_USD,
        "answers": sign_answers(panel.answers, request.user, team, key.id) if panel.answers else "",
        "unknown": unknown_of_key(team, key.id),
        "put_back": put_back_offer(team, key.id, now),
        "note": note,
        "note_form": NoteForm.of(note),
        "is_fragment": is_fragment(request),
        **({"t": row_now(now, team), "labels": labels()} if seen and over_list(request) else {}),
        **team_rights(request.user, team),
    }
