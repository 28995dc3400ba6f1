"""`manage.py leak scan FILE|-` and `leak disable FILE|-`: the leak desk without a browser, in JSON, with exit codes."""

import json
import sys
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error
from django.utils import timezone

from keys.errors import CometAdminError
from keys.leaks.scan import MOST_BYTES
from keys.management.trouble import TROUBLE, no_database
from keys.models import Incident, Leaked
from keys.selectors.leak_words import WHY
from keys.selectors.leaks import level_of
from keys.services.leaks import desk, pressing
from keys.types import Actor, ActorKind, Deadline

COMMAND = Actor(ActorKind.SYSTEM, "", "leak command", role="system")
CLEAN, FOUND, UNKNOWN = 0, 1, 3
DEAD = ("refused", "again", "last")


class Command(BaseCommand):
    help = (
        "Look for leaked keys in a file, or in what is piped in (-). scan: tell whose they are; exit 0 none, 1 some. "
        "disable: disable them and try them; exit 0 none, or all proven refused; 1 not all. 2: it could not be done. "
        "3: else it would be 0, but a secret of our keys' shape is of no key known here, or not all of the file "
        "could be read (packed, over 16 MB, too many candidates or escapes)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=("scan", "disable"))
        parser.add_argument("file", help="a file, or - for standard input")
        parser.add_argument("--wait", type=float, default=90.0, help="seconds to wait for proof (90)")

    def handle(self, *args: Any, **options: Any) -> None:
        data = _read(options["file"])
        try:
            told, code = _scan(data) if options["what"] == "scan" else _disable(data, options["wait"])
        except CometAdminError as error:
            raise CommandError(str(error), returncode=TROUBLE) from None
        except Error as error:
            raise no_database(error) from None
        self.stdout.write(json.dumps(told, indent=2))
        if code:
            sys.exit(code)


def _read(name: str) -> bytes:
    """A byte more than is looked at, so that the answer says what was cut. Raises CommandError."""
    try:
        if name == "-":
            return sys.stdin.buffer.read(MOST_BYTES + 1)
        with Path(name).open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}", returncode=TROUBLE) from None


def _scan(data: bytes) -> tuple[dict[str, Any], int]:
    sort = desk.look_through(None, COMMAND, data)
    found = [
        {
            "team": match.key.team.slug,
            "key_id": match.key.key_id,
            "name": match.key.name,
            "masked": match.key.masked,
            "sure": match.by != "unsure",
            "lines": list(candidate.lines),
        }
        for candidate, match in sort.found.values()
    ]
    told = {"found": found, "not_found": len(sort.strays), "scan": desk.unread_of(sort)}
    return told, FOUND if found else _else(sort)


def _disable(data: bytes, wait_s: float) -> tuple[dict[str, Any], int]:
    sort, incident = desk.open_incident(person=None, actor=COMMAND, data=data, pasted_at=timezone.now())
    if incident is None or not sort.found:
        number = incident.pk if incident else None
        return {"leak": number, "keys": [], "not_found": len(sort.strays), "scan": desk.unread_of(sort)}, _else(sort)
    pressing.press(person=None, actor=COMMAND, incident=incident)
    until = Deadline.after(wait_s)
    while not until.passed and not _all_dead(incident):
        time.sleep(min(0.5, until.left_s()))
        pressing.go_on(incident, until)
    keys = [_told(row, incident) for row in incident.leaked.filter(team__isnull=False).select_related("team")]
    told = {"leak": incident.pk, "keys": keys, "not_found": len(sort.strays), "scan": desk.unread_of(sort)}
    return told, _else(sort) if all(key["proof"] in DEAD for key in keys) else FOUND


def _else(sort: desk.Sorted) -> int:
    """Where nothing of what was found is left to be done. An old list of keys, and what was not read, clear nobody."""
    scan = sort.scan
    return UNKNOWN if sort.strays or scan.packed or scan.cut or scan.beyond or scan.wrapped else CLEAN


def _all_dead(incident: Incident) -> bool:
    return not incident.leaked.filter(team__isnull=False, refused_at=None).exclude(found_by="unsure").exists()


def _told(row: Leaked, incident: Incident) -> dict[str, Any]:
    after = (row.refused_at - incident.pasted_at).total_seconds() if row.refused_at else None
    return {
        "team": row.team.slug if row.team else "",
        "key_id": row.key_id,
        "name": row.name,
        "masked": row.masked,
        "lines": row.lines,
        "proof": level_of(row),
        "refused_after_s": after,
        "unproven": str(WHY.get(row.why, "")),
    }
