"""The mirror: our searchable copy of every team's keys. A cache: never the source of an edit, never of a claim.

`keys.services.mirror` is its only writer; a reading is stored only over an older one, by when it was begun.
"""

import uuid

from django.db import models
from django.db.models import BooleanField, F, Func, Q, TextField
from django.db.models.expressions import Combinable

from keys.models.change import AsciiJson
from keys.models.team import Team

LISTED = (
    *("status", "expired_time", "unlimited_quota", "remain_quota", "used_quota"),
    *("accessed_time", "created_time", "key_id", "gone_at"),
)

_FOLDED = "SUBSTR(LOWER(%(expressions)s), 1, 100)"
BY_NAME = Func(F("name"), template=_FOLDED, output_field=TextField())
BY_GROUP = Func(F("group"), template=_FOLDED, output_field=TextField())
NEVER_EXPIRES = Func(F("expired_time"), template="(%(expressions)s = -1)", output_field=BooleanField())
RESTRICTED = Func(F("allow_ips"), template="(TRIM(%(expressions)s) <> '')", output_field=BooleanField())
"""What lists are sorted by, written as their indexes have it: without parameters, which no index's expression could
have, and of texts no more than an index entry can hold."""


def _sorted(name: str, *by: Combinable) -> models.Index:
    """Of the keys that are there, team by team; ties the newest first.

    By the condition, since of `gone_at IS NULL` PostgreSQL does not see that all have it alike; and with that column
    all the same, since without it SQLite looks at each row.
    """
    return models.Index(F("team"), *by, F("key_id").desc(), F("gone_at"), condition=Q(gone_at=None), name=name)


