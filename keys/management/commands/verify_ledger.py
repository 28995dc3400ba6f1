"""`manage.py verify_ledger`: is the ledger as it was written? Exit 0 sound, 1 damaged, 2 cannot verify."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import ngettext

from keys.services.verification import CANNOT, DAMAGED, SOUND, Report, verify_new, verify_whole

CODES = {SOUND: 0, DAMAGED: 1, CANNOT: 2}


class Command(BaseCommand):
    help = (
        "Verify the whole ledger and the history's index, whatever was found before; "
        "or what came since the last sound verdict (--new). "
        "Exit 0: sound, 1: damaged (the first bad record is named), 2: cannot verify."
    )
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: CommandParser) -> None:
        # Nobody who asks by hand is told "sound" of records that were not read: an alarm may be why they ask.
        scope = parser.add_mutually_exclusive_group()
        scope.add_argument("--whole", action="store_true", help="from the first record on: what it does by itself")
        scope.add_argument("--new", action="store_true", help="only what came since the last sound verdict: quick")
        parser.add_argument(
            "--checkpoint",
            metavar="FILE",
            type=Path,
            action="append",
            default=[],
            help="compare with the checkpoints in this file too; may be given several times",
        )

    def handle(self, *args: Any, new: bool, checkpoint: list[Path], **options: Any) -> None:
        report = (verify_new if new else verify_whole)(tuple(checkpoint))
        if report.broken:
            self.stdout.write(f"damaged: record {report.broken.seq}: {report.broken.what}")
            self.stdout.write(f"  expected: {report.broken.expected}\n  found:    {report.broken.found}")
        elif report.sound:
            self.stdout.write(self._sound(report))
        for name in report.lacking:
            self.stdout.write(f"damaged: the guard {name} is missing or altered (`manage.py migrate` lays it again)")
        for fault in report.faults:
            self.stdout.write(f"damaged: {fault}")
        if report.unindexed:
            told = (
                f"from record {report.unindexed} on it tells otherwise than the records, which are not touched by this"
            )
            self.stdout.write(f"damaged: the history's index: {told} (`manage.py reindex_history` makes it anew)")
        for note in report.notes:
            self.stdout.write(f"note: {note}")
        if report.unable:
            self.stderr.write(f"cannot verify: {report.unable}")
        if code := CODES[report.outcome]:
            sys.exit(code)

    def _sound(self, report: Report) -> str:
        sound = report.sound
        assert sound is not None  # noqa: S101  (asked by the caller)
        parts = ["sound: " + _n(ngettext("%(n)d record", "%(n)d records", sound.records), sound.records)]
        if report.after:
            parts.append(
                f"{sound.records - report.after} of them new since the last verdict (--whole reads all of them)"
            )
        else:
            still = sound.open or 0
            words = ngettext("%(n)d change without an outcome", "%(n)d changes without an outcome", still)
            parts.append(_n(words, still))
        compared = ngettext("%(n)d checkpoint compared", "%(n)d checkpoints compared", report.checkpoints)
        return ", ".join([*parts, _n(compared, report.checkpoints), f"link {sound.link}"])


def _n(words: str, n: int) -> str:
    return words % {"n": n}
