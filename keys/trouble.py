"""What to tell people when something of ours or of CometAPI's is in trouble: what is wrong, and who can mend it.

Pure words; `keys.http` makes pages of them.
"""

import math
from dataclasses import dataclass

from django.utils.translation import gettext as _

from keys.errors import (
    AccessTokenRefused,
    CometAdminError,
    Denied,
    KeyNotFound,
    LedgerError,
    NotSent,
    RateLimited,
    Refused,
    UpstreamError,
)
from keys.services.access_tokens import NoAccessToken


@dataclass(frozen=True, slots=True)
class Trouble:
    """words: CometAPI's own or ours, without any secret; templates escape them. status: of a page that says this."""

    kind: str
    title: str
    words: str
    mend: str
    status: int = 502
    retry_after_s: int | None = None

    @property
    def may_pass(self) -> bool:
        """Can what is asked of CometAPI next come about without anybody mending anything first?"""
        return self.kind not in ("no_access_token", "token_refused", "no_such_key", "ledger", "denied")


def trouble_of(error: CometAdminError) -> Trouble:
    """Each class of keys.errors as a person should hear it."""
    if isinstance(error, NoAccessToken):
        mend = _("An admin adds it, or pastes it again, on the team's page. Then the team's keys are shown here.")
        return Trouble("no_access_token", error.message, "", mend, status=200)
    if isinstance(error, LedgerError):
        mend = _("Whoever runs this dashboard has to look at its database. Try again in a moment.")
        return Trouble("ledger", _("The ledger cannot be written, so nothing was sent"), str(error), mend, status=503)
    if isinstance(error, Denied):
        mend = _("Your role in this team does not include this. An admin can change that.")
        return Trouble("denied", _("You may not do this"), "", mend, status=403)
    if isinstance(error, UpstreamError):
        return _upstream(error)
    raise error


def _upstream(error: UpstreamError) -> Trouble:
    if isinstance(error, AccessTokenRefused):
        mend = _("An admin replaces it on the team's page: making a new one in the CometAPI console ends the old one.")
        return Trouble("token_refused", _("CometAPI refuses this team's access token"), error.message, mend)
    if isinstance(error, KeyNotFound):
        mend = _(
            "It was deleted there, or it belongs to another account. The history still has what was done to it here."
        )
        return Trouble("no_such_key", _("CometAPI has no such key"), error.message, mend, status=404)
    if isinstance(error, RateLimited):
        mend = _("This ends by itself. Try again in a minute.")
        title = _("CometAPI asks us to slow down")
        return Trouble("rate_limited", title, error.message, mend, retry_after_s=whole_seconds(error.retry_after_s))
    if isinstance(error, NotSent) and error.kind == "rate_budget":
        mend = _("This ends by itself. Try again in a minute.")
        return Trouble("rate_budget", _("Too many requests to CometAPI at once"), error.message, mend)
    mend = _("Nothing has to be done here: try again in a moment. If it lasts, ask whoever runs this dashboard.")
    if isinstance(error, NotSent):
        return Trouble("unreachable", _("CometAPI cannot be reached"), error.message, mend)
    if isinstance(error, Refused):
        return Trouble("refused", _("CometAPI refuses to answer this"), error.message, mend)
    return Trouble("unclear", _("CometAPI did not answer as it should"), error.message, mend)


def whole_seconds(wait_s: float | None) -> int | None:
    """Rounded up, so that nobody comes back too early; None for no wait worth telling."""
    return math.ceil(wait_s) if wait_s else None
