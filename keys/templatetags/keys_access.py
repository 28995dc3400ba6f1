"""What the Access group of the key's form shows beside its fields."""

from typing import Any

from django import template

from keys.forms import allowlist
from keys.forms.key import KeyForm
from keys.http import PersonRequest

register = template.Library()


@register.simple_tag(takes_context=True)
def allowlist_reading(context: dict[str, Any]) -> allowlist.Reading:
    """The list in the form, read entry by entry."""
    request: PersonRequest = context["request"]
    form: KeyForm = context["form"]
    find = request.POST.get("allowlist_find", "") if form.is_bound else ""
    return allowlist.reading(form, find=find, client=request.client_address)
