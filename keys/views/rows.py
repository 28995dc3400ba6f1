"""The rows of the list of keys, said in full before any template sees them: fifty of them are shown at once, and a
template that asks and decides in every cell takes longer than all else together."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from html import escape
from typing import Final, NamedTuple
from uuid import UUID

from django.conf import settings as django_settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, ngettext

from keys import spoken
from keys.ledger.labels import value_text
from keys.models import Team
from keys.redact import escape_visible
from keys.selectors.keys import KeyRow, key_row
from keys.selectors.mirror import beside_of
from keys.templatetags.keys_format import expiry, moment
from keys.types import KeySnapshot

PURPOSE_SHOWN: Final = 60
"""Characters of a purpose that a row shows."""


@dataclass(frozen=True, slots=True)
class RowText:
    """Every word of one row, already escaped (escaping them in the template takes as long as all of this does).

    purpose_whole: where `purpose` is cut short, else "". switch: where its button posts to, "" for no button.
    head: over a part of the list, "" for none.
    """

    id: SafeString
    path: SafeString
    name: SafeString
    masked: SafeString
    first_seen: SafeString
    owner: SafeString
    purpose: SafeString
    purpose_whole: SafeString
    tags: tuple[str, ...]
    team: SafeString
    team_path: SafeString
    status: SafeString
    stored: SafeString
    drifted: bool
    left: SafeString
    left_units: SafeString
    used: SafeString
    used_units: SafeString
    expires: SafeString
    group: SafeString
    addresses: SafeString
    is_open: bool
    models: SafeString
    last_used: SafeString
    switch: SafeString
    switch_word: SafeString
    switch_busy: SafeString
    switch_css: SafeString
    change_id: UUID
    head: SafeString


class Words(NamedTuple):
    """All that the words for a number or a moment depend on besides: they are kept, since the same ones come again."""

    language: str
    zone: str
    units_per_usd: int


def words_now() -> Words:
    """For the request that is being answered."""
    return Words(get_language(), timezone.get_current_timezone_name(), django_settings.QUOTA_UNITS_PER_USD)


def row_text(row: KeyRow, team: Team, words: Words, *, may_switch: bool, head: str = "") -> RowText:
    """may_switch: is there to be a button? A key that is gone has none."""
    key, settings, beside = row.key, row.key.settings, row.beside
    team_path = keys_path(team.slug)
    path = f"{team_path}{key.id}/"
    verb, word, busy, css = _NO_BUTTON
    if may_switch and beside.gone_at is None:
        verb, word, busy, css = _button(row.can_enable, words)
    left, left_units = _quota(None if settings.unlimited_quota else settings.remain_quota, words)
    used, used_units = _quota(key.used_quota, words)
    return RowText(
        id=_safe(str(key.id)),
        path=_safe(path),
        name=_safe(spoken.key_name(settings.name)),
        masked=_safe(escape_visible(key.masked)),
        first_seen=_first_seen(beside.first_seen_at, words),
        owner=_safe(escape_visible(beside.owner)),
        purpose=_safe(escape_visible(_cut(beside.purpose))),
        purpose_whole=_safe(escape_visible(beside.purpose) if len(beside.purpose) > PURPOSE_SHOWN else ""),
        tags=beside.tags,
        team=_safe(escape_visible(team.name)),
        team_path=_safe(team_path),
        status=_gone(beside.gone_at) if beside.gone_at else _status(row.status, words),
        stored=_safe(value_text("status", row.stored)) if row.lags else _safe(""),
        drifted=beside.drifted,
        left=left,
        left_units=left_units,
        used=used,
        used_units=used_units,
        expires=_told(settings.expired_time, words, expiry),
        group=_safe(escape_visible(settings.group)),
        addresses=_addresses(row.addresses, words),
        is_open=row.addresses is None,
        models=_models(row.models, words),
        last_used=_told(key.accessed_time, words, moment),
        switch=_safe(f"{path}{verb}/" if verb else ""),
        switch_word=word,
        switch_busy=busy,
        switch_css=css,
        change_id=row.change_id,
        head=_safe(head),
    )


def row_now(key: KeySnapshot, team: Team) -> RowText:
    """One row as the key was just read, with what is kept beside it."""
    return row_text(key_row(key, timezone.now(), beside_of(key.user_id, key.id)), team, words_now(), may_switch=True)


def row_texts(rows: Collection[KeyRow], team: Team, *, may_switch: bool) -> list[RowText]:
    words = words_now()
    return [row_text(row, team, words, may_switch=may_switch) for row in rows]


def _safe(text: str) -> SafeString:
    """What Django's own escaping gives, without its detour by lazy texts."""
    return SafeString(escape(text))


def _cut(purpose: str) -> str:
    """One line of it: the list is read down, not along."""
    return purpose if len(purpose) <= PURPOSE_SHOWN else f"{purpose[:PURPOSE_SHOWN].rstrip()}…"


_NO_BUTTON = ("", _safe(""), _safe(""), _safe(""))


@lru_cache(maxsize=64)
def _button(can_enable: bool, words: Words) -> tuple[str, SafeString, SafeString, SafeString]:
    if can_enable:
        return "enable", _safe(gettext("Enable")), _safe(gettext("Enabling…")), _safe("")
    return "disable", _safe(gettext("Disable")), _safe(gettext("Disabling…")), _safe(" button--danger")


@lru_cache(maxsize=8_192)
def _quota(count: int | None, words: Words) -> tuple[SafeString, SafeString]:
    """In USD and in units; None for unlimited."""
    if count is None:
        return _safe(gettext("Unlimited")), _safe("")
    return _safe(spoken.usd(count)), _safe(spoken.units(count))


@lru_cache(maxsize=1_024)
def _addresses(count: int | None, words: Words) -> SafeString:
    if count is None:
        return _safe(gettext("any address"))
    return _safe(ngettext("%(n)d entry", "%(n)d entries", count) % {"n": count})


@lru_cache(maxsize=1_024)
def _models(count: int | None, words: Words) -> SafeString:
    if count is None:
        return _safe(gettext("any model"))
    if not count:
        return _safe(gettext("no model at all"))
    return _safe(ngettext("%(n)d model", "%(n)d models", count) % {"n": count})


@lru_cache(maxsize=64)
def _status(status: int, words: Words) -> SafeString:
    return render_to_string("components/status.html", {"status": status})


def _told(unix_s: int, words: Words, how: Callable[[int], str]) -> SafeString:
    """how: `moment` or `expiry`."""
    left_s = unix_s - timezone.now().timestamp()
    return _kept(unix_s, left_s > 0, spoken.counted(abs(left_s)), words, how)


@lru_cache(maxsize=8_192)
def _kept(unix_s: int, to_come: bool, counted: tuple[int, int], words: Words, how: Callable[[int], str]) -> SafeString:
    """to_come, counted: all that is told of how far it is from now."""
    return conditional_escape(how(unix_s))


@lru_cache(maxsize=8_192)
def _first_seen(at: datetime | None, words: Words) -> SafeString:
    return _safe(gettext("First seen %(when)s") % {"when": spoken.exactly(timezone.localtime(at))} if at else "")


def _gone(since: datetime) -> SafeString:
    return render_to_string("keys/_gone.html", {"since": timezone.localtime(since)})


@lru_cache(maxsize=1_024)
def keys_path(slug: str) -> str:
    """The address of a team's list of keys."""
    return reverse("keys", args=(slug,))
