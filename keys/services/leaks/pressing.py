"""The press that disables what was found, and going on with it: in a request, by the worker, by a command."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final
from uuid import uuid4

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from keys.errors import Denied, LedgerUnavailable
from keys.ledger import book
from keys.ledger.actions import Action
from keys.models import Change, Incident, Leaked, MirrorKey, Person
from keys.permissions import Verb, acting_role
from keys.redact import find_secrets
from keys.services import journal
from keys.services.denials import record_denial
from keys.services.leaks import holding, proving, telling
from keys.services.leaks.desk import may_handle
from keys.services.leaks.fan_out import each
from keys.services.leaks.sources import SourceChanged, holds_secret
from keys.services.outcome import Outcome
from keys.services.typed import one_line
from keys.types import Actor, Deadline, Status

MOST_TYPED: Final = 300


def to_press(incident: Incident, teams: Collection[int]) -> QuerySet[Leaked]:
    """Keys of these teams that were surely found and that nobody has pressed for yet, or that came to nothing."""
    sure = incident.leaked.filter(team_id__in=teams).exclude(found_by="unsure")
    return sure.filter(disabled_at=None, refused_at=None, gone=False)


def press(*, person: Person | None, actor: Actor, incident: Incident) -> None:
    """Disable every key found that this person may disable, side by side, and try each at once.

    What does not end within this call is gone on with. Raises Denied; LedgerUnavailable when something could not be
    recorded of some key: `sent_among` tells those for which something was sent all the same.
    """
    teams = may_handle(person, actor)
    try:
        _press(person, actor, incident, teams)
    except DatabaseError as error:
        raise LedgerUnavailable(gettext("Not everything could be recorded. What could not be was not sent.")) from error


def sent_among(rows: Sequence[Leaked]) -> set[int]:
    """Those of which something has been sent, though it may be that no more than the intent could be recorded."""
    sent = Change.objects.filter(pk__in=[row.change_id for row in rows], sent_until__isnull=False)
    changes = set(sent.exclude(outcome=str(Outcome.NOT_SENT)).values_list("pk", flat=True))
    return {row.pk for row in rows if row.sent_at or row.change_id in changes}


def _press(person: Person | None, actor: Actor, incident: Incident, teams: Collection[int]) -> None:
    rows = list(to_press(incident, teams).select_related("team"))
    if not rows:
        if not incident.leaked.filter(team_id__in=teams).exists():
            record_denial(actor, Verb.HANDLE_LEAKS, None)
            raise Denied(str(Verb.HANDLE_LEAKS))
        return
    _mark(rows)

    def disable(row: Leaked) -> None:
        role = acting_role(person, row.team) if person else actor.role
        proving.step(row.pk, person, replace(actor, role=role))

    faults = each(rows, disable, Deadline.after(settings.WAITS.edit_s))
    holding.destroy_due()
    _raise_worst(faults)


def go_on(incident: Incident, until: Deadline, *, first_tries: bool = True) -> None:
    """Whatever is due of one incident, by whoever opens its page: no worker is needed.

    first_tries: also try secrets that nobody has pressed for yet; a page that has to be there at once does without.
    """
    _wake(incident.leaked.all())
    due = _due().filter(incident=incident)
    rows = list((due if first_tries else due.filter(pressed_at__isnull=False)).values_list("pk", flat=True))
    if rows:
        each(rows, _next, until)
    holding.destroy_due()


def probe_due(until: Deadline) -> None:
    """Whatever is due of all incidents, and what came back to life after its last probe: for the worker's schedule."""
    _wake(Leaked.objects.all())
    rows = list(_due().values_list("pk", flat=True)[:50])
    faults = each(rows, _next, until) if rows else []
    holding.destroy_due()
    _raise_worst(faults)


def close(*, person: Person | None, actor: Actor, incident: Incident) -> None:
    """Close an incident; its secrets are destroyed at once. Raises Denied, LedgerUnavailable."""
    teams = may_handle(person, actor)
    own = incident.opened_by_id is not None and person is not None and incident.opened_by_id == person.pk
    foreign = incident.leaked.filter(team__isnull=False).exclude(team_id__in=teams).exists()
    if foreign or not (own or incident.leaked.filter(team_id__in=teams).exists()):
        record_denial(actor, Verb.HANDLE_LEAKS, None)
        raise Denied(str(Verb.HANDLE_LEAKS))
    telling.closed(incident, actor)
    holding.destroy_due()


def note(*, person: Person, actor: Actor, incident: Incident, source: str, saw: str, text: str) -> bool:
    """Where it was seen, and a note. False: there was a secret in it, and nothing of it was kept.

    saw: the source that was shown to who typed; one that was left as it is leaves what others wrote since alone.
    Raises Denied, SourceChanged, LedgerUnavailable.
    """
    may_handle(person, actor)
    source, saw = one_line(source)[:MOST_TYPED], one_line(saw)
    text = one_line(text)[: 3 * MOST_TYPED]
    if holds_secret(source) or find_secrets(text):
        return False
    if source == saw and not text:
        return True
    with journal.opened() as ledger:
        now = Incident.objects.values_list("source", flat=True).get(pk=incident.pk)
        if source == saw:
            source = now
        elif now not in (saw, source):
            raise SourceChanged(now)
        Incident.objects.filter(pk=incident.pk).update(source=source)
        body = {"leak": incident.pk, "source": source}
        ledger.append(book.Entry(action=Action.LEAK_NOTE, actor=actor, body=body, reason=text))
    incident.source = source
    return True


def _mark(rows: Sequence[Leaked]) -> None:
    """All or none: what is not said to be pressed must not be gone on with by the worker."""
    now = timezone.now()
    with transaction.atomic():
        for row in rows:
            mine = Leaked.objects.filter(pk=row.pk)
            mine.filter(pressed_at=None).update(pressed_at=now)
            # A disable of its own, whoever may be at the key or was killed while at it: it takes the key over.
            mine.update(next_at=now, busy_until=None, change_id=uuid4())


def _wake(among: QuerySet[Leaked]) -> None:
    """A key that the desk was done with and that the mirror has read as not disabled since is due again.

    Not in an incident that a person has closed; drift alarms there as well.
    """
    same_key = MirrorKey.objects.filter(account_id=OuterRef("account_id"), key_id=OuterRef("key_id"), gone_at=None)
    alive = same_key.filter(read_at__gt=OuterRef("disabled_at")).exclude(status=Status.DISABLED)
    done = among.filter(next_at=None, disabled_at__isnull=False)
    done.filter(Exists(alive)).exclude(incident__state=Incident.State.CLOSED).update(next_at=timezone.now())


def _next(pk: int) -> None:
    proving.first_try(pk)
    proving.step(pk)


def _due() -> QuerySet[Leaked]:
    return Leaked.objects.filter(next_at__lte=timezone.now(), team__isnull=False)


def _raise_worst(faults: list[Exception]) -> None:
    """What nobody foresaw before what is merely unlucky."""
    for fault in sorted(faults, key=lambda one: isinstance(one, LedgerUnavailable)):
        raise fault
