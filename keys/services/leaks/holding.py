"""Leaked secrets, sealed, for as long as they are needed to try them: at most `Waits.leak_hold_s`, then destroyed."""

import structlog
from django.db.models import Q
from django.utils import timezone

from keys.errors import LedgerUnavailable
from keys.leaks.candidate import Secret
from keys.ledger import book
from keys.ledger.actions import Action
from keys.models import Incident, Leaked
from keys.sealing import SealBroken, open_leaked, seal_leaked
from keys.types import Actor, ActorKind

log = structlog.get_logger(__name__)

DESK = Actor(ActorKind.SYSTEM, "", "leak desk", role="system")


def hold(row: Leaked, secret: Secret) -> None:
    """Seal it into its row, which is saved by the caller."""
    row.length, row.sealed = len(secret.reveal()), seal_leaked(row, secret.reveal())


def secret_of(row: Leaked) -> Secret | None:
    """None once it is destroyed, or when it does not open."""
    sealed = Leaked.objects.filter(pk=row.pk, incident__hold_until__gt=timezone.now()).values_list("sealed", flat=True)
    row.sealed = sealed.first() or ""
    try:
        return Secret(open_leaked(row)) if row.sealed else None
    except SealBroken as broken:
        log.warning("leaked_secret_not_opened", leak=row.incident_id, reason=str(broken.reason))
        return None


def destroy_due() -> None:
    """Destroy what has been held long enough, and what is needed no more."""
    held = Incident.objects.filter(destroyed_at=None)
    over = held.filter(Q(hold_until__lte=timezone.now()) | Q(state=Incident.State.CLOSED))
    for incident in over:
        destroy(incident, "time" if incident.state != Incident.State.CLOSED else "closed")
    for incident in held.filter(state=Incident.State.CONTAINED):
        if not incident.leaked.filter(last_at=None).exists():
            destroy(incident, "proven")


def destroy(incident: Incident, why: str) -> None:
    """With its record; without one where none can be written now, and then it is written later."""
    count = incident.leaked.exclude(length=0).count()
    body = {"leak": incident.pk, "secrets": count, "why": why}
    try:
        with book.opened() as ledger:
            if Incident.objects.filter(pk=incident.pk, destroyed_at=None).update(destroyed_at=timezone.now()):
                incident.leaked.update(sealed="")
                ledger.append(book.Entry(action=Action.LEAK_SECRETS_DESTROYED, actor=DESK, body=body))
    except LedgerUnavailable:
        incident.leaked.update(sealed="")
