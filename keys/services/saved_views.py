"""People's own names for sets of filters. Nobody else sees them, so the ledger does not either."""

from typing import Final

from django.db import transaction
from django.utils.translation import gettext

from keys.errors import Invalid
from keys.models import Person, SavedView
from keys.services.typed import one_line, refuse_bad_text

VIEWS_AT_MOST: Final = 30
NAME_LENGTH: Final = 60


def view_save(*, person: Person, name: str, query: str) -> SavedView:
    """Keep a set of filters under a name; the same name again stands for the new ones. query: as in the address,
    already judged by the filters' own form. Raises Invalid."""
    name = one_line(name)
    if not name:
        raise Invalid({"name": [gettext("Give the view a name.")]})
    if len(name) > NAME_LENGTH:
        raise Invalid({"name": [gettext("Give a name of at most %(most)d characters.") % {"most": NAME_LENGTH}]})
    refuse_bad_text({"name": name})
    with transaction.atomic():
        others = SavedView.objects.filter(person=person).exclude(name=name).count()
        if others >= VIEWS_AT_MOST:
            raise Invalid({"name": [gettext("You have %(most)d views: delete one first.") % {"most": VIEWS_AT_MOST}]})
        return SavedView.objects.update_or_create(person=person, name=name, defaults={"query": query})[0]


def view_delete(*, person: Person, pk: int) -> bool:
    """Was there such a view of this person's?"""
    deleted, _ = SavedView.objects.filter(person=person, pk=pk).delete()
    return deleted > 0
