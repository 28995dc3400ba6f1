"""Secrets of our keys' shape that were not found: list the stale teams again and look anew; ask CometAPI."""

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from keys import permissions
from keys.cometapi import keyed
from keys.errors import Denied, UpstreamError
from keys.ledger import book
from keys.ledger.actions import Action
from keys.models import Incident, Leaked, MirrorKey, Person, Team
from keys.permissions import Verb
from keys.services import journal, syncing
from keys.services.denials import demand
from keys.services.leaks import holding, matching
from keys.services.leaks.desk import claim_stray, may_handle
from keys.services.leaks.fan_out import each
from keys.types import Actor, Deadline

MOST_ASKED: Final = 10
"""Secrets that CometAPI is asked about in one incident."""


def strays(incident: Incident) -> QuerySet[Leaked]:
    return incident.leaked.filter(team=None)


def stale_teams(teams: Collection[int], since_s: float = 0.0) -> QuerySet[Team]:
    """Teams with an access token that were not listed in full for `since_s` seconds (a minute unless said)."""
    before = timezone.now() - timedelta(seconds=since_s or settings.WAITS.refresh_s)
    old = Q(sync=None) | Q(sync__listed_at=None) | Q(sync__listed_at__lt=before)
    partly = Q(sync__trouble="mismatch")  # CometAPI lists other keys than it counts: the one may be among the others
    return Team.objects.filter(old | partly, pk__in=teams, access_token__isnull=False)


def begin_looking(*, person: Person | None, actor: Actor, incident: Incident) -> None:
    """Have the stale teams of this person listed as the page is looked at: what was not found may be a new key."""
    _note_looking(incident, more=stale_teams(may_handle(person, actor)).values_list("pk", flat=True))


def look_again(*, person: Person | None, actor: Actor, incident: Incident) -> None:
    """List the stale teams of this person again, a slice in this call and the rest as the page is looked at."""
    begin_looking(person=person, actor=actor, incident=incident)
    go_on_looking(actor=actor, incident=incident, teams=may_handle(person, actor))


def go_on_looking(*, actor: Actor, incident: Incident, teams: Collection[int]) -> None:
    """The next slice of the listings, and then another look for what was not found."""
    until, done = Deadline.after(settings.WAITS.slice_s), set[int]()
    mine = Team.objects.filter(pk__in=[pk for pk in incident.looking if pk in teams])
    for team in mine.select_related("access_token"):
        if until.passed:
            break
        if syncing.sync_slice(team, until).over:
            done.add(team.pk)
    _note_looking(incident, done=done)
    look_up(actor=actor, incident=incident, teams=teams)


def _note_looking(incident: Incident, *, done: Collection[int] = (), more: Iterable[int] = ()) -> None:
    """Others may be at it as well, with other teams: theirs stay."""
    with transaction.atomic():
        looking = Incident.objects.select_for_update().values_list("looking", flat=True).get(pk=incident.pk)
        incident.looking = list(dict.fromkeys([*(pk for pk in looking if pk not in done), *more]))
        Incident.objects.filter(pk=incident.pk).update(looking=incident.looking)


def look_up(*, actor: Actor, incident: Incident, teams: Collection[int]) -> None:
    """Match what was not found, or could not be made sure of, against the mirror as it is now."""
    rows = list(incident.leaked.filter(Q(team=None) | Q(found_by="unsure")))
    keys = matching.keys_by_print(digest for row in rows for pair in row.prints for digest in pair)
    for row in rows:
        found = _found(row, keys, teams)
        if found is None:
            continue
        with journal.opened() as ledger:
            claim_stray(ledger, actor, row, *found)


def _found(row: Leaked, keys: dict[str, list[MirrorKey]], teams: Collection[int]) -> tuple[MirrorKey, str] | None:
    likely = []
    for whole, mask in row.prints:
        exact = [key for key in keys.get(whole, ()) if key.team_id in teams]
        if exact:
            return exact[0], "whole"
        likely += [key for key in keys.get(mask, ()) if key.team_id in teams]
    secret = holding.secret_of(row) if likely else None
    sure = matching.made_sure(secret, likely) if secret else None
    if sure is None or (sure.by == "unsure" and row.found_by == "unsure"):
        return None
    return sure.key, sure.by


def to_ask(incident: Incident) -> list[Leaked]:
    """What CometAPI would be asked about: at most ten in all, of our keys' shape, whose secrets are still held."""
    asked = strays(incident).exclude(asked="").exclude(asked="failed").count()
    held = strays(incident).exclude(sealed="").filter(asked__in=("", "failed"))
    return list(held[: max(0, MOST_ASKED - asked)])


def ask(*, person: Person | None, actor: Actor, incident: Incident) -> int:
    """Ask CometAPI with each of these secrets whether it knows it; how many were asked.

    For admins alone: whether CometAPI knows a secret tells a lead of another team's key. Raises Denied,
    LedgerUnavailable; nothing was sent then.
    """
    if person is not None and not permissions.allowed(person, Verb.HANDLE_ALL_LEAKS):
        demand(person, actor, Verb.HANDLE_ALL_LEAKS)
        raise Denied(str(Verb.HANDLE_ALL_LEAKS))
    # Who pasted may handle fewer teams: a key of any other team is found here, and not asked about.
    look_up(actor=actor, incident=incident, teams=may_handle(person, actor))
    rows = to_ask(incident)
    if not rows:
        return 0
    with book.opened() as ledger:
        body = {"leak": incident.pk, "count": len(rows)}
        ledger.append(book.Entry(action=Action.LEAK_ASK, actor=actor, body=body))
    each(rows, _ask, Deadline.after(settings.WAITS.edit_s))
    return len(rows)


def _ask(row: Leaked) -> None:
    secret = holding.secret_of(row)
    if secret is None:
        return
    try:
        usage = keyed.usage_of(secret.reveal(), Deadline.after(settings.WAITS.look_s))
        said = "known" if usage else "unknown"
    except UpstreamError:
        usage, said = None, "failed"
    name = keyed.shown_name(usage) if usage else ""
    Leaked.objects.filter(pk=row.pk).update(asked=said, name=name)
