"""After a conflict: which value a person chose for each field, and asking again for those where they chose none.

A choice that was made is put into the form at once, so that no later answer can bring back what was given up.
"""

from collections.abc import Callable
from typing import Any

from django.http import QueryDict

from keys.forms.base import Base, BaseUnusable, open_base
from keys.forms.key import KeyForm
from keys.forms.rebase import with_shown
from keys.forms.rendered import ENABLE_TOO, rendered
from keys.http import PersonRequest
from keys.models import Team
from keys.services.outcome import Conflict
from keys.types import EDITABLE, KeySnapshot


def chosen(posted: QueryDict, base: Base) -> QueryDict:
    """Where the person chose somebody else's value, the field is as if untouched."""
    theirs = [field for field in EDITABLE if posted.get(f"choose-{field}") == "theirs"]
    data = with_shown(posted, rendered(base.snapshot, base.zone), theirs)
    if "status" in theirs:
        data.pop(ENABLE_TOO, None)
    return data


def unchosen(posted: QueryDict) -> list[str]:
    return [field for field in _asked_about(posted) if posted.get(f"choose-{field}") not in ("mine", "theirs")]


def wants(posted: QueryDict, form_for: Callable[[QueryDict], KeyForm]) -> dict[str, Any]:
    """What the person wants of each field that is asked about, as typed by now, whatever is chosen for it."""
    fields = _asked_about(posted)
    form = form_for(posted) if fields else None
    return {field: _wanted(form, field) for field in fields} if form else {}


def asked_again(form: KeyForm, saw: KeySnapshot, fields: list[str]) -> Conflict:
    """The three values of these fields once more. saw: the key as it was before somebody else changed it."""
    now = form.base.settings
    values = {field: (getattr(saw.settings, field), getattr(now, field), _wanted(form, field)) for field in fields}
    return Conflict(values, form.base)


def seen_before(request: PersonRequest, team: Team, base: Base) -> Base:
    """What the person saw before the conflict, which travels signed as `saw`; base where that cannot be told."""
    try:
        return open_base(request.POST.get("saw", ""), request.user, team, base.snapshot.id)
    except BaseUnusable as error:
        return error.base or base


def _asked_about(posted: QueryDict) -> list[str]:
    return [field for field in posted.getlist("conflicting") if field in EDITABLE]


def _wanted(form: KeyForm, field: str) -> Any:
    """As it would be saved; a refused text as it was typed."""
    return form[field].value() if field in form.errors else getattr(form.after, field)
