"""What is known of the ledger's soundness: checkpoints, where they and the records went, and the last verdicts.

None of it is believed by itself: checkpoints are signed, verdicts sealed, and both are compared with the records.
"""

from django.db import models


class Checkpoint(models.Model):
    """The newest checkpoint of each seq that has one (`keys.ledger.checkpoint`); the sink holds them all.

    time: as signed, so that the line can be written again as it was.
    """

    seq = models.BigIntegerField(primary_key=True)
    link = models.CharField(max_length=64)
    time = models.CharField(max_length=27)
    key = models.CharField(max_length=40)
    signature = models.CharField(max_length=128)


class Delivery(models.Model):
    """How far something that leaves the database has come. name: `checkpoint`,
    `checkpoint_file`, `checkpoint_stdout` or `shipping`.

    seq: the last record that was told there. at: when that last went well. failing_since, fault: null and "" while
    all is well.
    """

    name = models.CharField(max_length=20, primary_key=True)
    seq = models.BigIntegerField(default=0)
    at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    fault = models.CharField(max_length=300, blank=True)


class Verdict(models.Model):
    """What verifying said, sealed by a ledger key, so that nobody who has the database alone can make one up.

    name: `newest`, `whole` (the last one over all records), `mark` (the last sound one: where to go on from) or
    `handed` (the last one that a file of checkpoints decided which somebody handed over).
    text: canonical JSON (`keys.services.verification`).
    """

    name = models.CharField(max_length=8, primary_key=True)
    text = models.TextField()
    seal = models.CharField(max_length=64)
    seal_key = models.CharField(max_length=40)
