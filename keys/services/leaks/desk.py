"""Opening an incident: scan what was pasted, drop it, tell whose keys are in it, hold their secrets sealed."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.utils import timezone

from keys import permissions
from keys.errors import Denied
from keys.leaks.candidate import Candidate, Secret
from keys.leaks.scan import Scan, scan
from keys.ledger import book
from keys.ledger.actions import Action
from keys.models import Incident, Leaked, MirrorKey, Person, Team
from keys.permissions import Verb
from keys.services import journal
from keys.services.denials import record_denial
from keys.services.leaks import holding, matching
from keys.services.leaks.matching import Match
from keys.types import Actor, ActorKind

MOST_STRAYS: Final = 100
"""Secrets of our keys' shape that were not found and are held all the same, to look again."""


UNREAD: Final = ("bytes", "lines", "unread", "cut", "beyond", "packed", "wrapped")


@dataclass(slots=True)
class Sorted:
    """What one paste came to. found: keys that the person may handle, once each.

    strays: of our keys' shape and not found, or another team's key: to who pasted it the two look alike. others: how
    many candidates there were of some other shape.
    """

    scan: Scan
    found: dict[int, tuple[Candidate, Match]] = field(default_factory=dict)
    strays: list[tuple[Candidate, Match | None]] = field(default_factory=list)
    others: int = 0


def may_handle(person: Person | None, actor: Actor) -> set[int]:
    """The teams whose leaked keys they may handle; raises Denied, with its record, where there is none.

    person: None for whoever runs a management command on the machine.
    """
    if person is None and actor.kind is ActorKind.SYSTEM:
        return set(Team.objects.values_list("pk", flat=True))
    teams = set(permissions.teams_where(person, Verb.HANDLE_LEAKS).values_list("pk", flat=True)) if person else set()
    if not teams and not (person and permissions.allowed(person, Verb.HANDLE_ALL_LEAKS)):
        record_denial(actor, Verb.HANDLE_LEAKS, None)
        raise Denied(str(Verb.HANDLE_LEAKS))
    return teams


def look_through(person: Person | None, actor: Actor, data: bytes) -> Sorted:
    """Scan and match; nothing is kept or recorded. Where nothing could be recorded, nothing is sent. Raises Denied."""
    teams = may_handle(person, actor)
    result = scan(data, matching.shapes())
    sort = Sorted(result)
    body = {"leak": 0, "keys_found": 0, "not_found": len(result.found)}
    opening = book.Entry(action=Action.LEAK_OPEN, actor=actor, body=body)
    matches = matching.match(result.found, lambda: journal.can_record(opening))
    for place, candidate in enumerate(result.found):
        match = matches.get(place)
        if match and match.key.team_id in teams:
            sort.found.setdefault(match.key.pk, (candidate, match))
        elif match or candidate.shaped:
            sort.strays.append((candidate, match))
        else:
            sort.others += 1
    return sort


def open_incident(
    *, person: Person | None, actor: Actor, data: bytes, pasted_at: datetime
) -> tuple[Sorted, Incident | None]:
    """Look through a paste, and open an incident for what is ours or may be; None when there is nothing of the kind.

    Raises Denied; LedgerUnavailable when it cannot be recorded: then nothing is kept.
    """
    sort = look_through(person, actor, data)
    return sort, record_incident(person, actor, sort, pasted_at) if sort.found or sort.strays else None


def record_incident(person: Person | None, actor: Actor, sort: Sorted, pasted_at: datetime) -> Incident:
    """One transaction: the incident, its sealed secrets, its records. Raises LedgerUnavailable."""
    with journal.opened() as ledger:
        incident = Incident.objects.create(
            pasted_at=pasted_at,
            opened_by=person,
            opened_name=actor.name[:200],
            unread=unread_of(sort),
            beyond=max(0, len(sort.strays) - MOST_STRAYS),
            hold_until=pasted_at + timedelta(seconds=settings.WAITS.leak_hold_s),
        )
        body = {"leak": incident.pk, "keys_found": len(sort.found), "not_found": len(sort.strays)}
        ledger.append(book.Entry(action=Action.LEAK_OPEN, actor=actor, body=body))
        for candidate, match in sort.found.values():
            row = _row(incident, candidate, match.secret, match)
            _record_found(ledger, actor, row, match.key.team)
        for candidate, _ in sort.strays[:MOST_STRAYS]:
            _row(incident, candidate, candidate.values[0], None)
        for _, elsewhere in sort.strays:
            if elsewhere:
                _record_elsewhere(ledger, actor, incident, elsewhere.key)
    return incident


def claim_stray(ledger: book.Ledger, actor: Actor, row: Leaked, key: MirrorKey, by: str) -> bool:
    """A secret that was not found before is a key of ours by now.

    False, and nothing is recorded: the incident has that key already, or the row is not as it was when `row` was read.
    """
    # Others look too, and press meanwhile: neither their proof nor what was destroyed is written over by an old copy.
    as_read = Leaked.objects.filter(pk=row.pk, team=row.team_id, found_by=row.found_by, pressed_at=None)
    same = Leaked.objects.filter(incident=row.incident_id, account_id=key.account_id, key_id=key.key_id)
    if same.exclude(pk=row.pk).exists():
        as_read.delete()
        return False
    columns = _described(key, by)
    if not as_read.update(**columns):
        return False
    for name, value in columns.items():
        setattr(row, name, value)
    _record_found(ledger, actor, row, key.team)
    return True


def unread_of(sort: Sorted) -> dict[str, Any]:
    """What a page says of the scan: numbers and lines alone."""
    result = sort.scan
    told: dict[str, Any] = {name: getattr(result, name) for name in UNREAD}
    told |= {"masked": list(result.masked), "others": sort.others}
    return {name: value for name, value in told.items() if value}


def _row(incident: Incident, candidate: Candidate, secret: Secret, match: Match | None) -> Leaked:
    told: dict[str, Any] = {"lines": list(candidate.lines), "count": candidate.count, "hidden": candidate.hidden}
    told |= _described(match.key, match.by) if match else {}
    row = Leaked.objects.create(incident=incident, prints=matching.prints_of(candidate), **told)
    holding.hold(row, secret)
    row.save(update_fields=("length", "sealed"))
    return row


def _described(key: MirrorKey, by: str) -> dict[str, Any]:
    return {
        "team": key.team,
        "account_id": key.account_id,
        "key_id": key.key_id,
        "name": key.name,
        "masked": key.masked,
        "found_by": by,
        "next_at": None if by == "unsure" else timezone.now(),
    }


def _record_found(ledger: book.Ledger, actor: Actor, row: Leaked, team: Team) -> None:
    body = {"leak": row.incident_id, "lines": ", ".join(map(str, row.lines)), "proof": row.found_by}
    more: dict[str, Any] = {"team": team, "key_id": row.key_id, "key_name": row.name}
    ledger.append(book.Entry(action=Action.LEAK_FOUND, actor=actor, body=body, **more))


def _record_elsewhere(ledger: book.Ledger, actor: Actor, incident: Incident, key: MirrorKey) -> None:
    """Said to the other team's lead and to admins by this record; to who pasted it, never."""
    more: dict[str, Any] = {"team": key.team, "key_id": key.key_id, "key_name": key.name}
    ledger.append(book.Entry(action=Action.LEAK_ELSEWHERE, actor=actor, body={"leak": incident.pk}, **more))
