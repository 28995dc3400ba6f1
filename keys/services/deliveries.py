"""How things that leave the database fare: when they last went well, since when they fail, and why."""

from typing import Final

import structlog
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from keys.models import Delivery

log = structlog.get_logger(__name__)

FAULT_CHARACTERS: Final = 300


def went_well(name: str, seq: int) -> None:
    """seq: up to where. It stays where it is farther, as when two processes are at it and the slower one ends last."""
    Delivery.objects.get_or_create(name=name)
    told = {"at": timezone.now(), "failing_since": None, "fault": ""}
    Delivery.objects.filter(name=name).update(seq=Greatest(F("seq"), seq), **told)


def begin_again(name: str, seq: int) -> None:
    """Behind this record, also where it was farther."""
    told = {"seq": seq, "at": timezone.now(), "failing_since": None, "fault": ""}
    Delivery.objects.update_or_create(name=name, defaults=told)


def failed(name: str, fault: str) -> None:
    """Raise the alarm: in the log, and on the pages of admins and auditors until it goes well again."""
    log.error("delivery_failed", what=name, fault=fault)
    row, _ = Delivery.objects.get_or_create(name=name)
    row.failing_since = row.failing_since or timezone.now()
    row.fault = fault[:FAULT_CHARACTERS]
    row.save(update_fields=("failing_since", "fault"))
