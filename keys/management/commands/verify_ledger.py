"""`manage.py verify_ledger`: is the ledger as it was written? Exit 0 sound, 1 damaged, 2 cannot verify."""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from keys.errors import ChainBroken
from keys.ledger import guards
from keys.ledger.verify import UNREADABLE, CannotVerify, verify

SOUND, DAMAGED, CANNOT = 0, 1, 2


class Command(BaseCommand):
    help = (
        "Verify every record of the ledger. Exit 0: sound, 1: damaged (the first bad seq is named), 2: cannot verify."
    )
    requires_system_checks: tuple[str, ...] = ()

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            code = self._verify()
        except ChainBroken as broken:
            code = DAMAGED
            self.stdout.write(f"damaged: record {broken.seq}: {broken.what}")
            self.stdout.write(f"  expected: {broken.expected}\n  found:    {broken.found}")
        except CannotVerify as error:
            code = CANNOT
            self.stderr.write(f"cannot verify: {error}")
        except UNREADABLE as error:
            code = CANNOT
            self.stderr.write(f"cannot verify: the database failed ({type(error).__name__})")
        if code:
            sys.exit(code)

    def _verify(self) -> int:
        sound = verify(settings.LEDGER_KEYS)
        self.stdout.write(f"sound: {sound.records} records, {sound.open} changes without an outcome, link {sound.link}")
        lacking = guards.missing()
        for name in lacking:
            self.stdout.write(f"damaged: the guard {name} is missing or altered (`manage.py migrate` lays it again)")
        return DAMAGED if lacking else SOUND
