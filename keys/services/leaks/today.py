"""What leaked keys spent today, in the reader's zone: by the usage log within a short time, else by our own readings.

Never more is said than is known: at least, where the log was not read to its end; at most, where a reading of an
earlier day is all there is to compare with; else unknown.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.core.cache import cache

from keys.models import Leaked
from keys.selectors.spending import used_since
from keys.services.access_tokens import NoAccessToken, client_for
from keys.services.usage_log import Whose, names_of, read_back, seat
from keys.types import Deadline

MOST_PAGES: Final = 3
KEPT_S: Final = 60


@dataclass(frozen=True, slots=True)
class Today:
    """how: `log`, `at_least`, `at_most`, `all` (made today: all it ever used) or `unknown`.

    units: 0 where unknown. since, until: Unix seconds, of what was read.
    """

    how: str
    units: int = 0
    since: int = 0
    until: int = 0


def known_today(rows: Sequence[Leaked], midnight: datetime) -> dict[int, Today]:
    """Row -> what was found out lately; asks nobody."""
    kept: Mapping[str, str] = cache.get_many([_name(row, midnight) for row in rows])
    told = {row.pk: kept.get(_name(row, midnight)) for row in rows}
    return {pk: Today(**json.loads(text)) for pk, text in told.items() if text}


def spent_today(rows: Sequence[Leaked], midnight: datetime) -> dict[int, Today]:
    """rows: with their teams. midnight: when the reader's day began. Raises nothing."""
    found = known_today(rows, midnight)
    until, fresh = Deadline.after(settings.WAITS.usage_s), {}
    with seat() as seated:
        for row in rows:
            if row.pk not in found:
                logged = _by_log(row, midnight, until) if seated and not until.passed else None
                fresh[row.pk] = logged or _by_readings(row, midnight)
    kept = {_name(row, midnight): json.dumps(asdict(fresh[row.pk])) for row in rows if row.pk in fresh}
    cache.set_many(kept, KEPT_S)
    return found | fresh


def _by_log(row: Leaked, midnight: datetime, until: Deadline) -> Today | None:
    assert row.team and row.account_id is not None and row.key_id is not None  # noqa: S101  (found keys have them)
    since, read_at = int(midnight.timestamp()), int(time.time())
    whose = Whose(row.key_id, names_of(row.account_id, row.key_id, midnight, row.name))
    try:
        found = read_back(client_for(row.team), whose, since, None, MOST_PAGES, until)
    except NoAccessToken:
        return None
    if found.whole:
        return Today("log", sum(one.units for one in found.rows), since, read_at)
    return Today("at_least", sum(one.units for one in found.rows), found.since, read_at) if found.rows else None


def _by_readings(row: Leaked, midnight: datetime) -> Today:
    assert row.account_id is not None and row.key_id is not None  # noqa: S101  (found keys have them)
    used = used_since(row.account_id, row.key_id, midnight)
    if used is None:
        return Today("unknown")
    how = "all" if used.since is None else "at_most"
    return Today(how, used.units, int((used.since or midnight).timestamp()), int(used.until.timestamp()))


def _name(row: Leaked, midnight: datetime) -> str:
    return f"leak-today:{row.account_id}:{row.key_id}:{int(midnight.timestamp())}"
