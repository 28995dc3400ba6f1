"""Record that the first of LEDGER_KEYS follows the one in use, under both; the old one stays behind to verify."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from keys.errors import LedgerError
from keys.services.rotating import rotate_ledger_key
from keys.types import Actor, ActorKind


class Command(BaseCommand):
    help = "Record, under both keys, that the first of LEDGER_KEYS follows the one in use. Again it does nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            old = rotate_ledger_key(actor=Actor(ActorKind.SYSTEM, "", "rotate_ledger_key"))
        except LedgerError as error:
            raise CommandError(str(error)) from None
        self.stdout.write("Nothing to do: the first key is the one in use." if old is None else f"It follows {old}.")
