"""How many keys there are of each effective status. By hand in SQL: it stands over every list, and building it anew by
the ORM takes longer than the database takes to answer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.db.models import Count, QuerySet

from keys.models import MirrorKey, Team
from keys.selectors.wanted import OTHER, STATUSES

_TABLE: Final = MirrorKey._meta.db_table
_LASTING: Final = ("expired_time = -1", "expired_time > %(at)s")
_RANGES: Final = (
    *(("enabled", f"status = 1 AND {lasting} AND unlimited_quota = TRUE") for lasting in _LASTING),
    *(
        ("enabled", f"status = 1 AND {lasting} AND unlimited_quota = FALSE AND remain_quota > 0")
        for lasting in _LASTING
    ),
    ("disabled", "status = 2"),
    ("expired", "status = 3"),
    ("expired", "status IN (1, 4) AND expired_time < -1"),
    ("expired", "status IN (1, 4) AND expired_time > -1 AND expired_time <= %(at)s"),
    *(("exhausted", f"status = 4 AND {lasting}") for lasting in _LASTING),
    *(
        ("exhausted", f"status = 1 AND {lasting} AND unlimited_quota = FALSE AND remain_quota <= 0")
        for lasting in _LASTING
    ),
    (OTHER, "status < 1"),
    (OTHER, "status > 4"),
)
"""`keys.selectors.wanted.effective` once more, as conditions that do not overlap, of which each key meets one, and that
an index answers by its ranges alone; an OR among them would have SQLite remember every row."""


def counts_of(keys: QuerySet[Any]) -> dict[str, int]:
    """Word for a status -> how many of `keys`, which bear `effective`; other statuses only where there are any."""
    by_status = dict(keys.order_by().values_list("effective").annotate(count=Count("pk")))
    counts = {word: by_status.pop(status, 0) for word, status in STATUSES.items()}
    return _with_others(counts, sum(by_status.values()))


def quick_counts(teams: Sequence[Team], now: datetime, *, every: bool = False) -> tuple[dict[str, int], int]:
    """The same for all keys of these teams, and how many are gone, in one query. every: these are all there are."""
    parameters: dict[str, Any] = {"at": int(now.timestamp())}
    of_teams = ""
    if not every:
        parameters |= {f"team{at}": team.pk for at, team in enumerate(teams)}
        of_teams = "team_id IN ({}) AND ".format(", ".join(f"%(team{at})s" for at in range(len(teams))) or "NULL")
    conditions = [(word, f"gone_at IS NULL AND {condition}") for word, condition in _RANGES]
    parts = (
        f"SELECT '{word}', COUNT(*) FROM {_TABLE} WHERE {of_teams}{condition}"  # noqa: S608  (constants of this file)
        for word, condition in (*conditions, ("gone", "gone_at IS NOT NULL"))
    )
    counts = dict.fromkeys((*STATUSES, OTHER, "gone"), 0)
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), parameters)
        for word, count in cursor.fetchall():
            counts[word] += count
    gone, others = counts.pop("gone"), counts.pop(OTHER)
    return _with_others(counts, others), gone


def _with_others(counts: dict[str, int], others: int) -> dict[str, int]:
    return {**counts, OTHER: others} if others else counts
