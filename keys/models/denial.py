"""How often the same refusal happened within its minute, so that a flood of them is one record with a count."""

from django.db import models


class Denial(models.Model):
    """who: a digest of person or address and of what was refused. since: start of the current minute.

    more: refusals since the last record that have no record of their own yet; the next record carries them, or, where
    none follows within the minute, one of the schedule's (`keys.services.denials.tell_counted`).
    """

    who = models.CharField(max_length=64, primary_key=True)
    since = models.DateTimeField(db_index=True)
    more = models.PositiveIntegerField(default=0)
