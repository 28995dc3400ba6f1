"""The form of a key shown again in the middle of typing: nothing judged yet, nothing sent, everything typed kept."""

from collections.abc import Callable

from django.http import HttpResponse, QueryDict
from django_htmx.http import reswap, retarget

from keys.forms.base import Base
from keys.http import PersonRequest, is_fragment
from keys.models import Team
from keys.types import EDITABLE
from keys.views import saving
from keys.views.choosing import asked_again, chosen, seen_before, unchosen
from keys.views.panel import Panel, key_form

CARRIED = ("saw", "conflicting")


def retyped(request: PersonRequest, team: Team, base: Base, posted: QueryDict) -> Panel:
    """The page as it stood, with a conflict's questions that are still open. Faults are told when it is saved."""
    form = key_form(base, chosen(posted, base))
    panel = Panel(team, base, form, read_now=False)
    if missing := unchosen(posted):
        panel.saw = seen_before(request, team, base)
        panel.conflict = asked_again(form, panel.saw.snapshot, missing)
    form.errors.clear()
    return panel


def altered(
    posted: QueryDict, base: Base, field: str, act: Callable[[str], tuple[str, str]]
) -> tuple[QueryDict, str, bool]:
    """What is posted after a button beside this field did `act` to its text, what it did, and whether a choice turned.

    Where somebody else's value is chosen, that one is acted on, and is the person's own from then on.
    """
    data, choice = chosen(posted, base), f"choose-{field}"
    data[field], said = act(str(data.get(field, "")))
    turned = bool(said) and posted.get(choice) == "theirs"
    if turned:
        data[choice] = "mine"
    return data, said, turned


def carried(posted: QueryDict) -> list[tuple[str, str]]:
    """What a page between hands on besides the form's own fields: the questions of a conflict, and the answers."""
    names = [*CARRIED, *(f"choose-{field}" for field in EDITABLE)]
    return [(name, value) for name in names for value in posted.getlist(name)]


def made_anew(request: PersonRequest, slug: str, key_id: int) -> HttpResponse:
    """For a form whose base cannot be used: saving says so, sends nothing, and gives the form with what was typed."""
    response = saving.save(request, slug, key_id)
    return reswap(retarget(response, "#panel"), "outerHTML") if is_fragment(request) else response