class MirrorKey(models.Model):
    """One key as it was last read.

    snapshot: the reading itself (`keys.services.snapshots`), never a secret; what drift is told from. The columns
    beside it are copies for searching, filtering and sorting, with what databases refuse visibly escaped. haystack:
    casefolded name, id, mask, group and models, for one substring search. read_at: when the stored reading was begun.
    gone_at: when a full, successful listing first did not have it. fingerprint: keyed digest of the whole secret, or,
    where upstream has only ever shown a mask of it, of head and tail (fingerprint_of says which: "whole", "mask" or ""
    for none). mask_print: of head and tail in both cases, by which a mask is told to be of the whole secret known.
    Units, Unix seconds and NEVER (-1) as upstream has them.
    baseline: the newest reading of which all is explained, begun at baseline_at; what drift is told against. suspect:
    the snapshot may hold what nothing explains (`keys.services.drift` looks).
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="mirror_keys")
    account_id = models.BigIntegerField()
    key_id = models.BigIntegerField()
    snapshot = AsciiJson()
    name = models.TextField()
    masked = models.CharField(max_length=200)
    status = models.BigIntegerField()
    expired_time = models.BigIntegerField()
    remain_quota = models.BigIntegerField()
    unlimited_quota = models.BooleanField()
    used_quota = models.BigIntegerField()
    model_limits_enabled = models.BooleanField()
    model_limits = models.TextField(blank=True)
    allow_ips = models.TextField(blank=True)
    group = models.TextField(blank=True)
    cross_group_retry = models.BooleanField()
    created_time = models.BigIntegerField()
    accessed_time = models.BigIntegerField()
    haystack = models.TextField()
    fingerprint = models.CharField(max_length=64, blank=True)
    fingerprint_of = models.CharField(max_length=5, blank=True)
    mask_print = models.CharField(max_length=64, blank=True)
    first_seen_at = models.DateTimeField()
    read_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True)
    baseline = AsciiJson(null=True)  # noqa: DJ001  (null: the snapshot itself is the first reading)
    baseline_at = models.DateTimeField(null=True)
    suspect = models.BooleanField(default=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account_id", "key_id"), name="one_mirror_row_a_key"),)
        indexes = (
            models.Index(F("key_id").desc(), F("gone_at"), condition=Q(gone_at=None), name="mirror_by_number_of_all"),
            _sorted("mirror_by_number"),
            # Everything that lists filter, count and sort by but texts: they are answered from this alone. Where they
            # cannot be, SQLite must not take it for the shortest way; hence the condition, which all of them have.
            models.Index(fields=("team", *LISTED), condition=Q(gone_at=None), name="mirror_facts"),
            models.Index(fields=("team",), condition=Q(gone_at__isnull=False), name="mirror_gone"),
            models.Index(fields=("team", "expired_time"), name="mirror_team_expiry"),
            models.Index(fields=("team", "used_quota"), name="mirror_team_used"),
            _sorted("mirror_by_name", BY_NAME),
            _sorted("mirror_by_left", F("unlimited_quota"), F("remain_quota")),
            _sorted("mirror_by_expiry", NEVER_EXPIRES, F("expired_time")),
            _sorted("mirror_by_group", BY_GROUP),
            _sorted("mirror_by_restriction", RESTRICTED, F("model_limits_enabled")),
            _sorted("mirror_by_last_use", F("accessed_time")),
            models.Index(fields=("fingerprint",), name="mirror_fingerprint"),
            models.Index(fields=("team",), condition=Q(suspect=True), name="mirror_suspects"),
        )


class TeamSync(models.Model):
    """How the mirror of one team stands.

    listed_at: when the last listing that came to its end was begun; the age that pages show. left_out: how many keys
    that are not gone it did not have, the longest ago read at left_out_since: where CometAPI lists other keys than it
    counts, that is an end too, with trouble. tried_at: when one was last begun or gone on with. trouble: one short word
    for why it failed ("" when it did not), message: the same for people.
    running_since: while a listing is under way; epoch: fences off a listing whose process is gone. total, done: keys,
    for progress.
    next_page, skipped, tries, seen_before: how far the listing under way has come: the page that is next, entries that
    could not be read, how often it was begun anew because pages shifted, and how many keys were seen that time.
    secret_length, secret_charset: the shape of the team's whole secrets, learned ("" and 0 where none was seen).
    mark: another one whenever rows of the team's mirror have been written otherwise than they were, in what they are
    counted by, in the same transaction; what is counted of them is kept by it.
    """

    team = models.OneToOneField(Team, on_delete=models.CASCADE, related_name="sync")
    listed_at = models.DateTimeField(null=True)
    left_out = models.PositiveIntegerField(default=0)
    left_out_since = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)
    running_since = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    epoch = models.BigIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    next_page = models.PositiveIntegerField(default=1)
    skipped = models.PositiveIntegerField(default=0)
    tries = models.PositiveIntegerField(default=0)
    seen_before = models.PositiveIntegerField(default=0)
    trouble = models.CharField(max_length=40, blank=True)
    message = models.TextField(blank=True)
    secret_length = models.PositiveIntegerField(default=0)
    secret_charset = models.CharField(max_length=40, blank=True)
    mark = models.UUIDField(default=uuid.uuid4)


class UsageSample(models.Model):
    """The highest `used_quota` (units) of one key that was read on one day (UTC); spending is their difference."""

    account_id = models.BigIntegerField()
    key_id = models.BigIntegerField()
    day = models.DateField()
    used_quota = models.BigIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account_id", "key_id", "day"), name="one_sample_a_day"),)
        indexes = (models.Index(fields=("account_id", "day"), name="sample_account_day"),)


class Drift(models.Model):
    """A difference upstream that no change of ours explains, until somebody has dealt with it.

    changed: field -> [before, now]. weaker: the fields in which the key has become weaker. record_seq: of the ledger.
    state: `open`, `accepted`, `put_back` or `superseded`. A disabled key that was enabled, be it
    that CometAPI has set it to expired or exhausted since: revived.
    """

    class State(models.TextChoices):
        OPEN = "open"
        ACCEPTED = "accepted"
        PUT_BACK = "put_back"
        SUPERSEDED = "superseded"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="drifts")
    account_id = models.BigIntegerField()
    key_id = models.BigIntegerField()
    found_at = models.DateTimeField()
    changed = AsciiJson()
    weaker = AsciiJson(default=list)
    revived = models.BooleanField(default=False)
    record_seq = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=("team", "state"), name="drift_team_state"),
            models.Index(fields=("account_id", "key_id", "state"), name="drift_key_state"),
            models.Index(fields=("team",), condition=Q(state="open", revived=True), name="drift_revived"),
        )
