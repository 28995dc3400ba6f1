"""What the history is searched by: derived from the ledger, and made anew by `manage.py reindex_history`."""

from django.db import models


class ChangedField(models.Model):
    """One field that one record says was changed. seq: of the record. time, team_id, key_id: as the record has them.

    before, after: the values as text, folded for searching (`keys.ledger.finding.folded`); pages show the record's own.
    """

    seq = models.BigIntegerField()
    time = models.DateTimeField()
    team_id = models.BigIntegerField(null=True)
    key_id = models.BigIntegerField(null=True)
    field = models.CharField(max_length=40)
    before = models.TextField(blank=True)
    after = models.TextField(blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("seq", "field"), name="one_row_a_changed_field"),)
        indexes = (
            models.Index(fields=("field", "-seq"), name="changed_field_seq"),
            models.Index(fields=("team_id", "field", "-seq"), name="changed_team_field_seq"),
        )

    def __str__(self) -> str:
        return f"{self.seq} {self.field}"


class RecordHour(models.Model):
    """Which records an hour holds: from `first_seq` to `last_seq`, and others between when a clock was set back.

    Turns a span of time into a span of seqs, by which every index of the ledger ends.
    """

    hour = models.DateTimeField(primary_key=True)
    first_seq = models.BigIntegerField()
    last_seq = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}"
