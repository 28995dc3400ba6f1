"""What the Access group of the key's form shows beside its fields."""

from typing import Any

from django import template

from keys.forms import allowlist
from keys.forms import models as of_models
from keys.forms.key import KeyForm
from keys.http import PersonRequest
from keys.rules import RuleBroken
from keys.services.catalogue import Catalogue, remembered

register = template.Library()


@register.simple_tag(takes_context=True)
def allowlist_reading(context: dict[str, Any]) -> allowlist.Reading:
    """The list in the form, read entry by entry."""
    request: PersonRequest = context["request"]
    form: KeyForm = context["form"]
    find = request.POST.get("allowlist_find", "") if form.is_bound else ""
    return allowlist.reading(form, find=find, client=request.client_address)


@register.simple_tag
def model_picks(form: KeyForm) -> of_models.Picks:
    """What is chosen in the form, held against the catalogue as it was read last; asks nobody."""
    known = remembered()
    return of_models.picks(form, known.models if known else None)


@register.simple_tag
def model_shelves(form: KeyForm, catalogue: Catalogue) -> tuple[of_models.Shelf, ...]:
    """The catalogue by provider, ticked where the form has it."""
    try:
        chosen = of_models.ids_of(form)
    except RuleBroken:
        chosen = []
    return of_models.shelves(catalogue.models, frozenset(chosen))
