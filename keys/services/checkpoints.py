"""Checkpoints made and brought to where the database's user cannot write them back.

Nothing waits for a sink: one that fails or hangs raises an alarm, and the next one due is written there again.
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from keys.errors import LedgerError
from keys.ledger import checkpoint, sink
from keys.models import Checkpoint, Delivery, LedgerHead, Record
from keys.services.deliveries import failed, went_well
from keys.services.hanging import within_time

RECORDS: Final = 100
"""So many new records make a checkpoint due before its time."""

SIGNING: Final = "checkpoint"
FILE: Final = "checkpoint_file"
STDOUT: Final = "checkpoint_stdout"
"""Names of `Delivery` rows."""


class Contradicted(LedgerError):
    """The ledger no longer holds what an earlier checkpoint says: nothing more is signed, `verify_ledger` says what."""


def checkpoint_if_due() -> checkpoint.Signed | None:
    """For the schedule: a checkpoint every 100 records or 5 minutes, idle too; None when none is made.

    What a sink did not take is brought to it again. Where the ledger contradicts an earlier one, there is the alarm.
    """
    newest = Checkpoint.objects.order_by("-seq").first()
    if newest is not None and not _due(newest):
        _again(newest)
        return None
    try:
        return make_checkpoint()
    except Contradicted:
        return None


def contradiction() -> str:
    """Why nothing was signed the last time; "" where all is well."""
    row = Delivery.objects.filter(name=SIGNING, failing_since__isnull=False).first()
    return row.fault if row else ""


def not_delivered() -> list[str]:
    """The sinks that did not take the newest checkpoint, each with why: `checkpoint_file: Permission denied`."""
    sinks = (FILE, STDOUT) if settings.CHECKPOINT_FILE else (STDOUT,)
    failing = Delivery.objects.filter(name__in=sinks, failing_since__isnull=False).order_by("name")
    return [f"{row.name}: {row.fault}" for row in failing]


def make_checkpoint(over: Record | None = None) -> checkpoint.Signed:
    """Sign what the ledger's head says now, keep it, bring it out. Raises Contradicted.

    over: sign up to this record instead, just as it was appended, whatever has been recorded or signed since.
    """
    key, seed = next(iter(settings.CHECKPOINT_KEYS.items()))
    # Before the lock, under which every record waits: what is added there meanwhile is in the table too.
    in_file = _newest_in_file()
    try:
        with transaction.atomic():
            # The lock keeps two processes from signing in turn what neither has compared.
            head = LedgerHead.objects.select_for_update().filter(pk=1).first()
            if head is None:
                raise Contradicted("the ledger's head is missing")
            _compare(head, in_file)
            if over and not Record.objects.filter(seq=over.seq, link=over.link).exists():
                raise Contradicted(f"record {over.seq} is not what it was when it was written")
            end = over or head
            made = checkpoint.sign(seed, key, end.seq, end.link, _now())
            kept = {"link": made.link, "time": made.time, "key": made.key, "signature": made.signature}
            Checkpoint.objects.update_or_create(seq=made.seq, defaults=kept)
    except Contradicted as error:
        failed(SIGNING, str(error))
        raise
    went_well(SIGNING, made.seq)
    _bring_out(made)
    return made


def as_signed(row: Checkpoint) -> checkpoint.Signed:
    return checkpoint.Signed(row.seq, row.link, row.time, row.key, row.signature)


def _due(newest: Checkpoint) -> bool:
    at = datetime.fromisoformat(newest.time)
    if timezone.now() - at >= timedelta(seconds=settings.WAITS.checkpoint_s) or at > timezone.now():
        return True
    seq = LedgerHead.objects.values_list("seq", flat=True).get(pk=1)
    return seq < newest.seq or seq - newest.seq >= RECORDS


def _compare(head: LedgerHead, in_file: checkpoint.Signed | None) -> None:
    """Nothing is signed that an earlier checkpoint speaks against: it would look like a ledger that always was so."""
    row = Checkpoint.objects.order_by("-seq").first()
    for newest in (as_signed(row) if row else None, in_file):
        if newest is None or newest.seq == 0:
            continue
        there = Record.objects.filter(seq=newest.seq).values_list("link", flat=True).first()
        if head.seq < newest.seq or there != newest.link:
            raise Contradicted(f"the checkpoint of {newest.time} over record {newest.seq} says otherwise")


def _newest_in_file() -> checkpoint.Signed | None:
    """None where there is no file or it cannot be read: that alarm is raised when it is written to."""
    path = settings.CHECKPOINT_FILE
    try:
        newest = within_time(path, lambda: sink.newest(path)) if path else None
    except OSError:
        return None
    return newest if newest and newest.signed_by(checkpoint.public_keys(settings.CHECKPOINT_KEYS)) else None


def _bring_out(made: checkpoint.Signed) -> None:
    """To the file first, which alone is compared later; neither waits for the other."""
    if settings.CHECKPOINT_FILE is not None:
        _write(settings.CHECKPOINT_FILE, made)
    _print(made)


def _again(newest: Checkpoint) -> None:
    """Bring the newest to what failed, or to a file that has been set only now."""
    delivered = {row.name: row for row in Delivery.objects.filter(name__in=(FILE, STDOUT))}
    if settings.CHECKPOINT_FILE is not None and (FILE not in delivered or delivered[FILE].failing_since):
        _write(settings.CHECKPOINT_FILE, as_signed(newest))
    if STDOUT in delivered and delivered[STDOUT].failing_since:
        _print(as_signed(newest))


def _write(path: Path, made: checkpoint.Signed) -> None:
    try:
        within_time(path, lambda: sink.add(path, made.line))
    except OSError as error:
        failed(FILE, error.strerror or str(error) or type(error).__name__)
    else:
        went_well(FILE, made.seq)


def _print(made: checkpoint.Signed) -> None:
    try:
        sys.stdout.write(made.line + "\n")
        sys.stdout.flush()
    except (OSError, ValueError) as error:  # ValueError: it is closed
        failed(STDOUT, getattr(error, "strerror", None) or str(error) or type(error).__name__)
    else:
        went_well(STDOUT, made.seq)


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
