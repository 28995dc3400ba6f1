"""`manage.py export_ledger --output FILE`: what the history page would show for the same filters, as a file."""

import os
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error
from django.utils.translation import ngettext

from keys.errors import Invalid, LedgerError
from keys.forms.meant import meanings
from keys.management.trouble import no_database
from keys.models import Team
from keys.selectors.history_filter import HistoryFilter
from keys.selectors.known import recorded_request_id
from keys.selectors.ledger_filter import LedgerFilter
from keys.services.export_lines import pieces_of
from keys.services.exporting import Format, begin_export
from keys.types import Actor, ActorKind

TOLD_EVERY = 16 * 1024 * 1024
"""Bytes between two lines of progress."""
_NUMBER = re.compile("[0-9]{1,30}")


class Command(BaseCommand):
    help = "Export records of the ledger. The export is itself recorded; a bundle can be checked by outsiders."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="must not be there yet")
        parser.add_argument("--format", choices=list(map(str, Format)), default=str(Format.BUNDLE))
        parser.add_argument("--team", default="", help="short name, or number as recorded")
        parser.add_argument("--key", type=int, metavar="NUMBER", help="of a key of that team")
        parser.add_argument("--actor", default="", help="name as recorded, or #7 for the person with the number 7")
        parser.add_argument("--action", default="", help="such as key.edit")
        parser.add_argument("--outcome", default="", help="such as confirmed")
        parser.add_argument("--since", type=_moment, metavar="TIME", help="ISO; UTC where no offset is given")
        parser.add_argument("--until", type=_moment, metavar="TIME", help="before this")
        parser.add_argument("--text", default="", help="in the reason or the key's name")
        parser.add_argument("--field", default="", help="a changed field, such as allow_ips")
        parser.add_argument("--value", default="", help="in what a field was before, or became")
        parser.add_argument("--request-id", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        output: Path = options["output"]
        if output.exists():
            raise CommandError(f"{output} is there already; nothing was overwritten")
        actor = Actor(ActorKind.SYSTEM, "", "export_ledger")
        try:
            export = begin_export(person=None, actor=actor, wanted=_wanted(options), form=Format(options["format"]))
            records = ngettext("%(n)d record", "%(n)d records", export.count) % {"n": export.count}
            entries = ngettext("%(n)d entry", "%(n)d entries", export.entries) % {"n": export.entries}
            self.stderr.write(f"{records}, told as {entries}; this export is record {export.record.seq}")
            self._write(output, pieces_of(export, Format(options["format"])))
        except Invalid as error:
            raise CommandError(str(error)) from None
        except LedgerError as error:
            raise CommandError(str(error)) from None
        except Error as error:
            raise no_database(error) from None
        except OSError as error:
            raise CommandError(f"{output}: {error.strerror or error}") from None

    def _write(self, output: Path, pieces: Iterable[bytes]) -> None:
        """Whole or not at all: under another name until it is."""
        part, size, told = output.with_name(f".{output.name}.part"), 0, 0
        try:
            with part.open("wb") as file:
                for piece in pieces:
                    size += file.write(piece)
                    if size - told >= TOLD_EVERY:
                        told = size
                        self.stderr.write(f"{size // 2**20} MB written")
                file.flush()
                os.fsync(file.fileno())
            os.link(part, output)
        finally:
            part.unlink(missing_ok=True)
        self.stderr.write(f"{output}: {size} bytes")


def _wanted(options: dict[str, Any]) -> HistoryFilter:
    names = ("actor", "action", "outcome", "since", "until", "text")
    about = {name: options[name] for name in names} | {"request_id": recorded_request_id(options["request_id"])}
    records = LedgerFilter(team=_team(options["team"]), key_id=options["key"], **about)
    meant = meanings(options["value"], ZoneInfo("UTC"))
    return HistoryFilter(records, options["field"], options["value"], meant)


def _team(typed: str) -> int | None:
    """Raises CommandError for a short name that no team has; a number is taken as recorded, for teams that are gone."""
    if not typed:
        return None
    team = Team.objects.filter(slug=typed).values_list("pk", flat=True).first() if typed.isascii() else None
    if team is None and not _NUMBER.fullmatch(typed):
        raise CommandError(f"there is no team {ascii(typed)}")
    return int(typed) if team is None else team


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
