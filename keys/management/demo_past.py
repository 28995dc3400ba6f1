"""The demo's fortnight before its first start: what the mirror would have sampled, told back from the usage log."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Final

from django.utils import timezone

from keys.models import MirrorKey, Team, UsageSample
from keys.services.access_tokens import client_for
from keys.services.syncing import sync_slice
from keys.types import Deadline, Lane

DAYS: Final = 15
"""The sandbox's log goes back so far, and no key there is younger: what a young one had used counts as spent."""
READ_S: Final = 20
"""Seconds that a team's keys, and its log, may take."""


def sample_past(team: Team) -> None:
    """Reads the team's keys into the mirror and gives each of them a sample a day. Raises UpstreamError."""
    until = Deadline.after(READ_S)
    while not sync_slice(team, until).over and not until.passed:
        pass
    spent, today = _spent_by_day(team), timezone.now().astimezone(UTC).date()
    samples = []
    for account_id, key_id, used in MirrorKey.objects.filter(team=team).values_list(
        "account_id", "key_id", "used_quota"
    ):
        for back in range(1, DAYS):
            day = today - timedelta(days=back)
            used = max(0, used - spent[key_id, day + timedelta(days=1)])
            samples.append(UsageSample(account_id=account_id, key_id=key_id, day=day, used_quota=used))
    UsageSample.objects.bulk_create(samples, ignore_conflicts=True)


def _spent_by_day(team: Team) -> Counter[tuple[int | None, date]]:
    """(key id, day in UTC) -> units."""
    since = int((timezone.now() - timedelta(days=DAYS)).timestamp())
    client, until, number = client_for(team, lane=Lane.ORDINARY), Deadline.after(READ_S), 1
    spent: Counter[tuple[int | None, date]] = Counter()
    while (page := client.spent(number, "", since, until)).rows:
        for row in page.items:
            spent[row.key_id, datetime.fromtimestamp(row.at, UTC).date()] += row.units
        number += 1
    return spent
