"""The shared rate budget for CometAPI: one row a host, for all processes (trap 17)."""

from django.db import models


class RateBudget(models.Model):
    """busy_until: Unix seconds up to which the budget is spoken for (see `keys.cometapi.limiter`).

    paused_until: Unix seconds before which ordinary work sends nothing, because upstream answered 429.
    """

    host = models.CharField(max_length=253, primary_key=True)
    busy_until = models.FloatField(default=0.0)
    paused_until = models.FloatField(default=0.0)
