"""The values in a record's body as people read them, where that depends on what kind of record it is."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from keys import spoken
from keys.ledger.actions import Action
from keys.ledger.labels import Words as LabelWords
from keys.ledger.labels import action_label, field_label, outcome_label, value_text
from keys.models import Person, Record
from keys.permissions import Verb
from keys.redact import escape_visible
from keys.selectors.leak_words import DESTROYED, WHY, Words

CHANGE_WHY: Final[dict[str, Words]] = {
    "superseded": _("another change of this key went first"),
    "stopped": _("the dashboard was stopped before anything was sent"),
    "untold": _("the key was changed from here since, so that it cannot be told any more"),
    "not_read": _("the key could not be read afterwards"),
    "no_such_key": _("CometAPI has no such key"),
    "gone": _("the key was deleted meanwhile"),
}
COUNTED: Final[dict[str, LabelWords]] = {
    Action.EXPORT: _("Records"),
    Action.KEYS_EXPORT: _("Keys"),
    Action.SEALING_KEY_ROTATE: _("Access tokens sealed anew"),
    Action.LEAK_ASK: _("Secrets"),
}
"""What is counted; elsewhere it is how often something happened."""
VERBS: Final[dict[str, LabelWords]] = {
    Verb.VIEW_TEAM: _("see the team"),
    Verb.VIEW_KEYS: _("see the team's keys"),
    Verb.VIEW_HISTORY: _("see the team's history"),
    Verb.EDIT_KEY: _("edit a key"),
    Verb.DISABLE_KEY: _("disable a key"),
    Verb.ENABLE_KEY: _("enable a key"),
    Verb.MANAGE_TEAM: _("change the team"),
    Verb.MANAGE_ACCESS_TOKEN: _("change the access token"),
    Verb.MANAGE_MEMBERS: _("change the team's members"),
    Verb.VIEW_LEAKS: _("see the team's leaks"),
    Verb.HANDLE_LEAKS: _("handle the team's leaks"),
    Verb.VIEW_PANIC: _("see how all keys were disabled"),
    Verb.PANIC: _("disable all keys"),
    Verb.VIEW_TEAMS: _("see the teams"),
    Verb.ADD_TEAM: _("add a team"),
    Verb.VIEW_PEOPLE: _("see the people"),
    Verb.MANAGE_PEOPLE: _("add and change people"),
    Verb.VIEW_ALL_HISTORY: _("see the whole history"),
    Verb.VIEW_ALL_LEAKS: _("see all leaks"),
    Verb.HANDLE_ALL_LEAKS: _("handle all leaks"),
    Verb.VIEW_STATUS: _("see how the dashboard works"),
}
ASKED: Final[dict[str, LabelWords]] = {
    "team": _("Team"),
    "key_id": _("Key number"),
    "actor": _("Person"),
    "action": _("What"),
    "field": _("Changed field"),
    "outcome": _("Outcome"),
    "since": _("From"),
    "until": _("Before"),
    "value": _("Value before or after"),
    "text": _("Reason or key name"),
    "request_id": _("Request id"),
}
"""What an export was asked for, in the order of the form."""


def label_of(record: Record, name: str) -> str:
    return str(COUNTED[record.action]) if name == "count" and record.action in COUNTED else field_label(name)


def value_of(record: Record, name: str, value: Any) -> str:
    """Reasons and rights are recorded as codes, times in UTC; any other value is told as it stands."""
    if name == "why" and isinstance(value, str):
        words: dict[str, Mapping[str, Words]] = {
            Action.LEAK_PROBE: WHY,
            Action.LEAK_REVIVED: WHY,
            Action.LEAK_SECRETS_DESTROYED: DESTROYED,
        }
        of_action = words.get(record.action, CHANGE_WHY if record.change else {})
        return str(of_action.get(value) or value_text(name, value))
    if name == "verb" and isinstance(value, str):
        return str(VERBS.get(value) or value_text(name, value))
    if name == "count" and isinstance(value, int) and record.action not in COUNTED:
        return gettext("once") if value == 1 else ngettext("%(n)d time", "%(n)d times", value) % {"n": value}
    if name == "filter" and isinstance(value, Mapping):
        return _asked(record, value)
    return moment_told(value) if name == "checked_at" else value_text(name, value)


def moment_told(value: Any) -> str:
    """A time that is recorded as text, in the reader's zone; a damaged one as it stands."""
    try:
        moment = datetime.fromisoformat(value)
        return spoken.exactly(spoken.as_moment(moment if moment.tzinfo else moment.replace(tzinfo=UTC)) or moment)
    except (ValueError, TypeError, OverflowError):
        return value_text("", value)


def _asked(record: Record, given: Mapping[str, Any]) -> str:
    told: dict[str, Callable[[Any], str]] = {
        "team": lambda value: escape_visible(record.team) or f"#{value}",
        "actor": _actor,
        "action": lambda value: action_label(str(value)),
        "field": lambda value: field_label(str(value)),
        "outcome": lambda value: outcome_label(str(value), "")[0],
        "since": moment_told,
        "until": moment_told,
    }
    names = [name for name in ASKED if name in given]
    parts = (f"{ASKED[name]} {told.get(name, lambda value: value_text('', value))(given[name])}" for name in names)
    return ", ".join(parts) or gettext("none")


def _actor(asked: Any) -> str:
    """By the name of today where it is a person of ours who was asked for."""
    number = str(asked)[1:]
    known = str(asked).startswith("#") and number.isascii() and number.isdecimal() and len(number) <= 18
    person = Person.objects.filter(pk=int(number)).first() if known else None
    return value_text("", person.shown_name if person else asked)
