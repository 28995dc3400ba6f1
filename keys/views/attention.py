"""What stands on every page: alarms for those who can do something about them, and that no worker is running."""

from collections.abc import Sequence
from functools import cached_property

from django.http import HttpRequest

from keys.models import Person
from keys.permissions import Verb, allowed, teams_where
from keys.selectors.drift import Alarm, alarms
from keys.selectors.evidence import Verdict, trouble_for
from keys.selectors.leaks import revived
from keys.services import lanes
from keys.types import Lane


class Attention:
    """Asks the database only where a template looks: fragments do not."""

    def __init__(self, person: Person) -> None:
        self._person = person

    @cached_property
    def alarms(self) -> Sequence[Alarm]:
        return alarms(self._person)

    @cached_property
    def may_see_leaks(self) -> bool:
        person = self._person
        return allowed(person, Verb.VIEW_ALL_LEAKS) or teams_where(person, Verb.VIEW_LEAKS).exists()

    @cached_property
    def revived_leaks(self) -> Sequence[int]:
        return revived(self._person)

    @cached_property
    def ledger(self) -> Verdict | None:
        return trouble_for(self._person)

    @cached_property
    def no_worker(self) -> bool:
        """Of the lane that lists keys: of these alone is told what that means."""
        return not lanes.is_running(Lane.ORDINARY)


def attention(request: HttpRequest) -> dict[str, Attention]:
    """A context processor; nothing for who is not signed in."""
    user = getattr(request, "user", None)
    return {"attention": Attention(user)} if isinstance(user, Person) and user.is_active else {}
