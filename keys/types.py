"""The words everything else is said in: keys, their settings, people who act, and time that runs out.

Imports nothing of ours and no Django, so that every layer may use it.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from enum import IntEnum, StrEnum
from typing import Any, Final

NEVER = -1
"""`expired_time` of a key without expiry (reference page)."""


class Status(IntEnum):
    """What upstream stores in `status` (reference page). Anything but ENABLED is refused by model endpoints."""

    ENABLED = 1
    DISABLED = 2
    EXPIRED = 3
    EXHAUSTED = 4


BY_ITSELF: Final = (Status.EXPIRED, Status.EXHAUSTED)
"""What nobody sets but CometAPI itself, on an enabled key (trap 3)."""
LIVED: Final = (Status.ENABLED, *BY_ITSELF)
"""What a key reads as that is enabled, or was when CometAPI itself set it to this."""


@dataclass(frozen=True, slots=True)
class KeySettings:
    """The ten editable fields of a key, as upstream stores them; every PUT carries all of them (trap 1).

    expired_time: Unix seconds, NEVER (-1) for none. remain_quota: units, not dollars; negative when overspent.
    model_limits: ids joined by commas. allow_ips: entries joined by newlines, None or "" for no restriction.
    status: an int, since upstream may one day send one that `Status` does not know.
    """

    name: str
    status: int
    expired_time: int
    remain_quota: int
    unlimited_quota: bool
    model_limits_enabled: bool
    model_limits: str
    allow_ips: str | None
    group: str
    cross_group_retry: bool

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in EDITABLE}


EDITABLE: tuple[str, ...] = tuple(KeySettings.__dataclass_fields__)
"""Names of the editable fields, in the reference page's order (without `id`)."""


@dataclass(frozen=True, slots=True)
class KeyPrint:
    """What tells a secret again without holding it: a keyed digest (`keys.fingerprints`), and its shape.

    of: `whole`, or `mask` where upstream shows head and tail alone. mask: the digest of head and tail in both cases.
    length, charset: of a whole one, else 0 and "".
    """

    digest: str
    of: str
    mask: str
    length: int = 0
    charset: str = ""


Fingerprinter = Callable[[str], KeyPrint | None]
"""Handed a key's secret where it is decoded; nothing else of ours ever sees one."""


@dataclass(frozen=True, slots=True)
class KeySnapshot:
    """One key as it was read: settings and counters, and the secret only as a mask.

    created_time, accessed_time: Unix seconds. used_quota: units. masked: such as `abcd**********wxyz`.
    print: only of readings that were asked for it, and never part of what makes two readings the same.
    """

    id: int
    user_id: int
    masked: str
    settings: KeySettings
    created_time: int
    accessed_time: int
    used_quota: int
    print: KeyPrint | None = field(default=None, compare=False)

    @property
    def limit(self) -> int:
        """Units granted in all: upstream stores no limit, so remaining + used (trap 3)."""
        return self.settings.remain_quota + self.used_quota


class QuotaMode(StrEnum):
    SET = "set"
    ADD = "add"
    TAKE = "take"


@dataclass(frozen=True, slots=True)
class QuotaWish:
    """What an editor wants of the remaining quota. units: never negative; SET means what is left after the save."""

    mode: QuotaMode
    units: int


@dataclass(frozen=True, slots=True)
class KeyWish:
    """The touched fields of one edit and nothing else: field name -> wanted value; the quota as a `QuotaWish`."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    quota: QuotaWish | None = None

    @property
    def touched(self) -> tuple[str, ...]:
        """Touched field names in the reference page's order."""
        return tuple(f for f in EDITABLE if f in self.fields or (f == "remain_quota" and self.quota is not None))


@dataclass(frozen=True, slots=True)
class KeyPage:
    """One page of a listing. total: what upstream claims for all pages.

    skipped: items that could not be read (fields missing or of a wrong type, another account's) and are not in `items`.
    """

    page: int
    page_size: int
    total: int
    items: tuple[KeySnapshot, ...]
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Account:
    """The account behind an access token (`GET /api/user/self`)."""

    id: int
    username: str
    display_name: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Spent:
    """One call that a key was charged for. at: Unix seconds. key_id: None where the usage log does not say whose.

    key_name: as upstream stores it. model, address: fit to be shown; no address ("") where the log has none. units: of
    quota. request_id: upstream's, "" for none.
    """

    at: int
    key_id: int | None
    key_name: str
    model: str
    units: int
    address: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class SpentPage:
    """One page of the usage log, newest first. total: what upstream claims for all pages. rows: how many this one had.

    items: those that tell of a charged call.
    """

    total: int
    rows: int
    items: tuple[Spent, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """One id that keys may be restricted to. provider: "" when CometAPI does not say whose it is."""

    id: str
    provider: str = ""


@dataclass(frozen=True, slots=True)
class ModelList:
    """The models on offer. total: what upstream claims, at least as many as are here."""

    models: tuple[Model, ...]
    total: int


class ActorKind(StrEnum):
    PERSON = "person"
    SYSTEM = "system"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as the ledger will tell it for ever: text, no foreign key.

    id: the person's primary key as text, "" for others. role: as what they act, such as `lead` or `admin`.
    address: where the request came from. request_id: of the web request, "" in commands.
    """

    kind: ActorKind
    id: str
    name: str
    role: str = ""
    address: str = ""
    request_id: str = ""


class Lane(StrEnum):
    """Who goes first when the rate budget is short."""

    URGENT = "urgent"
    ORDINARY = "ordinary"


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock after which waiting is over."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        return cls(time.monotonic() + seconds)

    def left_s(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self.at - time.monotonic())

    @property
    def passed(self) -> bool:
        return time.monotonic() >= self.at

    def within(self, seconds: float) -> "Deadline":
        """The earlier one of this deadline and `seconds` from now."""
        return Deadline(min(self.at, time.monotonic() + seconds))


@dataclass(frozen=True, slots=True)
class Waits:
    """Every waiting time of the product, in seconds (design.md, "One road to a write")."""

    edit_s: float = 25.0
    read_s: float = 5.0
    write_s: float = 10.0
    look_s: float = 5.0
    disable_s: float = 8.0
    page_s: float = 6.0
    usage_s: float = 4.0
    leak_log_s: float = 10.0
    connect_s: float = 3.0
    differs_again_s: tuple[float, ...] = (1.0, 3.0)
    differs_settle_s: float = 70.0
    late_s: float = 120.0
    held_s: float = 150.0
    slice_s: float = 5.0
    stale_s: float = 30.0
    refresh_s: float = 60.0
    checkpoint_s: float = 300.0
    verify_whole_s: float = 86_400.0
    leak_hold_s: float = 900.0
    leak_try_s: float = 1.0
    leak_retry_s: float = 5.0
    leak_again_s: float = 70.0
    leak_last_s: float = 600.0

    def scaled(self, factor: float) -> "Waits":
        """All waits times `factor`: runs that try thousands of faults shorten them together."""
        values = asdict(self)
        again = tuple(v * factor for v in values.pop("differs_again_s"))
        return Waits(**{k: v * factor for k, v in values.items()}, differs_again_s=again)
