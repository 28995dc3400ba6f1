"""Words for people: what the ledger's names and values are called on pages. Records keep the names, never these."""

from datetime import UTC, datetime
from typing import Any, Final

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from keys import spoken
from keys.ledger.actions import Action
from keys.models import CompanyRole, TeamRole
from keys.redact import escape_visible
from keys.types import NEVER, Status

Words = str | Promise

ACTIONS: dict[str, Words] = {
    # What was asked for: whether it came to that is the outcome's word, not this one's.
    Action.KEY_EDIT: _("Edit key"),
    Action.KEY_DISABLE: _("Disable key"),
    Action.KEY_ENABLE: _("Enable key"),
    Action.KEY_SETTLE: _("Key read again"),
    Action.KEY_DRIFT: _("Changed elsewhere"),
    Action.KEY_DRIFT_ACCEPT: _("Change made elsewhere accepted"),
    Action.KEY_NOTE: _("Owner, purpose, tags"),
    Action.KEYS_PANIC: _("Disable all keys of a team"),
    Action.KEYS_PANIC_UNDO: _("Enable again what was disabled at once"),
    Action.KEYS_EXPORT: _("List of keys exported"),
    Action.DENIED: _("Access denied"),
    Action.SIGN_IN: _("Signed in"),
    Action.SIGN_IN_FAILED: _("Sign-in failed"),
    Action.SIGN_OUT: _("Signed out"),
    Action.PASSWORD_CHANGE: _("Password changed"),
    Action.PERSON_ADD: _("Person added"),
    Action.PERSON_EDIT: _("Person changed"),
    Action.MEMBERSHIP_SET: _("Membership set"),
    Action.MEMBERSHIP_REMOVE: _("Membership removed"),
    Action.TEAM_ADD: _("Team added"),
    Action.TEAM_EDIT: _("Team changed"),
    Action.ACCESS_TOKEN_SET: _("Access token set"),
    Action.ACCESS_TOKEN_REPLACE: _("Access token replaced"),
    Action.ACCESS_TOKEN_FORGET: _("Access token forgotten"),
    Action.SEALING_KEY_ROTATE: _("Sealing key rotated"),
    Action.LEDGER_KEY_ROTATE: _("Ledger key rotated"),
    Action.CHECKPOINT_KEY_ROTATE: _("Checkpoint key rotated"),
    Action.EXPORT: _("Ledger exported"),
    Action.LEAK_OPEN: _("Leak reported"),
    Action.LEAK_FOUND: _("Key found in a leak"),
    Action.LEAK_ELSEWHERE: _("Secret pasted by somebody outside the team"),
    Action.LEAK_ASK: _("CometAPI asked whose secret it is"),
    Action.LEAK_PROBE: _("Leaked secret tried"),
    Action.LEAK_REVIVED: _("Leaked key came back to life"),
    Action.LEAK_CONTAINED: _("Leak contained"),
    Action.LEAK_REOPEN: _("Leak re-opened"),
    Action.LEAK_CLOSE: _("Leak closed"),
    Action.LEAK_NOTE: _("Leak noted"),
    Action.LEAK_SECRETS_DESTROYED: _("Leaked secrets destroyed"),
}

OUTCOMES: dict[str, tuple[Words, str]] = {
    "confirmed": (_("Confirmed"), "good"),
    "applied": (_("Applied"), "good"),
    "differs": (_("Reads differently"), "warn"),
    "other": (_("Overtaken"), "warn"),
    "unknown": (_("Unknown"), "warn"),
    "refused": (_("Refused"), "bad"),
    "not_sent": (_("Not sent"), "info"),
    "not_applied": (_("Not applied"), "info"),
}
"""Outcome -> its word and its tone (good, warn, bad, info)."""

