"""How far an export of the ledger has come. Working state: that it was begun, and of what, is in the ledger."""

from django.db import models


class RunState(models.TextChoices):
    """A row that is COUNTING or SENDING and does not move any more has stopped: no code has to run to make it so."""

    COUNTING = "counting"
    SENDING = "sending"
    WHOLE = "whole"
    STOPPED = "stopped"


class ExportRun(models.Model):
    """One export over the web, from the press to its last byte.

    person_id: who asked, as recorded. form: see `keys.services.exporting.Format`. found: records found so far, while
    counting, and then all of them. seq: its record, null until it is recorded. done, total: lines written, of how many
    (records, and in a bundle digests). size: bytes handed to the network. moved_at: when this was last told.
    """

    person_id = models.CharField(max_length=40)
    form = models.CharField(max_length=8)
    state = models.CharField(max_length=8, choices=RunState.choices, default=RunState.COUNTING)
    found = models.BigIntegerField(default=0)
    seq = models.BigIntegerField(null=True)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    size = models.BigIntegerField(default=0)
    begun_at = models.DateTimeField()
    moved_at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=("person_id", "-id"), name="export_run_person"),
            models.Index(fields=("seq",), name="export_run_seq"),
        )
