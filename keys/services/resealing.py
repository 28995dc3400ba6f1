"""All access tokens sealed anew: with the first of SEALING_KEYS, or for another host on purpose."""

from dataclasses import dataclass

from django.conf import settings

from keys.ledger import book
from keys.ledger.actions import Action
from keys.models import AccessToken
from keys.sealing import Envelope, current_host, open_access_token, seal_access_token, sealed_as_new
from keys.types import Actor


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many access tokens there are, and how many were sealed anew."""

    all: int
    anew: int


def reseal_access_tokens(*, actor: Actor, from_host: str | None = None) -> Resealed:
    """One transaction with its record; nothing to do leaves none. from_host: where tokens to be moved come from.

    Raises SealBroken when one does not open (nothing is changed then), LedgerUnavailable.
    """
    with book.opened() as ledger:
        tokens = list(AccessToken.objects.select_related("team").order_by("pk"))
        stale = [token for token in tokens if not sealed_as_new(token)]
        for token in stale:
            token.sealed = seal_access_token(token.team, _opened(token, from_host))
            token.save(update_fields=["sealed"])
        if stale:
            body = {"sealing_key": next(iter(settings.SEALING_KEYS)), "host": current_host(), "count": len(stale)}
            ledger.append(book.Entry(action=Action.SEALING_KEY_ROTATE, actor=actor, body=body))
    return Resealed(len(tokens), len(stale))


def _opened(token: AccessToken, from_host: str | None) -> str:
    """From the host named, or from the current one: a move that was begun can be gone on with."""
    moving = from_host is not None and Envelope.parse(token.sealed).host == from_host
    return open_access_token(token, from_host=from_host if moving else None)
