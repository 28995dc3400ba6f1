"""What a record's body says, in words: fields old and new, lists as what was added and removed, requests sent.

A damaged body tells what can be read of it, and nothing of it breaks a page.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext

from keys.ledger.finding import body_of as body_of_text
from keys.ledger.labels import field_label, value_text
from keys.models import Record
from keys.redact import escape_visible
from keys.rules import LISTS, entries_of, list_changes
from keys.selectors.told_values import label_of, value_of
from keys.types import EDITABLE

STEP_ORDER = ("step", "answer", "http_status", "kind", "message", "upstream_request_id", "ms")
TOLD_ELSEWHERE: Final = ("kind", "answers", "part_of")
"""By the action, and by a link."""
FACTS: Final = ("person", "verb", "filter", "count", "keys", "username", "role", "account_name", "last_four", "host")
"""What an entry of the list says of a record beside its changed fields."""


@dataclass(frozen=True, slots=True)
class Line:
    """One field, old -> new (or wanted -> found), as people read it: safe to show, units and zones named.

    added, removed: entries of a list; kept: how many stayed. note: what the new list as a whole means.
    """

    field: str
    label: str
    old: str
    new: str
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    kept: int = 0
    note: str = ""

    @property
    def is_list(self) -> bool:
        return bool(self.added or self.removed)


@dataclass(frozen=True, slots=True)
class Told:
    """A record's body in words. states: (label, before, wanted, found). steps, plain: (name or label, value).

    weaker: labels of the fields in which the key became weaker.
    """

    changed: tuple[Line, ...]
    differs: tuple[Line, ...]
    moved: tuple[Line, ...]
    altered: tuple[Line, ...]
    states: tuple[tuple[str, ...], ...]
    steps: tuple[tuple[tuple[str, str], ...], ...]
    plain: tuple[tuple[str, str], ...]
    weaker: tuple[str, ...]


def body_of(record: Record) -> dict[str, Any]:
    return body_of_text(record.text)


def told(record: Record) -> Told:
    """Everything a record's body says, as people read it."""
    body = body_of(record)
    pairs = {name: lines_of(body, name) for name in ("changed", "differs", "moved", "altered")}
    states = [_mapping(body.get(name)) for name in ("before", "wanted", "found")]
    fields = in_order({name for state in states for name in state})
    steps, weaker = body.get("steps"), body.get("weaker")
    return Told(
        **pairs,
        states=tuple(
            (field_label(f), *(value_text(f, state[f]) if f in state else "–" for state in states)) for f in fields
        ),
        steps=tuple(_step(step) for step in steps if isinstance(step, Mapping)) if isinstance(steps, list) else (),
        plain=tuple(
            (label_of(record, name), value_of(record, name, value))
            for name, value in sorted(body.items())
            if _worth_saying(body, name) and name not in TOLD_ELSEWHERE
        ),
        weaker=tuple(field_label(name) for name in weaker if isinstance(name, str)) if isinstance(weaker, list) else (),
    )


def facts_of(record: Record) -> tuple[tuple[str, str], ...]:
    """(label, value) of what is worth a place in the list: of what went wrong CometAPI's words, else one of ours."""
    body = body_of(record)
    wrong = ("message",) if _worth_saying(body, "message") else ("why",)
    names = [name for name in (*FACTS, *wrong) if _worth_saying(body, name) and body[name] != record.outcome]
    return tuple((label_of(record, name), value_of(record, name, body[name])) for name in names)


def lines_of(body: Mapping[str, Any], name: str) -> tuple[Line, ...]:
    """The pairs under one name of a body, in the order of the form."""
    pairs = {
        field: pair for field, pair in _mapping(body.get(name)).items() if isinstance(pair, list) and len(pair) == 2
    }
    return tuple(_line(field, *pairs[field]) for field in in_order(pairs))


def in_order(fields: Iterable[str]) -> list[str]:
    """Field names in the reference page's order, others after them by name."""
    places = {name: place for place, name in enumerate(EDITABLE)}
    return sorted(fields, key=lambda name: (places.get(name, len(places)), name))


def _line(field: str, old: Any, new: Any) -> Line:
    texts = (field, field_label(field), value_text(field, old), value_text(field, new))
    if field not in LISTS or not all(value is None or isinstance(value, str) for value in (old, new)):
        return Line(*texts)
    was, now = entries_of(field, old), entries_of(field, new)
    added, removed = (tuple(map(escape_visible, entries)) for entries in list_changes(was, now))
    return Line(*texts, added, removed, kept=len(set(was) & set(now)), note=_note(field, was, now))


def _note(field: str, was: Sequence[str], now: Sequence[str]) -> str:
    """An empty allowlist lets everybody in: that is never left to be inferred from what was removed."""
    if field != "allow_ips" or bool(was) == bool(now):
        return ""
    return gettext("before: any address") if now else gettext("now: any address")


def _step(step: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value_text(name, step[name])) for name in STEP_ORDER if step.get(name) not in (None, ""))


def _worth_saying(body: Mapping[str, Any], name: str) -> bool:
    """Lists and mappings are told elsewhere, but for what was asked for. A number is worth saying though it is 0."""
    value = body.get(name)
    if isinstance(value, dict | list):
        return name == "filter" and isinstance(value, dict)
    return value is not None and value is not False and value != ""


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
