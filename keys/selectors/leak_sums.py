"""What an incident's headline stands on: all its keys, whether a page shows them or not."""

from dataclasses import dataclass

from django.db.models import Count, Max, Q

from keys.models import Incident, Person
from keys.permissions import Verb, teams_where
from keys.selectors.leaks import seconds_since


@dataclass(frozen=True, slots=True)
class Sums:
    """All keys of an incident that a person may see, those too that no page shows in full.

    ended: how many read disabled, or are gone; gone: how many of those are. refused_s: seconds from the paste until the
    last one was refused, None while one is not. unsure: keys that were found by a mask that nobody confirmed, which
    count for nothing else.
    """

    found: int
    pressed: int
    ended: int
    gone: int
    refused_s: float | None
    unsure: int


def sums_of(incident: Incident, person: Person) -> Sums:
    rows = incident.leaked.filter(team__in=teams_where(person, Verb.VIEW_LEAKS))
    sure = ~Q(found_by="unsure")
    sums = rows.order_by().aggregate(
        found=Count("pk", filter=sure),
        pressed=Count("pk", filter=sure & Q(pressed_at__isnull=False)),
        ended=Count("pk", filter=sure & (Q(disabled_at__isnull=False) | Q(gone=True))),
        gone=Count("pk", filter=sure & Q(gone=True)),
        refused=Count("pk", filter=sure & Q(refused_at__isnull=False)),
        last=Max("refused_at", filter=sure),
        unsure=Count("pk", filter=~sure),
    )
    refused, last = sums.pop("refused"), sums.pop("last")
    whole = refused and refused == sums["found"]
    return Sums(refused_s=seconds_since(incident, last) if whole else None, **sums)
