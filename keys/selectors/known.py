"""What a filter can name. Asked here by the history's form and by every export: who names what never was is told so."""

import re
from typing import Final

from django.utils.translation import gettext

from keys.ledger.labels import ACTIONS, FIELDS, OUTCOMES
from keys.models import Person, Record
from keys.selectors.ledger_filter import LedgerFilter
from keys.types import EDITABLE

FIELDS_OFFERED: Final = (
    *EDITABLE,
    *("limit", "owner", "purpose", "tags"),
    *("username", "first_name", "email", "company_role", "role", "is_active", "time_zone", "password"),
    *("slug", "groups", "send_account_header"),
)
"""Whatever a record may tell as changed: of keys, of what is kept beside them, of people, of teams."""
_ID = re.compile(r"#([0-9]{1,18})")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def action_known(name: str) -> bool:
    """Is there such an action, or was it recorded once? Actions may be retired, records stay."""
    return name in ACTIONS or Record.objects.filter(action=name).exists()


def outcome_known(name: str) -> bool:
    return name in OUTCOMES or Record.objects.filter(outcome=name).exists()


def field_known(name: str) -> bool:
    return name in FIELDS or name in FIELDS_OFFERED


def actor_recorded(actor: str) -> bool:
    """actor: as `LedgerFilter` takes it."""
    return LedgerFilter(actor=actor).apply(Record.objects.order_by("-seq")).exists()


def actor_known(actor: str) -> bool:
    """Did anybody of this name do anything that is recorded, or is there a person of this number who could have?"""
    number = _ID.fullmatch(actor)
    return actor_recorded(actor) or (number is not None and Person.objects.filter(pk=int(number[1])).exists())


def recorded_request_id(typed: str) -> str:
    """As records keep it; a page tells it with dashes."""
    return typed.replace("-", "") if _UUID.fullmatch(typed) else typed


def nothing_such() -> str:
    return gettext("There is no such thing in the history.")


def nobody_such() -> str:
    return gettext("Nobody of this name has done anything that is recorded.")
