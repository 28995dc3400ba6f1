"""The rows of the list of keys, said in full before any template sees them: fifty of them are shown at once, and a
template that asks and decides in every cell takes longer than all else together."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext, ngettext

from keys import spoken
from keys.ledger.labels import value_text
from keys.models import Team
from keys.redact import escape_visible
from keys.selectors.keys import KeyRow, key_row
from keys.selectors.mirror import beside_of
from keys.templatetags.keys_format import expiry, moment
from keys.types import KeySnapshot


@dataclass(frozen=True, slots=True)
class RowText:
    """Every word of one row. switch: where its button posts to, "" for no button. head: over a part of the list."""

    id: str
    path: str
    name: str
    masked: str
    owner: str
    tags: tuple[str, ...]
    team: str
    team_path: str
    status: str
    stored: str
    drifted: bool
    left: str
    left_units: str
    used: str
    used_units: str
    expires: str
    group: str
    addresses: str
    is_open: bool
    models: str
    last_used: str
    switch: str
    switch_word: str
    switch_busy: str
    switch_css: str
    change_id: UUID
    head: str


def row_text(row: KeyRow, team: Team, *, may_switch: bool, head: str = "") -> RowText:
    """may_switch: is there to be a button? A key that is gone has none."""
    key, settings, beside = row.key, row.key.settings, row.beside
    team_path = _team_path(team.slug)
    path = f"{team_path}{key.id}/"
    verb, word, busy, css = _button(row) if may_switch and beside.gone_at is None else ("", "", "", "")
    return RowText(
        id=str(key.id),
        path=path,
        name=escape_visible(settings.name) or gettext("(no name)"),
        masked=escape_visible(key.masked),
        owner=escape_visible(beside.owner),
        tags=beside.tags,
        team=escape_visible(team.name),
        team_path=team_path,
        status=_gone(beside.gone_at) if beside.gone_at else _status(row.status, get_language()),
        stored=str(value_text("status", row.stored)) if row.lags else "",
        drifted=beside.drifted,
        left=gettext("Unlimited") if settings.unlimited_quota else spoken.usd(settings.remain_quota),
        left_units="" if settings.unlimited_quota else spoken.units(settings.remain_quota),
        used=spoken.usd(key.used_quota),
        used_units=spoken.units(key.used_quota),
        expires=expiry(settings.expired_time),
        group=escape_visible(settings.group),
        addresses=_addresses(row),
        is_open=row.addresses is None,
        models=_models(row),
        last_used=moment(key.accessed_time),
        switch=f"{path}{verb}/" if verb else "",
        switch_word=word,
        switch_busy=busy,
        switch_css=css,
        change_id=row.change_id,
        head=head,
    )


def row_now(key: KeySnapshot, team: Team) -> RowText:
    """One row as the key was just read, with what is kept beside it."""
    return row_text(key_row(key, timezone.now(), beside_of(key.user_id, key.id)), team, may_switch=True)


def row_texts(rows: Collection[KeyRow], team: Team, *, may_switch: bool) -> list[RowText]:
    return [row_text(row, team, may_switch=may_switch) for row in rows]


def _button(row: KeyRow) -> tuple[str, str, str, str]:
    if row.can_enable:
        return "enable", gettext("Enable"), gettext("Enabling…"), ""
    return "disable", gettext("Disable"), gettext("Disabling…"), " button--danger"


def _addresses(row: KeyRow) -> str:
    if row.addresses is None:
        return gettext("any address")
    return ngettext("%(n)d entry", "%(n)d entries", row.addresses) % {"n": row.addresses}


def _models(row: KeyRow) -> str:
    if row.models is None:
        return gettext("any model")
    if not row.models:
        return gettext("no model at all")
    return ngettext("%(n)d model", "%(n)d models", row.models) % {"n": row.models}


@lru_cache(maxsize=64)
def _status(status: int, language: str) -> str:
    return render_to_string("components/status.html", {"status": status})


def _gone(since: datetime) -> str:
    return render_to_string("keys/_gone.html", {"since": timezone.localtime(since)})


@lru_cache(maxsize=1_024)
def _team_path(slug: str) -> str:
    return reverse("keys", args=(slug,))
