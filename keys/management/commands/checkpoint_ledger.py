"""`manage.py checkpoint_ledger`: a signed checkpoint now, for a timer or before a backup."""

from contextlib import suppress
from typing import Any

from django.core.management.base import CommandError, CommandParser

from keys.management.trouble import DatabaseCommand
from keys.services.checkpoints import (
    Contradicted,
    checkpoint_if_due,
    contradiction,
    make_checkpoint,
    not_delivered,
)


class Command(DatabaseCommand):
    help = "Sign what the ledger is now, write it to CHECKPOINT_FILE and, as one JSON line, to standard output."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--if-due", action="store_true", help="only after 100 records or 5 minutes")

    def handle(self, *args: Any, **options: Any) -> None:
        with suppress(Contradicted):
            checkpoint_if_due() if options["if_due"] else make_checkpoint()
        if fault := contradiction():
            raise CommandError(f"Nothing was signed: {fault}. Run verify_ledger.")
        if faults := not_delivered():
            raise CommandError(f"Signed and kept, but not written: {'; '.join(faults)}.")
