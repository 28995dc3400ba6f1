"""The gate of pages that belong to no team; a team's pages have `keys.http.team_or_404`."""

from django.core.exceptions import PermissionDenied
from django.http import Http404

from keys.http import PersonRequest, actor_of
from keys.models import Incident, Person
from keys.permissions import Verb, allowed, teams_where
from keys.selectors.leaks import visible_incidents
from keys.services.denials import record_denial


def may_or_403(request: PersonRequest, verb: Verb) -> None:
    """Raises PermissionDenied, with its record, before anything is looked up: what is not there looks the same."""
    if not allowed(request.user, verb):
        record_denial(actor_of(request), verb, None)
        raise PermissionDenied


def may_see_leaks_or_403(request: PersonRequest, verb: Verb) -> None:
    """The leak desk: open to who may do `verb` in some team, or in all. Raises PermissionDenied, with its record."""
    if not may_in_some_team(request.user, verb):
        record_denial(actor_of(request), verb, None)
        raise PermissionDenied


def may_in_some_team(person: Person, verb: Verb) -> bool:
    """VIEW_LEAKS or HANDLE_LEAKS, in some team or in all."""
    every = Verb.HANDLE_ALL_LEAKS if verb is Verb.HANDLE_LEAKS else Verb.VIEW_ALL_LEAKS
    return allowed(person, every) or teams_where(person, verb).exists()


def leak_or_404(request: PersonRequest, number: int) -> Incident:
    """Raises Http404 for another's incident and an absent one alike."""
    found = visible_incidents(request.user).filter(pk=number).first() if number < 2**63 else None
    if found is None:
        raise Http404
    return found
