"""A local time as it is typed into a filter: to the second, the minute, or a whole day; nothing is guessed."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.forms import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from keys import moments
from keys.forms.words import say
from keys.rules import RuleBroken

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def typed_moment(text: str, zone: ZoneInfo, *, later: bool = False) -> datetime | None:
    """None for nothing. A day, minute or second counts from its start, or `later` to its end.

    Of an hour that the clock shows twice, the wider span is meant. Raises ValidationError.
    """
    text = " ".join(text.split())
    if not text:
        return None
    try:
        if _DAY.fullmatch(text):
            day = datetime.fromisoformat(text) + timedelta(days=1 if later else 0)
            return timezone.make_aware(day, zone).astimezone(UTC)
        moment = datetime.fromtimestamp(moments.parse_moment(text, zone, "later" if later else "earlier"), UTC)
        return moment + moments.precision(text) if later else moment
    except RuleBroken as broken:
        if any(fault.code == "expiry_far" for fault in broken.broken):  # in words about expiry
            raise ValidationError(_("There is no such date or time.")) from None
        raise ValidationError([say(fault) for fault in broken.broken]) from None
    except (ValueError, OverflowError, OSError):
        raise ValidationError(_("There is no such date or time.")) from None
