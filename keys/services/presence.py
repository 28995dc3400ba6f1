"""Several leads at once: who else has this key's form open. Said quietly, kept for a minute, never recorded."""

from datetime import timedelta
from typing import Final

from django.utils import timezone

from keys.models import KeyOpen, Person, Team

MINUTE: Final = timedelta(minutes=1)
BIGGEST_ID: Final = 2**63 - 1


def note_open(person: Person, team: Team, key_id: int) -> None:
    """This person's form is open now. A team without an account has no keys to open."""
    now = timezone.now()
    KeyOpen.objects.filter(seen_at__lt=now - MINUTE).delete()
    if team.account_id is not None and 0 < key_id <= BIGGEST_ID:
        KeyOpen.objects.update_or_create(
            person=person, account_id=team.account_id, key_id=key_id, defaults={"seen_at": now}
        )


def others(person: Person, team: Team, key_id: int) -> list[str]:
    """Names of the others who had it open in the last minute, who came last first."""
    if team.account_id is None:
        return []
    lately = KeyOpen.objects.filter(account_id=team.account_id, key_id=key_id, seen_at__gte=timezone.now() - MINUTE)
    found = lately.exclude(person=person).select_related("person").order_by("-seen_at")
    return [seen.person.shown_name for seen in found]
