"""What the leak desk writes into the ledger as it goes on, each together with the row that it is about."""

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from keys.ledger import book
from keys.ledger.actions import Action
from keys.models import Incident, Leaked
from keys.services.leaks.holding import DESK
from keys.types import Actor

Save = Callable[[], bool]
"""Writes the row; False when another process has it by now, and then nothing is recorded either."""


def probed(row: Leaked, verdict: str, control: str, why: str) -> None:
    """A try that proved nothing, once for each reason. Raises LedgerUnavailable."""
    if row.why == why:
        return
    with book.opened() as ledger:
        ledger.append(_entry(Action.LEAK_PROBE, row, verdict=verdict, control=control, why=why))


def proven(row: Leaked, proof: str, verdict: str, control: str, save: Save) -> None:
    """A level of proof that is reached. Raises LedgerUnavailable, and then it is not."""
    with book.opened() as ledger:
        if save():
            ledger.append(_entry(Action.LEAK_PROBE, row, proof=proof, verdict=verdict, control=control))
            _contained(ledger, row.incident_id)


def revived(row: Leaked, why: str, save: Save) -> None:
    """A key that came back to life re-opens its incident. Raises LedgerUnavailable."""
    with book.opened() as ledger:
        if not save():
            return
        ledger.append(_entry(Action.LEAK_REVIVED, row, **({"why": why} if why else {})))
        incident = Incident.objects.get(pk=row.incident_id)
        if incident.state != Incident.State.OPEN:
            ledger.append(book.Entry(action=Action.LEAK_REOPEN, actor=DESK, body={"leak": incident.pk}))
        incident.state, incident.contained_at, incident.closed_at = Incident.State.OPEN, None, None
        incident.revived += 1
        incident.save(update_fields=("state", "contained_at", "closed_at", "revived"))


def closed(incident: Incident, actor: Actor) -> None:
    """Closed by a person; its secrets are destroyed next. Raises LedgerUnavailable."""
    with book.opened() as ledger:
        open_states = Incident.objects.filter(pk=incident.pk).exclude(state=Incident.State.CLOSED)
        columns = {"state": Incident.State.CLOSED, "closed_at": timezone.now(), "closed_name": actor.name[:200]}
        if open_states.update(**columns):
            unproven = incident.leaked.filter(team__isnull=False, refused_at=None).count()
            body = {"leak": incident.pk, "keys_found": incident.leaked.filter(team__isnull=False).count()}
            why = {"why": f"{unproven} not proven dead"} if unproven else {}
            ledger.append(book.Entry(action=Action.LEAK_CLOSE, actor=actor, body={**body, **why}))


def _contained(ledger: book.Ledger, incident_id: int) -> None:
    found = Leaked.objects.filter(incident_id=incident_id, team__isnull=False)
    if found.filter(refused_at=None).exists():
        return
    still_open = Incident.objects.filter(pk=incident_id, state=Incident.State.OPEN)
    if still_open.update(state=Incident.State.CONTAINED, contained_at=timezone.now()):
        ledger.append(book.Entry(action=Action.LEAK_CONTAINED, actor=DESK, body={"leak": incident_id}))


def _entry(action: Action, row: Leaked, **body: Any) -> book.Entry:
    return book.Entry(
        action=action,
        actor=DESK,
        body={"leak": row.incident_id, **body},
        team=row.team,
        key_id=row.key_id,
        key_name=row.name,
    )
