"""A team's access token: tested when it is pasted, stored sealed, used, checked, replaced, forgotten.

One account belongs to one team (design.md, "People"): whose account is behind a token is learned when the first one is
pasted, and kept. The test is a call of its own, before and outside the transaction that stores anything.
"""

import re
from enum import StrEnum
from typing import Final

from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from keys.cometapi.client import CometClient
from keys.errors import AccessTokenRefused, CometAdminError, Invalid, UpstreamError
from keys.fingerprints import fingerprint
from keys.ledger import book
from keys.ledger.actions import Action
from keys.models import AccessToken, Person, Team, TokenState
from keys.permissions import Verb
from keys.redact import escape_visible, mask
from keys.sealing import SealBroken, open_access_token, seal_access_token
from keys.services.denials import demand
from keys.types import Account, Actor, Deadline, Lane

FIELD: Final = "access_token"
SENDABLE: Final = re.compile(r"[!-~]{1,512}")
"""What fits into a header and is no blank."""
NOTED_EVERY_S: Final = 60


class NoAccessToken(CometAdminError):
    """This team cannot talk to CometAPI: no access token, or one that does not open. message: for people."""

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


class TokenFault(StrEnum):
    MALFORMED = "malformed"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    WRONG_ACCOUNT = "wrong_account"


WORDS: Final[dict[TokenFault, Promise]] = {
    TokenFault.MALFORMED: _("This is no access token: it is empty, or has blanks or signs that none can have."),
    TokenFault.REFUSED: _(
        "CometAPI refused this access token. Copy it again from the CometAPI console: making a new one there ends the "
        "old one. If your CometAPI asks for the New-Api-User header, switch that on in the team's settings first."
    ),
    TokenFault.UNREACHABLE: _(
        "CometAPI could not be asked about this access token, so it was not tested and nothing was stored: %(why)s "
        "Paste it again in a minute."
    ),
}


class TokenUnusable(Invalid):
    """An access token that was not taken. fault: which of the four ways. message: for people, without the token."""

    def __init__(self, fault: TokenFault, message: str) -> None:
        self.fault, self.message = fault, message
        super().__init__({FIELD: [message]})


def client_for(team: Team, lane: Lane = Lane.ORDINARY) -> CometClient:
    """A client with the team's access token; raises NoAccessToken."""
    try:
        token = open_access_token(team.access_token)
    except AccessToken.DoesNotExist:
        raise NoAccessToken(gettext("This team has no access token yet. An admin can add one.")) from None
    except SealBroken:
        raise NoAccessToken(
            gettext("This team's access token cannot be opened. An admin can paste it again.")
        ) from None
    return CometClient(
        base_url=settings.COMETAPI_BASE_URL,
        access_token=token,
        account_id=team.account_id,
        send_account_header=team.send_account_header,
        lane=lane,
        fingerprint=fingerprint,
    )


def note_state(team: Team, state: TokenState) -> None:
    """Note what CometAPI said of the access token that `team` was loaded with; unchanged, at most once a minute."""
    try:
        token = team.access_token
    except AccessToken.DoesNotExist:
        return
    now = timezone.now()
    if token.state == state and token.checked_at and (now - token.checked_at).total_seconds() < NOTED_EVERY_S:
        return
    # By its envelope: an answer to the old one says nothing of one that was pasted meanwhile.
    AccessToken.objects.filter(pk=token.pk, sealed=token.sealed).update(state=state, checked_at=now)
    token.state, token.checked_at = state, now


def access_token_set(
    *, person: Person | None, actor: Actor, team: Team, token: str, account_id: int | None = None
) -> Account:
    """Test a pasted access token and store it, in place of the old one if there is one.

    account_id: only where the team's account is not yet known and CometAPI asks for it in a header (trap 16).
    Raises Denied, TokenUnusable, LedgerUnavailable; then nothing was stored.
    """
    demand(person, actor, Verb.MANAGE_ACCESS_TOKEN, team)
    account = account_behind(token, account_id=team.account_id or account_id, header=team.send_account_header)
    with book.opened() as ledger:
        store_tested(ledger, actor, Team.objects.get(pk=team.pk), clean(token), account)
    team.refresh_from_db()
    return account


def access_token_check(*, person: Person | None, actor: Actor, team: Team) -> Account:
    """Ask CometAPI now whether it still takes the stored access token, and note the answer.

    Raises Denied, NoAccessToken, TokenUnusable.
    """
    demand(person, actor, Verb.MANAGE_ACCESS_TOKEN, team)
    client = client_for(team)
    team.access_token.checked_at = None  # asked on purpose: noted even within the minute
    try:
        account = _ask(client)
    except TokenUnusable as error:
        if error.fault is TokenFault.REFUSED:
            note_state(team, TokenState.REFUSED)
        raise
    _same_account(team, account)
    note_state(team, TokenState.ACCEPTED)
    return account


