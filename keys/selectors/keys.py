"""Rows for the list of keys: what upstream stores, as a person looks for it. Pure, reads nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from keys import rules
from keys.rules.admits import is_open
from keys.types import KeyPage, KeySnapshot, Status


@dataclass(frozen=True, slots=True)
class Beside:
    """What we keep of a key that CometAPI does not know. gone_at: since when a full listing has not had it.

    first_seen_at: when a reading first had it, None where that is not looked up.
    """

    owner: str = ""
    purpose: str = ""
    tags: tuple[str, ...] = ()
    drifted: bool = False
    gone_at: datetime | None = None
    first_seen_at: datetime | None = None


NOTHING: Final = Beside()


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key in the list.

    status: the effective one, which model endpoints act upon. stored: what the field says. addresses, models: how many
    entries, None without a restriction. change_id: for the row's button, so that a double press is one change.
    """

    key: KeySnapshot
    status: int
    addresses: int | None
    models: int | None
    change_id: UUID
    beside: Beside = NOTHING

    @property
    def stored(self) -> int:
        return self.key.settings.status

    @property
    def lags(self) -> bool:
        """Does the stored status say something else than what counts? (trap 3)"""
        return self.stored != self.status

    @property
    def can_enable(self) -> bool:
        return self.stored == Status.DISABLED


@dataclass(frozen=True, slots=True)
class Pages:
    """Where one is in a list of `total`. first, last: the numbers of the items shown; 0 on a page beyond the end."""

    number: int
    total: int
    first: int
    last: int
    pages: int

    @property
    def previous(self) -> int | None:
        return min(self.number - 1, max(self.pages, 1)) if self.number > 1 else None

    @property
    def next(self) -> int | None:
        return self.number + 1 if self.number < self.pages else None

    @property
    def beyond(self) -> bool:
        return self.number > max(self.pages, 1)


def key_row(key: KeySnapshot, now: datetime, beside: Beside = NOTHING) -> KeyRow:
    """now: aware, against which expiry is held."""
    settings = key.settings
    return KeyRow(
        key=key,
        status=rules.effective_status(settings, now).status or settings.status,
        addresses=None if is_open(settings.allow_ips) else len((settings.allow_ips or "").split()),
        models=_models(settings.model_limits) if settings.model_limits_enabled else None,
        change_id=uuid4(),
        beside=beside,
    )


def key_rows(keys: Sequence[KeySnapshot], now: datetime) -> list[KeyRow]:
    return [key_row(key, now) for key in keys]


def pages_of(page: KeyPage) -> Pages:
    """Counted from upstream's total, which may be wrong: items that are there are always shown."""
    first = (page.page - 1) * page.page_size + 1 if page.items else 0
    last = first + len(page.items) - 1 if page.items else 0
    total = max(page.total, last)
    return Pages(page.page, total, first, last, -(-total // page.page_size))


def _models(limits: str) -> int:
    return sum(1 for model in limits.split(",") if model.strip())
