"""Every key of a team disabled at one press, and the same undone at another: what was asked for, and a row a key."""

from django.conf import settings
from django.db import models

from keys.models.change import AsciiJson
from keys.models.job import Job
from keys.models.team import Team


class Panic(models.Model):
    """One press. undoes: the one that this takes back; None for one that disables.

    job: does it; None once it is forgotten. person, actor: who pressed, as the road and the ledger want it. asked: how
    many keys the page said. record_seq: of the record that begins it, which every key's change names.

    listed_at: when the fresh listing was begun that told the keys; unlisted: one word for why it failed, and the
    mirror's keys were taken instead. next_page: where the listing is. skipped: entries that could not be read. already:
    keys that read disabled then. trouble: what holds it up now, for people. check_at: when all keys are listed once
    more; checks: how often that was done; failed_checks: how often in a row it failed.
    """

    class Phase(models.TextChoices):
        LISTING = "listing"
        WORKING = "working"
        CHECKING = "checking"
        OVER = "over"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="panics")
    undoes = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="undone_by")
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="panics")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    actor = AsciiJson()
    reason = models.CharField(max_length=500, blank=True)
    asked = models.PositiveIntegerField()
    record_seq = models.BigIntegerField()
    started_at = models.DateTimeField()
    phase = models.CharField(max_length=8, choices=Phase.choices, default=Phase.LISTING)
    listed_at = models.DateTimeField(null=True)
    unlisted = models.CharField(max_length=40, blank=True)
    next_page = models.PositiveIntegerField(default=1)
    skipped = models.PositiveIntegerField(default=0)
    already = models.PositiveIntegerField(default=0)
    trouble = models.TextField(blank=True)
    check_at = models.DateTimeField(null=True)
    checks = models.PositiveIntegerField(default=0)
    failed_checks = models.PositiveIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=("team", "-id"), name="panic_team_newest"),)


class PanicItem(models.Model):
    """One key of it. name, masked: fit to be shown.

    state: `sending` only while a process is at it, so that one who finds it there settles before anything is repeated.
    `done`: it reads as wanted. `failed`: tried, and it does not. `left`: not touched on purpose; why says for what.
    page: of the listing on which it was seen last, 0 for none. change_id: the newest change of it; undone: of an undo,
    the disable that is taken back. why: one word. message: CometAPI's words or ours. tries: how often nothing was sent.
    fresh: the page that was pressed on did not know it yet. came_back: how often it read enabled again.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        SENDING = "sending"
        UNKNOWN = "unknown"
        DONE = "done"
        FAILED = "failed"
        LEFT = "left"
        GONE = "gone"

    panic = models.ForeignKey(Panic, on_delete=models.CASCADE, related_name="items")
    account_id = models.BigIntegerField()
    key_id = models.BigIntegerField()
    name = models.TextField(blank=True)
    masked = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    page = models.PositiveIntegerField(default=0)
    change_id = models.UUIDField(null=True)
    undone = models.UUIDField(null=True)
    why = models.CharField(max_length=30, blank=True)
    message = models.TextField(blank=True)
    tries = models.PositiveIntegerField(default=0)
    fresh = models.BooleanField(default=False)
    came_back = models.PositiveIntegerField(default=0)
    at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=("panic", "key_id"), name="one_item_a_key"),)
        indexes = (models.Index(fields=("panic", "state", "page"), name="panic_item_state"),)
