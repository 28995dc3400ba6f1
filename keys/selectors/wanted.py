"""What somebody looks for in the list of keys, and the same as conditions for the database. Times are Unix seconds."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from django.db.models import (
    BigIntegerField,
    Case,
    Exists,
    F,
    FloatField,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Cast, StrIndex
from django.db.models.lookups import LessThanOrEqual

from keys.models import Drift, KeyNote, MirrorKey
from keys.redact import escape_visible
from keys.rules.admits import parse_address
from keys.selectors.admitted import admitting, without_allowlist
from keys.types import NEVER, Status

DAY: Final = 86_400
STATUSES: Final[dict[str, int]] = {
    "enabled": Status.ENABLED,
    "disabled": Status.DISABLED,
    "expired": Status.EXPIRED,
    "exhausted": Status.EXHAUSTED,
}
OTHER: Final = "other"
"""Statuses that CometAPI stores and we do not know."""
NEWEST: Final = "-created"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One search, as it stands in an address. expiring, idle: days. low: percent of the limit that is left at most.

    sort: a column of SORTS, with a minus for falling.
    """

    q: str = ""
    status: str = ""
    group: str = ""
    owner: str = ""
    tag: str = ""
    address: str = ""
    expiring: int | None = None
    idle: int | None = None
    low: int | None = None
    never_used: bool = False
    unlimited: bool = False
    no_expiry: bool = False
    no_allowlist: bool = False
    drifted: bool = False
    gone: bool = False
    sort: str = NEWEST

    def asked(self) -> dict[str, str]:
        """Name -> value of everything that is not as it is anyway, in the order above: what stands in the address."""
        told: dict[str, str] = {}
        for name, default in DEFAULTS.items():
            value = getattr(self, name)
            if value != default:
                told[name] = "yes" if value is True else str(value)
        return told

    @property
    def of_status_alone(self) -> bool:
        """Is there no other filter than, perhaps, one status?"""
        return not self.asked().keys() - {"sort", "status"}

    @property
    def filters(self) -> bool:
        """Is anything left out?"""
        return bool(self.asked().keys() - {"sort"})


DEFAULTS: Final[dict[str, Any]] = {field.name: field.default for field in fields(Wanted)}


def effective(now: datetime) -> Case:
    """`keys.rules.effective_status` in SQL, row for row the same (a test holds it); an unknown status as stored."""
    past = ~Q(expired_time=NEVER) & Q(expired_time__lte=int(now.timestamp()))
    dry = Q(unlimited_quota=False, remain_quota__lte=0)
    return Case(
        When(~Q(status__in=[int(status) for status in Status]), then=F("status")),
        When(status=Status.DISABLED, then=Value(int(Status.DISABLED))),
        When(Q(status=Status.EXPIRED) | past, then=Value(int(Status.EXPIRED))),
        When(Q(status=Status.EXHAUSTED) | dry, then=Value(int(Status.EXHAUSTED))),
        default=Value(int(Status.ENABLED)),
        output_field=BigIntegerField(),
    )


def found(keys: QuerySet[MirrorKey], wanted: Wanted, now: datetime) -> QuerySet[MirrorKey]:
    """Those of `keys` that are looked for, but for the status, which `of_status` narrows to: counts want them all."""
    keys = keys.filter(gone_at__isnull=not wanted.gone)
    for name, condition in CONDITIONS.items():
        value = getattr(wanted, name)
        if value is not None and value is not False and value != "":  # 0 is asked for, though it equals False
            keys = keys.filter(condition(value, int(now.timestamp())))
    if wanted.q:
        needle = escape_visible(wanted.q).casefold()
        keys = keys.alias(at=StrIndex("haystack", Value(needle))).filter(Q(at__gt=0) | noted(haystack__contains=needle))
    if wanted.address:
        keys = admitting(keys, parse_address(wanted.address))
    return keys


def of_status(keys: QuerySet[Any], status: str) -> QuerySet[Any]:
    """keys: of MirrorKey, annotated with `effective`; hence Any, the type knows the model's own columns alone."""
    if status == OTHER:
        return keys.exclude(effective__in=[int(one) for one in Status])
    return keys.filter(effective=STATUSES[status]) if status else keys


def noted(**note: Any) -> Q:
    """Keys with such a note. First by number alone, which is quick; then by account, which is right."""
    notes = KeyNote.objects.filter(**note)
    own = notes.filter(account_id=OuterRef("account_id"), key_id=OuterRef("key_id"))
    return Q(key_id__in=notes.values("key_id")) & Q(Exists(own))


def drifted() -> Q:
    """Keys with a drift that nobody has dealt with."""
    drifts = Drift.objects.filter(state=Drift.State.OPEN)
    own = drifts.filter(account_id=OuterRef("account_id"), key_id=OuterRef("key_id"))
    return Q(key_id__in=drifts.values("key_id")) & Q(Exists(own))


def _low(percent: int, _now: int) -> Q:
    """Some left, and no more than so much of the limit. As floats: what upstream stores may be near 2**63."""
    left, used = Cast("remain_quota", FloatField()), Cast("used_quota", FloatField())
    return Q(unlimited_quota=False, remain_quota__gt=0) & Q(
        LessThanOrEqual(left * Value(100.0), (left + used) * Value(float(percent)))
    )


CONDITIONS: Final[dict[str, Any]] = {
    "group": lambda group, now: Q(group=escape_visible(group, keep="\n")),
    "owner": lambda owner, now: noted(owner_folded=owner.casefold()),
    "tag": lambda tag, now: noted(tags__contains=f",{tag.casefold()},"),
    "expiring": lambda days, now: Q(expired_time__gt=now, expired_time__lte=now + days * DAY),
    "idle": lambda days, now: Q(accessed_time__lte=now - days * DAY, created_time__lte=now - days * DAY),
    "low": _low,
    "never_used": lambda yes, now: Q(used_quota=0, accessed_time__lte=F("created_time")),
    "unlimited": lambda yes, now: Q(unlimited_quota=True),
    "no_expiry": lambda yes, now: Q(expired_time=NEVER),
    "no_allowlist": lambda yes, now: without_allowlist(),
    "drifted": lambda yes, now: drifted(),
}