def access_token_forget(*, person: Person | None, actor: Actor, team: Team) -> None:
    """Delete the stored access token. The team keeps its account. Raises Denied, NoAccessToken, LedgerUnavailable."""
    demand(person, actor, Verb.MANAGE_ACCESS_TOKEN, team)
    with book.opened() as ledger:
        token = AccessToken.objects.filter(team=team).first()
        if token is None:
            raise NoAccessToken(gettext("This team has no access token, so there was none to forget."))
        token.delete()
        body = {"last_four": token.last_four, "account_id": team.account_id, "account_name": team.account_name}
        ledger.append(book.Entry(action=Action.ACCESS_TOKEN_FORGET, actor=actor, body=body, team=team))
    team.refresh_from_db()


def clean(token: str) -> str:
    """The raw value, without blanks around it and without a `Bearer ` that was copied along. Raises TokenUnusable."""
    token = token.strip()
    if token[:7].lower() == "bearer ":
        token = token[7:].strip()
    if not SENDABLE.fullmatch(token):
        raise TokenUnusable(TokenFault.MALFORMED, str(WORDS[TokenFault.MALFORMED]))
    return token


def account_behind(token: str, *, account_id: int | None, header: bool) -> Account:
    """Whose account it is, asked of CometAPI; raises TokenUnusable. Never inside a transaction."""
    return _ask(
        CometClient(
            base_url=settings.COMETAPI_BASE_URL,
            access_token=clean(token),
            account_id=account_id,
            send_account_header=header and account_id is not None,
        )
    )


def store_tested(ledger: book.Ledger, actor: Actor, team: Team, token: str, account: Account) -> None:
    """Seal and store with its record, in the caller's transaction. Raises TokenUnusable for another team's account."""
    _same_account(team, account)
    _no_other_team(team, account)
    now, last_four = timezone.now(), token[-4:] if len(token) >= 12 else ""
    stored = {
        "sealed": seal_access_token(team, token),
        "last_four": last_four,
        "set_at": now,
        "set_by": actor.name[:200],
        "state": TokenState.ACCEPTED,
        "checked_at": now,
    }
    created = AccessToken.objects.update_or_create(team=team, defaults=stored)[1]
    team.account_id, team.account_name = account.id, _name_of(account)
    team.save(update_fields=("account_id", "account_name"))
    action = Action.ACCESS_TOKEN_SET if created else Action.ACCESS_TOKEN_REPLACE
    body = {"last_four": last_four, "account_id": account.id, "account_name": team.account_name}
    ledger.append(book.Entry(action=action, actor=actor, body=body, team=team))


def _ask(client: CometClient) -> Account:
    try:
        return client.account(Deadline.after(settings.WAITS.page_s))
    except AccessTokenRefused:
        raise TokenUnusable(TokenFault.REFUSED, str(WORDS[TokenFault.REFUSED])) from None
    except UpstreamError as error:
        words = str(WORDS[TokenFault.UNREACHABLE]) % {"why": error.message}
        raise TokenUnusable(TokenFault.UNREACHABLE, words) from None


def _same_account(team: Team, account: Account) -> None:
    if team.account_id is None or team.account_id == account.id:
        return
    words = gettext(
        "This access token belongs to CometAPI account %(other)s; team %(team)s works with account %(own)s."
    )
    raise TokenUnusable(
        TokenFault.WRONG_ACCOUNT,
        words
        % {
            "other": _told(account.id, _name_of(account)),
            "team": team.name,
            "own": _told(team.account_id, team.account_name),
        },
    )


def _no_other_team(team: Team, account: Account) -> None:
    holder = Team.objects.filter(account_id=account.id).exclude(pk=team.pk).first()
    if holder is None:
        return
    words = gettext(
        "CometAPI account %(account)s already belongs to team %(holder)s, so team %(team)s cannot have it too."
    )
    told = {"account": _told(account.id, _name_of(account)), "holder": holder.name, "team": team.name}
    raise TokenUnusable(TokenFault.WRONG_ACCOUNT, words % told)


def _name_of(account: Account) -> str:
    """Upstream's words, fit to be stored and shown: no secret, nothing that a database or a page trips over."""
    return escape_visible(mask(account.display_name or account.username))[:200]


def _told(account_id: int, name: str) -> str:
    return f"{account_id} ({name})" if name else str(account_id)
