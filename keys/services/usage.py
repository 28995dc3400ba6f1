"""What a key spent in the last seven days, as far as CometAPI's usage log tells; without one, nothing is said of it.

Read when somebody asks to see it, kept in the cache, so that a check of the form has it without asking upstream.
"""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from django.conf import settings
from django.core.cache import cache

from keys.errors import UpstreamError
from keys.models import Team
from keys.services.access_tokens import NoAccessToken, client_for
from keys.types import Deadline, KeySnapshot, Spent

WEEK_S: Final = 7 * 24 * 60 * 60
MOST_PAGES: Final = 5
KEPT_S: Final = 15 * 60
MISSED_S: Final = 60
"""How long a log that did not answer is left alone."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What was charged to one key since `since` (Unix seconds), until `until`.

    units: in all. models: id -> units. whole: the log was read back a full week; else `since` is where reading ended.
    """

    units: int
    since: int
    until: int
    models: dict[str, int] = field(default_factory=dict)
    whole: bool = True

    def lasts_s(self, left_units: int) -> int | None:
        """Seconds that `left_units` last at this pace; None where nothing was spent. Whole seconds, no floats."""
        if self.units <= 0 or self.until <= self.since:
            return None
        return max(0, left_units) * (self.until - self.since) // self.units


def known_usage(team: Team, key_id: int) -> Usage | None:
    """What was read of the log lately; asks nobody."""
    kept = cache.get(_name(team, key_id))
    return Usage(**json.loads(kept)) if kept else None


def last_week(team: Team, key: KeySnapshot) -> Usage | None:
    """The last seven days of this key; None where the log is absent or odd: that never is an error here."""
    kept = cache.get(_name(team, key.id))
    if kept is not None:
        return Usage(**json.loads(kept)) if kept else None
    usage = _read(team, key)
    text = json.dumps({name: getattr(usage, name) for name in Usage.__slots__}) if usage else ""
    cache.set(_name(team, key.id), text, KEPT_S if usage else MISSED_S)
    return usage


def _read(team: Team, key: KeySnapshot) -> Usage | None:
    deadline = Deadline.after(settings.WAITS.usage_s)
    until = int(time.time())
    since, seen, rows, whole = until - WEEK_S, 0, list[Spent](), False
    try:
        client = client_for(team)
        for number in range(1, MOST_PAGES + 1):
            page = client.spent(number, key.settings.name, since, deadline)
            rows += page.items
            seen += page.rows
            # Also where the start that was asked for is ignored: then older rows tell that the week is over.
            whole = not page.rows or seen >= page.total or any(row.at < since for row in page.items)
            if whole:
                break
    except (UpstreamError, NoAccessToken):
        return None
    begun = since if whole else min((row.at for row in rows), default=until)
    return _summed([row for row in rows if row.at >= since and _is_of(row, key)], begun, until, whole)


def _is_of(row: Spent, key: KeySnapshot) -> bool:
    """CometAPI filters names by substring, so each row is looked at again; by id where it tells one."""
    return row.key_id == key.id if row.key_id is not None else row.key_name == key.settings.name


def _summed(rows: Iterable[Spent], since: int, until: int, whole: bool) -> Usage:
    models: dict[str, int] = {}
    for row in rows:
        models[row.model] = models.get(row.model, 0) + row.units
    return Usage(sum(models.values()), since, until, models, whole)


def _name(team: Team, key_id: int) -> str:
    return f"usage:{team.account_id}:{key_id}"
