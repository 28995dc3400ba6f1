"""Records shipped as JSON lines to standard output, in order and at least once: what stands there is marked afterwards.

Only the worker and a command ship; nothing that a person does waits for it.
"""

import sys
from functools import partial
from typing import Final, TextIO

from django.conf import settings
from django.db import DatabaseError

from keys.ledger import ecs
from keys.ledger.columns import COLUMNS
from keys.ledger.raw import legibly
from keys.models import Delivery, Record
from keys.services.deliveries import begin_again, failed, went_well
from keys.types import Deadline

NAME: Final = "shipping"
BATCH: Final = 500
FIELDS: Final = ("seq", *COLUMNS, "digest", "previous", "link", "seal", "seal_key", "text")


def ship_new(until: Deadline, out: TextIO | None = None) -> int:
    """Ship what has not been shipped yet; how many. For the schedule: 0 unless SHIP_RECORDS is set."""
    return ship(out or sys.stdout, until) if settings.SHIP_RECORDS else 0


def ship(out: TextIO, until: Deadline | None = None) -> int:
    """As `ship_new`, whatever the setting says. What cannot be written raises an alarm, and is shipped next time.

    So does a record that somebody has altered so that it cannot be told: all before it are shipped. until: one batch
    at least, then no further; None: all.
    """
    shipped = 0
    after = Delivery.objects.filter(name=NAME).values_list("seq", flat=True).first() or 0
    while True:
        lines, fault = legibly(partial(_lines, after))
        try:
            out.write("".join(lines.values()))
            out.flush()
        except (OSError, ValueError) as error:
            lines, fault = {}, str(error) or type(error).__name__
        if lines:
            after = max(lines)
            shipped += len(lines)
            went_well(NAME, after)
        if fault:
            failed(NAME, fault)
        if fault or not lines or (until and until.passed):
            return shipped


def _lines(after: int) -> tuple[dict[int, str], str]:
    """The next lines behind this record, by seq, up to one that cannot be told; and why it cannot."""
    lines: dict[int, str] = {}
    rows = Record.objects.filter(seq__gt=after).order_by("seq").values(*FIELDS)[:BATCH]
    try:
        for row in rows.iterator():
            lines[row["seq"]] = ecs.line(row) + "\n"
    except DatabaseError:
        raise
    except Exception as error:
        return lines, f"record {max(lines, default=after) + 1} cannot be told ({type(error).__name__})"
    return lines, ""


def ship_from(seq: int) -> None:
    """Begin again behind this record, such as for a log that was lost."""
    begin_again(NAME, seq)
