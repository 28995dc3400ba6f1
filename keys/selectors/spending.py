"""What each team spent, by day, out of the mirror's daily samples of `used_quota`. Units, days in UTC."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from django.core.cache import cache
from django.db import connection
from django.db.models import Min

from keys.models import MirrorKey, Team, UsageSample
from keys.selectors.ages import Ages

DAYS: Final = 30
LOOK_BACK: Final = timedelta(days=7)
"""How long before the span a key may have been made whose first reading counts in full."""
CACHE_S: Final = 3_600

# A counter that does not move leaves no sample: what a key's first one in the span rose from may lie months before it.
# Floats: what upstream sends may be near 2**63, and exact they are up to 2**53, which is more than any quota.
_RISES: Final = """
    SELECT account_id, day, SUM(CASE WHEN used > before THEN used - before ELSE 0 END)
    FROM (
        SELECT account_id, day, CAST(used_quota AS DOUBLE PRECISION) AS used,
            COALESCE(
                LAG(CAST(used_quota AS DOUBLE PRECISION)) OVER (PARTITION BY account_id, key_id ORDER BY day),
                (SELECT CAST(older.used_quota AS DOUBLE PRECISION) FROM keys_usagesample AS older
                 WHERE older.account_id = sample.account_id AND older.key_id = sample.key_id AND older.day < %s
                 ORDER BY older.day DESC LIMIT 1)
            ) AS before
        FROM keys_usagesample AS sample WHERE account_id = %s AND day >= %s
    ) AS readings
    GROUP BY account_id, day
"""


@dataclass(frozen=True, slots=True)
class Spend:
    """One team's spending. days: oldest first, every day of the span, with the units spent on it."""

    team: Team
    days: tuple[tuple[date, int], ...]

    @property
    def total(self) -> int:
        return sum(units for _, units in self.days)

    @property
    def most(self) -> int:
        return max((units for _, units in self.days), default=0)


def spending(ages: Ages, today: date) -> list[Spend]:
    """Of the teams whose keys have been read, over the `DAYS` days up to `today`; kept until a team is read again.

    A day's spending is what the highest reading rose by since the one before. Of a key's first reading all counts if
    the key was made after we began to look at its account, else nothing: nobody knows when it was spent.
    """
    keys = {f"spend:{age.team.account_id}:{today}:{age.listed_at:%Y%m%d%H%M%S%f}": age.team for age in ages.read}
    kept: dict[str, list[int]] = cache.get_many(keys)
    fresh = {key: _units(team.account_id, today) for key, team in keys.items() if key not in kept and team.account_id}
    if fresh:
        cache.set_many(fresh, CACHE_S)
    days = _span(today)
    known: Mapping[str, Sequence[int]] = {**kept, **fresh}
    return [Spend(team, tuple(zip(days, known[key], strict=True))) for key, team in keys.items() if key in known]


def _span(today: date) -> list[date]:
    return [today - timedelta(days=DAYS - 1 - number) for number in range(DAYS)]


def _units(account_id: int, today: date) -> list[int]:
    days = _span(today)
    by_day: dict[date, int] = defaultdict(int)
    with connection.cursor() as cursor:
        cursor.execute(_RISES, [days[0], account_id, days[0]])
        for _, day, units in cursor.fetchall():
            by_day[day if isinstance(day, date) else date.fromisoformat(day)] += int(units)
    for day, units in _first_readings(account_id, days[0]):
        by_day[day] += units
    return [by_day[day] for day in days]


def _first_readings(account_id: int, since: date) -> list[tuple[date, int]]:
    """Of keys made since we began to look at this account: the day of their first sample, and what it says."""
    begun = UsageSample.objects.filter(account_id=account_id).aggregate(first=Min("day"))["first"]
    if begun is None:
        return []
    made_from = datetime.combine(max(begun, since - LOOK_BACK), time.min, UTC)
    young = MirrorKey.objects.filter(account_id=account_id, created_time__gte=int(made_from.timestamp()))
    samples = UsageSample.objects.filter(account_id=account_id, key_id__in=young.values("key_id"))
    first: dict[int, tuple[date, int]] = {}
    for key_id, day, used in samples.order_by("key_id", "day").values_list("key_id", "day", "used_quota"):
        first.setdefault(key_id, (day, max(used, 0)))
    return [(day, used) for day, used in first.values() if day >= since]


@dataclass(frozen=True, slots=True)
class Used:
    """What one key's counter rose by. since: start of the day (UTC) of the reading before; None: all it ever used.

    until: when it was read last.
    """

    units: int
    since: datetime | None
    until: datetime


def used_since(account_id: int, key_id: int, moment: datetime) -> Used | None:
    """At most so many units since then, by the samples: the last of a day that was wholly before it is compared with.

    None where the key was not read since, or not before, or where its counter fell, which tells nothing.
    """
    key = MirrorKey.objects.filter(account_id=account_id, key_id=key_id, read_at__gte=moment).first()
    if key is None:
        return None
    if key.created_time >= moment.timestamp():
        return Used(max(0, key.used_quota), None, key.read_at)
    day = moment.astimezone(UTC).date()
    samples = UsageSample.objects.filter(account_id=account_id, key_id=key_id, day__lt=day)
    before = samples.order_by("-day").first()
    if before is None or before.used_quota > key.used_quota:
        return None
    begun = datetime.combine(before.day, time.min, UTC)
    return Used(key.used_quota - before.used_quota, begun, key.read_at)