FIELDS: dict[str, Words] = {
    "name": _("Name"),
    "status": _("Status"),
    "expired_time": _("Expiry"),
    "remain_quota": _("Quota left"),
    "unlimited_quota": _("Unlimited quota"),
    "model_limits_enabled": _("Model restriction"),
    "model_limits": _("Models"),
    "allow_ips": _("Allowlist"),
    "group": _("Group"),
    "cross_group_retry": _("Cross-group retry"),
    "masked": _("Masked secret"),
    "user_id": _("CometAPI account"),
    "created_time": _("Created"),
    "accessed_time": _("Last used"),
    "used_quota": _("Quota used"),
    "limit": _("Limit"),
    "owner": _("Owner"),
    "purpose": _("Purpose"),
    "tags": _("Tags"),
    "filter": _("Filters"),
    "listed": _("Filters"),
    "username": _("User name"),
    "first_name": _("Name of the person"),
    "email": _("Email"),
    "company_role": _("Company role"),
    "active": _("Active"),
    "is_active": _("Active"),
    "time_zone": _("Time zone"),
    "role": _("Role"),
    "password": _("Password"),
    "slug": _("Short name"),
    "groups": _("Groups"),
    "account_id": _("CometAPI account"),
    "account_name": _("Name of the CometAPI account"),
    "send_account_header": _("New-Api-User header"),
    "last_four": _("Last four characters"),
    "message": _("CometAPI's words"),
    "window_ms": _("Between reading and sending (ms)"),
    "person": _("Person"),
    "count": _("How often"),
    "verb": _("What was asked for"),
    "checked_at": _("Read at"),
    "why": _("Why"),
    "drift_seq": _("Record of the change made elsewhere"),
    "answers": _("Answers record"),
    "part_of": _("Part of record"),
    "keys": _("Keys"),
    "already": _("Left out: they read disabled"),
    "ledger_key": _("Ledger key"),
    "checkpoint_key": _("Checkpoint key"),
    "from_key": _("Follows the key"),
    "public_key": _("Public key"),
    "from_public_key": _("Public key before"),
    "old_seal": _("Sealed by the old key"),
    "old_signature": _("Signed by the old key"),
    "new_signature": _("Signed by the new key"),
    "matches": _("Digest over the digests of all exported records"),
    "format": _("Format"),
    "scope": _("Of whom"),
    "leak": _("Leak"),
    "lines": _("Lines"),
    "keys_found": _("Keys found"),
    "not_found": _("Secrets not found"),
    "proof": _("Proof"),
    "verdict": _("The secret was"),
    "control": _("A made-up secret was"),
    "source": _("Where it was seen"),
    "secrets": _("Secrets"),
}

STATUSES: dict[int, Words] = {
    Status.ENABLED: _("enabled"),
    Status.DISABLED: _("disabled"),
    Status.EXPIRED: _("expired"),
    Status.EXHAUSTED: _("exhausted"),
}
ROLES: dict[str, Words] = {str(role): role.label for role in (*CompanyRole, *TeamRole) if role}
UNITS: Final = ("remain_quota", "used_quota", "limit")
TIMES: Final = ("expired_time", "created_time", "accessed_time")


def action_label(action: str) -> str:
    """An action's words; its own name, made readable, where there are none."""
    return str(ACTIONS.get(action) or escape_visible(action).replace(".", ": ").replace("_", " ").capitalize())


def outcome_label(outcome: str, change: str, ended: bool = False) -> tuple[str, str]:
    """Word and tone of an outcome; a change without one is unknown, and what is whole by itself has none ("").

    ended: the change has its outcome in a later record, so this one is merely the intent.
    """
    if not outcome and ended:
        return gettext("Intent"), "info"
    if not outcome:
        return (gettext("No outcome yet"), "warn") if change else ("", "info")
    word, tone = OUTCOMES.get(outcome, (escape_visible(outcome), "info"))
    return str(word), tone


def role_label(role: str) -> str:
    """What somebody acted as; a role that there is no more as it was recorded."""
    return str(ROLES.get(role, escape_visible(role)))


def field_label(name: str) -> str:
    """A field's words; its own name where there are none."""
    return str(FIELDS.get(name, escape_visible(name).replace("_", " ")))


def value_text(name: str, value: Any) -> str:
    """One recorded value as a person reads it, with its unit, hostile characters visible."""
    if value is None or value == "":
        return gettext("(empty)")
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, int):
        return _number_text(name, value)
    return escape_visible(str(value), keep="\n")


def _number_text(name: str, value: int) -> str:
    if name == "status":
        return str(STATUSES.get(value, value))
    if name == "expired_time" and value == NEVER:
        return gettext("never")
    if name in TIMES:
        return _moment_text(value)
    if name in UNITS:
        return f"{spoken.usd(value)} ({spoken.units(value)})"
    return str(value)


def _moment_text(seconds: int) -> str:
    """Unix seconds in the zone of whoever reads, which is named; out of the calendar's range as a number."""
    try:
        moment = timezone.localtime(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError):
        return str(seconds)
    return f"{date_format(moment, 'Y-m-d H:i:s')} {moment.tzname()}"
