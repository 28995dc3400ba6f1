"""`manage.py ship_records`: what has not been shipped yet, as JSON lines on standard output."""

import sys
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import ngettext

from keys.management.trouble import DatabaseCommand
from keys.services.shipping import ship, ship_from


class Command(DatabaseCommand):
    help = "Write each record that was not shipped yet as one JSON line (ECS) to standard output, in order."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--after", type=int, metavar="SEQ", help="begin again behind this record; 0 for all")

    def handle(self, *args: Any, after: int | None, **options: Any) -> None:
        if after is not None:
            ship_from(max(0, after))
        count = ship(sys.stdout)
        self.stderr.write(ngettext("%(n)d record shipped", "%(n)d records shipped", count) % {"n": count})
