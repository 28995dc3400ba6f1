"""The list of keys as a file: exactly what is filtered, all pages of it, a batch at a time."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from keys import csvsafe
from keys.forms.filters import FilterForm, address_of
from keys.http import PersonRequest, actor_of, page, team_or_404
from keys.models import MirrorKey, Team
from keys.permissions import Verb
from keys.selectors.ages import Ages, ages_with
from keys.selectors.keys import Beside, key_row
from keys.selectors.mirror import besides, exported, keys_of, snapshot_of
from keys.selectors.wanted import OTHER, STATUSES
from keys.services.exports import keys_exported
from keys.types import NEVER
from keys.views.listing import Scope, all_teams, read_teams

BATCH: Final = 1_000
HEAD: Final = (
    *("team", "id", "name", "secret", "status", "stored_status", "quota_left_units", "unlimited", "used_units"),
    *("expires", "group", "allowlist", "models", "created", "last_used", "owner", "purpose", "tags"),
    *("changed_elsewhere", "first_seen", "gone_since", "read_at"),
)
_WORDS: Final = {number: word for word, number in STATUSES.items()}


@require_safe
@page
def keys_csv(request: PersonRequest, slug: str) -> HttpResponse:
    team = team_or_404(request, slug, Verb.VIEW_KEYS)
    return _file(request, Scope((team,), team), f"keys-{team.slug}")


@require_safe
@page
def all_keys_csv(request: PersonRequest) -> HttpResponse:
    return _file(request, all_teams(request), "keys")


def _file(request: PersonRequest, scope: Scope, name: str) -> HttpResponse:
    """A filter that cannot be, or a team never read in whole, is explained on the page of the list, not in a file."""
    form, ages = FilterForm(request.GET), ages_with(scope.teams)
    if not form.is_valid() or (scope.team and ages.never):
        return HttpResponseRedirect(f"{scope.path}?{request.GET.urlencode()}")
    wanted, now = form.wanted(), timezone.now()
    teams, every = read_teams(scope, ages)
    count, keys = exported(keys_of(teams, every=every), wanted, now)
    headers = {"Content-Disposition": f'attachment; filename="{name}{_as_of(ages, now)}.csv"'}
    kind: dict[str, Any] = {"content_type": "text/csv; charset=utf-8", "headers": headers}
    if request.method == "HEAD":
        return HttpResponse(**kind)
    asked = address_of(wanted).removeprefix("?")
    actor = actor_of(request, scope.team)
    keys_exported(person=request.user, actor=actor, team=scope.team, asked=asked, count=count)
    lines = csvsafe.lines(_rows(keys, {team.pk: team for team in scope.teams}, now))
    return StreamingHttpResponse(_with_bom(lines), **kind)  # type: ignore[return-value]  # a response all the same


def _as_of(ages: Ages, now: datetime) -> str:
    """When what the file tells was read in whole, in its name: inside, a program would take it for a key."""
    return f"{'-partial' if ages.partial else ''}-as-of-{(ages.oldest or now).astimezone(UTC):%Y-%m-%dT%H%MZ}"


def _with_bom(lines: Iterator[str]) -> Iterator[str]:
    yield csvsafe.BOM
    yield from lines


def _rows(keys: Iterator[MirrorKey], teams: dict[int, Team], now: datetime) -> Iterator[tuple[csvsafe.Cell, ...]]:
    yield HEAD
    while batch := list(islice(keys, BATCH)):
        beside = besides(batch)
        for key in batch:
            yield _row(key, teams[key.team_id].name, beside[key.account_id, key.key_id], now)


def _row(key: MirrorKey, team: str, beside: Beside, now: datetime) -> tuple[csvsafe.Cell, ...]:
    row = key_row(snapshot_of(key), now)
    # Empty is without a restriction; one that lets nothing through has a word, since its list is as empty.
    allowed = " ".join(key.allow_ips.split()) or ("" if row.addresses is None else "no address")
    models = "" if row.models is None else key.model_limits if row.models else "no model"
    return (
        *(team, key.key_id, key.name, key.masked, _status(row.status), _status(row.stored)),
        *(key.remain_quota, _yes(key.unlimited_quota), key.used_quota),
        *("never" if key.expired_time == NEVER else _time(key.expired_time), key.group, allowed, models),
        *(_time(key.created_time), _time(key.accessed_time) if key.accessed_time else "never"),
        *(beside.owner, beside.purpose, " ".join(beside.tags), _yes(beside.drifted)),
        *(_iso(key.first_seen_at), _iso(key.gone_at) if key.gone_at else "", _iso(key.read_at)),
    )


def _status(number: int) -> str:
    return _WORDS.get(number, f"{OTHER} ({number})")


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _time(seconds: int) -> str | int:
    """UTC, as files are read anywhere; a moment that no calendar has as the number it is."""
    try:
        return _iso(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError):
        return seconds


def _iso(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
