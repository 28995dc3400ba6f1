"""Records shipped as JSON lines to standard output, in order and at least once: what stands there is marked afterwards.

Only the worker and a command ship; nothing that a person does waits for it.
"""

import sys
from typing import Final, TextIO

from django.conf import settings

from keys.ledger import ecs
from keys.ledger.columns import COLUMNS
from keys.models import Delivery, Record
from keys.services.deliveries import failed, went_well

NAME: Final = "shipping"
BATCH: Final = 500
FIELDS: Final = ("seq", *COLUMNS, "digest", "previous", "link", "seal", "seal_key", "text")


def ship_new(out: TextIO | None = None) -> int:
    """Ship what has not been shipped yet; how many. For the schedule: 0 unless SHIP_RECORDS is set."""
    return ship(out or sys.stdout) if settings.SHIP_RECORDS else 0


def ship(out: TextIO) -> int:
    """As `ship_new`, whatever the setting says. What cannot be written raises an alarm, and is shipped next time."""
    shipped = 0
    after = Delivery.objects.filter(name=NAME).values_list("seq", flat=True).first() or 0
    while rows := list(Record.objects.filter(seq__gt=after).order_by("seq").values(*FIELDS)[:BATCH]):
        try:
            out.write("".join(ecs.line(row) + "\n" for row in rows))
            out.flush()
        except (OSError, ValueError) as error:
            failed(NAME, str(error) or type(error).__name__)
            return shipped
        after = rows[-1]["seq"]
        shipped += len(rows)
        went_well(NAME, after)
    return shipped


def ship_from(seq: int) -> None:
    """Begin again behind this record, such as for a log that was lost."""
    went_well(NAME, seq)
