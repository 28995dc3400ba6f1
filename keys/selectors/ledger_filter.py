"""Which records are asked for: one plain value that the history page, the export and its command share."""

import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from django.db import connection
from django.db.models import BooleanField, F, Func, Q, QuerySet, Value

from keys.models import Record
from keys.types import ActorKind


class Among(StrEnum):
    """By what an outsider can count that none was left out: `seq`, `team_n` or `key_n` of the records."""

    ALL = "all"
    TEAM = "team"
    KEY = "key"


@dataclass(frozen=True, slots=True)
class LedgerFilter:
    """All that is given must hold. None and "" ask for nothing.

    team: primary key of a team, as recorded (`team_id`). key_id: CometAPI's id of a key.
    actor: a name exactly as recorded, or `#7` for the person with the primary key 7 under whatever name.
    action: such as `key.edit`. outcome: such as `confirmed`. request_id: exactly.
    since, until: aware; from since on, before until. text: anywhere in the reason or the key's name, in either case.
    """

    team: int | None = None
    key_id: int | None = None
    actor: str = ""
    action: str = ""
    outcome: str = ""
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    request_id: str = ""

    def apply(self, records: QuerySet[Record]) -> QuerySet[Record]:
        """Those of `records` that match; their order stays."""
        exactly: dict[str, Any] = {
            "team_id": self.team,
            "key_id": self.key_id,
            "action": self.action,
            "outcome": self.outcome,
            "request_id": self.request_id,
            "time__gte": self.since,
            "time__lt": self.until,
        }
        records = records.filter(**{name: value for name, value in exactly.items() if value not in (None, "")})
        if self.actor:
            records = records.filter(_by(self.actor))
        if self.text:
            records = records.filter(_holds("reason", self.text) | _holds("key_name", self.text))
        return records

    @property
    def countable(self) -> Among | None:
        """How an outsider can check that no match was left out of an export; None where that cannot be shown.

        Records are numbered in all, within their team and within their key; whether a record that is told only by its
        digest has a certain actor, action, outcome or text, no number can show.
        """
        if self.actor or self.action or self.outcome or self.text or self.request_id:
            return None
        if self.key_id is not None:
            return Among.KEY if self.team is not None else None
        return Among.ALL if self.team is None else Among.TEAM

    def told(self) -> dict[str, Any]:
        """What is asked for, as a record keeps it and an export tells it: times as text in UTC, the rest as given."""
        given = {name: value for name, value in asdict(self).items() if value not in (None, "")}
        return {name: _utc(value) if isinstance(value, datetime) else value for name, value in given.items()}


def _holds(column: str, text: str) -> Q:
    """Is the text anywhere in the column, in either case?

    Beyond A to Z, SQLite's LIKE knows one case alone, and PostgreSQL's as many as its locale: each letter is asked for
    as either. By GLOB on SQLite, where REGEXP is Python's and fails on a damaged text.
    """
    if text.isascii():
        return Q(**{f"{column}__icontains": text})
    if connection.vendor == "sqlite":
        pattern = Value(f"*{''.join('^' if c == '^' else f'[{_cases(c)}]' for c in text)}*")
        glob = {"template": "%(expressions)s", "arg_joiner": " GLOB ", "output_field": BooleanField()}
        return Q(Func(F(column), pattern, **glob))
    each = (f"[{cases}]" if len(cases := _cases(c)) > 1 else re.escape(c) for c in text)
    return Q(**{f"{column}__regex": "".join(each)})


def _cases(character: str) -> str:
    upper = character.upper()
    cases = {character, character.lower(), upper, upper.lower()}
    return "".join(sorted(one for one in cases if len(one) == 1))


def _by(actor: str) -> Q:
    number = actor[1:]
    if actor.startswith("#") and number.isascii() and number.isdecimal():
        return Q(actor_kind=ActorKind.PERSON, actor_id=number)
    return Q(actor=actor)


def _utc(moment: datetime) -> str:
    """As records tell time, to the microsecond, so that texts can be compared."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
