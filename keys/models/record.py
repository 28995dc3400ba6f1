"""The ledger's two tables: its records and the one head row that is the lock of every append."""

from django.db import models


class LedgerHead(models.Model):
    """One row (id 1): the newest seq and link. Locked first in every transaction that appends."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seq = models.BigIntegerField(default=0)
    link = models.CharField(max_length=64)


class Record(models.Model):
    """One row of the ledger; written by `keys.ledger.book` alone and never changed.

    text: the canonical JSON exactly as hashed. The columns from `time` to `key_n` are escaped copies of what it
    says, for showing and searching; verifying compares them. digest, link, previous, seal: lower-case hex.
    Names are text and hang on no foreign key: people and teams may go, records stay.
    """

    seq = models.BigIntegerField(primary_key=True)
    time = models.DateTimeField()
    action = models.CharField(max_length=40)
    outcome = models.CharField(max_length=16, blank=True)
    actor_kind = models.CharField(max_length=12)
    actor_id = models.CharField(max_length=40, blank=True)
    actor = models.CharField(max_length=400)
    actor_role = models.CharField(max_length=16, blank=True)
    address = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    team_id = models.BigIntegerField(null=True)
    team = models.CharField(max_length=200, blank=True)
    key_id = models.BigIntegerField(null=True)
    key_name = models.CharField(max_length=800, blank=True)
    change = models.CharField(max_length=36, blank=True)
    reason = models.TextField(blank=True)
    team_n = models.BigIntegerField(null=True)
    key_n = models.BigIntegerField(null=True)
    text = models.TextField()
    digest = models.CharField(max_length=64)
    previous = models.CharField(max_length=64, unique=True)
    link = models.CharField(max_length=64, unique=True)
    seal = models.CharField(max_length=64)
    seal_key = models.CharField(max_length=40)

    class Meta:
        ordering = ("-seq",)
        constraints = (
            models.UniqueConstraint(fields=("team_id", "team_n"), name="record_team_n"),
            models.UniqueConstraint(fields=("team_id", "key_id", "key_n"), name="record_key_n"),
        )
        indexes = (
            models.Index(fields=("team_id", "-seq"), name="record_team_seq"),
            models.Index(fields=("team_id", "key_id", "-seq"), name="record_key_seq"),
            models.Index(fields=("change",), name="record_change"),
            # The history's filters, alone and in the pairs that people ask for; each ends with seq, as every page does.
            models.Index(fields=("action", "-seq"), name="record_action_seq"),
            models.Index(fields=("outcome", "-seq"), name="record_outcome_seq"),
            models.Index(fields=("actor_id", "-seq"), name="record_actor_seq"),
            models.Index(fields=("actor", "-seq"), name="record_actor_name_seq"),
            models.Index(fields=("key_id", "-seq"), name="record_any_key_seq"),
            models.Index(fields=("request_id", "-seq"), name="record_request_seq"),
            models.Index(fields=("team_id", "action", "-seq"), name="record_team_action_seq"),
            models.Index(fields=("team_id", "outcome", "-seq"), name="record_team_outcome_seq"),
            models.Index(fields=("team_id", "actor_id", "-seq"), name="record_team_actor_seq"),
            models.Index(fields=("actor_id", "action", "-seq"), name="record_actor_action_seq"),
        )
