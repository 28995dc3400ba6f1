"""Changes under way and the lease that keeps them apart. Working state: the truth for later is in the ledger."""

import json
from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    _Text = models.TextField[Any, Any]
else:
    _Text = models.TextField


class AsciiJson(_Text):
    """JSON as ASCII text. PostgreSQL's own JSON refuses NUL and lone surrogates, and upstream's names may hold both."""

    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def from_db_value(self, value: str | None, expression: object, connection: object) -> Any:
        return None if value is None else json.loads(value)

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else json.dumps(value)


class ChangeState(models.TextChoices):
    """Where a change stands. An INTENT or SENDING row whose process is gone *is* unknown: no code has to say so."""

    INTENT = "intent"
    SENDING = "sending"
    UNKNOWN = "unknown"
    DONE = "done"


class Change(models.Model):
    """One attempt to alter one key: its intent, how far it came, and what was found.

    id: the change id that a form carried. content: SHA-256 of what was asked, for double clicks. before, wanted,
    found: settings and counters as JSON, never a secret. read_at: when the reading that `before` holds was begun.
    sent_until: when the last request of this change can at the latest have left us; only readings begun `Waits.late_s`
    after it can say that it did not land. recheck_at: when settling should look again.
    looked_at: when the worker, or a page by itself, last did.
    result: what is shown (see `keys.services.outcome`). intent_seq, outcome_seq: records of the ledger.
    """

    id = models.UUIDField(primary_key=True)
    kind = models.CharField(max_length=12)
    person_id = models.CharField(max_length=40, blank=True)
    team_id = models.BigIntegerField()
    account_id = models.BigIntegerField()
    key_id = models.BigIntegerField()
    epoch = models.BigIntegerField()
    content = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=ChangeState.choices, default=ChangeState.INTENT)
    before = AsciiJson()
    wanted = AsciiJson()
    found = AsciiJson(null=True)  # noqa: DJ001  (null: never read)
    result = AsciiJson(default=dict)
    outcome = models.CharField(max_length=16, blank=True)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    sent_until = models.DateTimeField(null=True)
    recheck_at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True)
    intent_seq = models.BigIntegerField()
    outcome_seq = models.BigIntegerField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=("account_id", "key_id", "state"), name="change_key_state"),
            models.Index(fields=("state",), name="change_state"),
            models.Index(fields=("account_id", "created_at"), name="change_account_time"),
            models.Index(fields=("recheck_at",), name="change_recheck"),
        )


class Lease(models.Model):
    """Which change may send to a key now. Taken over by raising `epoch`, never by waiting on a database lock.

    until: when a holder that was killed stops holding (`Waits.held_s` after its intent).
    """

    account_id = models.BigIntegerField()
    key_id = models.BigIntegerField()
    epoch = models.BigIntegerField(default=0)
    change_id = models.UUIDField(null=True)
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account_id", "key_id"), name="one_lease_a_key"),)
