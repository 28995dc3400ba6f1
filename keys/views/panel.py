"""What the page of one key shows, and its answers: whole for a browser, the panel alone for htmx."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone

from keys.forms.base import Base, sign_base
from keys.forms.key import KeyForm
from keys.http import PersonRequest, is_fragment, mark_ours, team_rights
from keys.models import Team
from keys.selectors.drift import open_drifts
from keys.selectors.history import key_history
from keys.selectors.keys import key_row
from keys.services.outcome import Conflict, Held
from keys.services.status import put_back_offer
from keys.trouble import Trouble
from keys.views.told import Told


@dataclass(slots=True)
class Panel:
    """One key's page. form_base: what the form was made from. told to stale: what there is to say.

    saw: with a conflict, the key as it was before somebody else changed it.
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
    read_now: bool = True
    change_id: UUID = field(default_factory=uuid4)


def zone() -> ZoneInfo:
    return ZoneInfo(timezone.get_current_timezone_name())


def key_form(base: Base, data: QueryDict | None = None) -> KeyForm:
    return KeyForm(
        data,
        base=base.snapshot,
        zone=zone(),
        available_groups=base.groups,
        auto_groups=settings.AUTO_GROUPS,
        units_per_usd=settings.QUOTA_UNITS_PER_USD,
        now=timezone.now(),
    )


def panel_page(request: PersonRequest, panel: Panel, status: int = 200) -> HttpResponse:
    template = "keys/_panel.html" if is_fragment(request) else "keys/key.html"
    return mark_ours(render(request, template, _context(request, panel), status=status))


def _context(request: PersonRequest, panel: Panel) -> dict[str, Any]:
    team, key = panel.team, panel.form_base.snapshot
    seen = panel.told.result.snapshot if panel.told else None
    now = seen or key
    return {
        "section": "teams",
        "team": team,
        "panel": panel,
        "form": panel.form,
        "told": panel.told,
        "key": now,
        "row": key_row(now, timezone.now()),
        "drifted": open_drifts(team).filter(key_id=key.id).exists(),
        "base": sign_base(key, request.user, team, panel.form_base.groups),
        "saw": sign_base(panel.saw.snapshot, request.user, team) if panel.saw else "",
        "history": key_history(team.pk, key.id),
        "put_back": put_back_offer(team, key.id, now),
        "is_fragment": is_fragment(request),
        **team_rights(request.user, team),
    }
