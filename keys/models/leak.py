"""Leaks: what was pasted and found, what was done about it, and how far each key's end is proven.

Times are the truth that pages tell; what happened stands in the ledger as well. Secrets are held sealed, and for a
short while alone.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q

from keys.models.change import AsciiJson
from keys.models.team import Team


class Incident(models.Model):
    """One paste that had something of ours, or may have. Its number is its id.

    pasted_at: when the text came in, from which everything is counted. unread: what the scan could not read, for
    pages. source, note: typed, searched for secrets. looking: teams whose keys are being listed again to look anew.
    hold_until: when the sealed secrets are destroyed at the latest; destroyed_at: when it was done. beyond: how many
    that were not found are not held either.
    """

    class State(models.TextChoices):
        OPEN = "open"
        CONTAINED = "contained"
        CLOSED = "closed"

    pasted_at = models.DateTimeField()
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    opened_name = models.CharField(max_length=200)
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    source = models.CharField(max_length=300, blank=True)
    unread = AsciiJson(default=dict)
    beyond = models.PositiveIntegerField(default=0)
    looking = AsciiJson(default=list)
    contained_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_name = models.CharField(max_length=200, blank=True)
    revived = models.PositiveIntegerField(default=0)
    hold_until = models.DateTimeField()
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=("hold_until",), condition=Q(destroyed_at=None), name="leak_holding"),
            models.Index(fields=("state", "-id"), name="leak_state"),
        )


class Leaked(models.Model):
    """One secret of an incident: a key of ours (`team` is set), or one that was not found (`team` is not).

    prints: keyed digests of what to try, [whole, mask] each, to look again without the secret. found_by: `whole`,
    `mask` (made sure), `unsure` (a mask that could not be made sure of yet). asked: "" or what CometAPI said:
    `unknown`, `known`, `failed`.

    Levels of proof, each with its time: pressed, sent, disabled (reads so), refused, again (after 70 s), last
    (after 10 min). gone: deleted at CometAPI. change_id: the disable under way or done. accepted_at: when the secret
    was last seen to work. used: units used when it was refused, which must stand still. why: one word for what keeps
    the next level from being proven. next_at: when something is to be done; busy_until, epoch: whoever is at it.
    """

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="leaked")
    team = models.ForeignKey(Team, null=True, on_delete=models.SET_NULL, related_name="leaked")
    account_id = models.BigIntegerField(null=True)
    key_id = models.BigIntegerField(null=True)
    name = models.TextField(blank=True)
    masked = models.CharField(max_length=200, blank=True)
    lines = AsciiJson(default=list)
    count = models.PositiveIntegerField(default=1)
    hidden = models.CharField(max_length=10, blank=True)
    prints = AsciiJson(default=list)
    length = models.PositiveIntegerField(default=0)
    sealed = models.TextField(blank=True)
    found_by = models.CharField(max_length=10, blank=True)
    asked = models.CharField(max_length=10, blank=True)
    pressed_at = models.DateTimeField(null=True)
    change_id = models.UUIDField(null=True)
    sent_at = models.DateTimeField(null=True)
    disabled_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True)
    again_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)
    used = models.BigIntegerField(null=True)
    why = models.CharField(max_length=30, blank=True)
    gone = models.BooleanField(default=False)
    revived = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    busy_until = models.DateTimeField(null=True)
    epoch = models.BigIntegerField(default=0)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("incident", "account_id", "key_id"),
                condition=Q(key_id__isnull=False),
                name="one_row_a_leaked_key",
            ),
        )
        indexes = (
            models.Index(fields=("next_at",), condition=Q(next_at__isnull=False), name="leaked_due"),
            models.Index(fields=("account_id", "key_id"), name="leaked_key"),
        )
