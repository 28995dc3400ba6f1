"""What a key spent in the last seven days, as far as CometAPI's usage log tells; without one, nothing is said of it.

Read when somebody asks to see it, kept in the cache, so that a check of the form has it without asking upstream.
"""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from django.conf import settings
from django.core.cache import cache

from keys.models import Team
from keys.services.access_tokens import NoAccessToken, client_for
from keys.services.usage_log import Whose, names_of, read_back
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
    try:
        client = client_for(team)
    except NoAccessToken:
        return None
    since = datetime.fromtimestamp(until - WEEK_S, UTC)
    whose = Whose(key.id, names_of(key.user_id, key.id, since, key.settings.name))
    found = read_back(client, whose, until - WEEK_S, None, MOST_PAGES, deadline)
    return None if found.fault else _summed(found.rows, found.since, until, found.whole)


def _summed(rows: Iterable[Spent], since: int, until: int, whole: bool) -> Usage:
    models: dict[str, int] = {}
    for row in rows:
        models[row.model] = models.get(row.model, 0) + row.units
    return Usage(sum(models.values()), since, until, models, whole)


def _name(team: Team, key_id: int) -> str:
    return f"usage:{team.account_id}:{key_id}"
