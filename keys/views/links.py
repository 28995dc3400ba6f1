"""The links of the list of keys: its columns, counts and filters, each with the address that it leads to. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from django.utils.html import conditional_escape
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from keys.forms.filters import STATUS_WORDS, FilterForm, address_of
from keys.redact import escape_visible
from keys.selectors.wanted import DEFAULTS, Wanted

COLUMNS: Final[tuple[tuple[str, Any, str, str], ...]] = (
    ("name", _("Name"), "name", ""),
    ("team", _("Team"), "team", "of-team"),
    ("status", _("Status"), "status", ""),
    ("left", _("Quota left"), "left", "num"),
    ("used", _("Used"), "-used", "num"),
    ("expires", _("Expires"), "expires", ""),
    ("group", _("Group"), "group", ""),
    ("restricted", _("Restricted to"), "restricted", ""),
    ("last_used", _("Last used"), "-last_used", ""),
)
"""Column, its words, the order of the first press, its class."""
LABELS: Final[dict[str, Any]] = {
    **{name: words for name, words, *_rest in COLUMNS},
    "stored": _("Stored as"),
    "drifted": _("Changed elsewhere"),
    "none": _("none"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """direction: as aria-sort says it, "" where the list is not sorted by this one."""

    words: str
    address: str
    direction: str
    css: str


@dataclass(frozen=True, slots=True)
class Link:
    """A filter to press. count: None where it is not told."""

    words: str
    address: str
    pressed: bool = False
    count: int | None = None


def labels() -> dict[str, str]:
    """What a row says beside its values, translated once and not once a row."""
    return {name: conditional_escape(words) for name, words in LABELS.items()}


def columns(wanted: Wanted) -> list[Column]:
    return [_column(wanted, *column) for column in COLUMNS]


def counts(wanted: Wanted, by_status: Mapping[str, int], gone: int) -> list[Link]:
    """All, each status, and what is gone; pressing the one that is pressed takes it away."""
    links = [Link(gettext("All"), address_of(replace(wanted, status="")), not wanted.status, sum(by_status.values()))]
    for status, count in by_status.items():
        pressed = status == wanted.status
        address = address_of(replace(wanted, status="" if pressed else status))
        links.append(Link(str(STATUS_WORDS[status]), address, pressed, count))
    if wanted.gone:
        links.append(Link(gettext("Gone from CometAPI"), address_of(replace(wanted, gone=False)), True))
    elif gone:
        links.append(Link(gettext("Gone from CometAPI"), address_of(Wanted(gone=True)), False, gone))
    return links


def chips(form: FilterForm, wanted: Wanted) -> Iterator[Link]:
    """What is filtered by, in words, each with the address without it."""
    for name, text in wanted.asked().items():
        if name in ("sort", "status", "gone"):
            continue  # said by the table's head and by the counts
        label = str(form.fields[name].label)
        words = label if text == "yes" else f"{label}: {escape_visible(text)}{_UNITS.get(name, '')}"
        yield Link(words, address_of(replace(wanted, **{name: DEFAULTS[name]})), True)


_UNITS: Final = {"expiring": "\N{NO-BREAK SPACE}d", "idle": "\N{NO-BREAK SPACE}d", "low": "\N{NO-BREAK SPACE}%"}


def _column(wanted: Wanted, name: str, words: Any, first: str, css: str) -> Column:
    sorted_by_this = wanted.sort.removeprefix("-") == name
    other = first[1:] if first.startswith("-") else f"-{first}"
    pressed = other if wanted.sort == first else first
    direction = ("descending" if wanted.sort.startswith("-") else "ascending") if sorted_by_this else ""
    return Column(str(words), address_of(replace(wanted, sort=pressed)), direction, css)
