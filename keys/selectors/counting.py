"""How many keys there are of each effective status.

Counting takes longer the more keys there are, so a team's counts are kept, in this process, for as long as they are
right: until keys of it were stored that are counted otherwise, which gives the team another mark, or the next key
expires. The mark must have been read before: then what is counted is never older than the mark, and what is kept never
older than what is in the table. By hand in SQL, since building it by the ORM takes longer than the database takes to
answer.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

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


def quick_counts(
    teams: Sequence[Team], now: datetime, marks: Mapping[int, UUID] | None = None
) -> tuple[dict[str, int], int]:
    """The same for all keys of these teams, and how many are gone; in one query, or in none where all are kept.

    marks: team's number -> its TeamSync.mark, read before; teams without one are counted anew.
    """
    at, marks = int(now.timestamp()), marks or {}
    kept = {team.pk: _KEPT.get(team.pk) for team in teams}
    right = {pk: counted for pk, counted in kept.items() if counted and counted.holds(marks.get(pk), at)}
    anew = _counted([pk for pk in kept if pk not in right], at, marks)
    if not connection.in_atomic_block:  # what is read in a transaction may never have been
        _KEPT.update((pk, counted) for pk, counted in anew.items() if counted.mark)
    total: Counter[str] = Counter()
    for counted in (*right.values(), *anew.values()):
        total.update(counted.by_word)
    counts = {word: total[word] for word in STATUSES}
    return _with_others(counts, total[OTHER]), total["gone"]


@dataclass(slots=True)
class _Counted:
    """One team's counts, of `at`, right until the next key expires. Times are Unix seconds."""

    mark: UUID | None
    at: int
    until: int | None = None
    by_word: dict[str, int] = field(default_factory=dict)

    def holds(self, mark: UUID | None, at: int) -> bool:
        """Also where the clock was put back: then what had expired has not."""
        return self.mark == mark and self.at <= at and (self.until is None or at < self.until)


_KEPT: Final[dict[int, _Counted]] = {}
"""Team's number -> its counts."""


def _counted(teams: Collection[int], at: int, marks: Mapping[int, UUID]) -> dict[int, _Counted]:
    found = {pk: _Counted(marks.get(pk), at) for pk in teams}
    if not found:
        return found
    conditions = [(word, f"gone_at IS NULL AND {condition}") for word, condition in _RANGES]
    of_teams = f"FROM {_TABLE} WHERE team_id IN ({', '.join(str(int(pk)) for pk in found)})"
    parts = [
        f"SELECT team_id, '{word}', COUNT(*) {of_teams} AND {condition} GROUP BY team_id"  # noqa: S608  (constants)
        for word, condition in (*conditions, ("gone", "gone_at IS NOT NULL"))
    ]
    parts.append(f"SELECT team_id, '', MIN(expired_time) {of_teams} AND expired_time > %(at)s GROUP BY team_id")  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), {"at": at})
        for pk, word, number in cursor.fetchall():
            if word:
                found[pk].by_word[word] = found[pk].by_word.get(word, 0) + number
            else:
                found[pk].until = number
    return found


def _with_others(counts: dict[str, int], others: int) -> dict[str, int]:
    return {**counts, OTHER: others} if others else counts
