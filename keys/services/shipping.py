"""Records shipped as JSON lines to standard output, in order and at least once: what stands there is marked afterwards.

Only the worker and a command ship; nothing that a person does waits for it.
"""

import sys
from typing import Final, TextIO

from django.conf import settings
from django.db import DatabaseError

from keys.ledger import ecs
from keys.ledger.columns import COLUMNS
from keys.models import Delivery, Record
from keys.services.deliveries import begin_again, failed, went_well

NAME: Final = "shipping"
BATCH: Final = 500
FIELDS: Final = ("seq", *COLUMNS, "digest", "previous", "link", "seal", "seal_key", "text")


def ship_new(out: TextIO | None = None) -> int:
    """Ship what has not been shipped yet; how many. For the schedule: 0 unless SHIP_RECORDS is set."""
    return ship(out or sys.stdout) if settings.SHIP_RECORDS else 0


def ship(out: TextIO) -> int:
    """As `ship_new`, whatever the setting says. What cannot be written raises an alarm, and is shipped next time.

    So does a record that somebody has altered so that it cannot be told: all before it are shipped.
    """
    shipped = 0
    after = Delivery.objects.filter(name=NAME).values_list("seq", flat=True).first() or 0
    while True:
        lines, fault = _lines(after, BATCH)
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
        if fault or not lines:
            return shipped


def _lines(after: int, most: int) -> tuple[dict[int, str], str]:
    """The next lines behind this record, by seq, up to one that cannot be told; and why it cannot."""
    lines: dict[int, str] = {}
    rows = Record.objects.filter(seq__gt=after).order_by("seq").values(*FIELDS)[:most]
    try:
        for row in rows.iterator():
            lines[row["seq"]] = ecs.line(row) + "\n"
    except DatabaseError:
        raise
    except Exception as error:
        if not lines and most > 1:  # one that the database's driver cannot read takes those fetched with it along
            return _lines(after, 1)
        return lines, f"record {max(lines, default=after) + 1} cannot be told ({type(error).__name__})"
    return lines, ""


def ship_from(seq: int) -> None:
    """Begin again behind this record, such as for a log that was lost."""
    begin_again(NAME, seq)
