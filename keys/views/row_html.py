"""The rows of a list as HTML: the template of a row is asked once for each kind of row, and its gaps are filled in.

Fifty rows through the template take as long as all else of a page does; rows of a kind differ in nothing but texts.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import Any, Final

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from keys.permissions import Verb
from keys.views.links import labels
from keys.views.rows import RowText

_TEMPLATE: Final = "keys/_row.html"
_TEXTS: Final = tuple(one.name for one in fields(RowText) if one.name not in {"tags", "drifted", "is_open", "head"})
_GAP: Final = re.compile("\ue000([0-9]+)\ue000")
"""A character of the private use area, which no template has; texts are filled in later, whatever they are."""


@dataclass(frozen=True, slots=True)
class Row:
    """head: over a part of the list, "" for none."""

    head: SafeString
    html: SafeString


@dataclass(frozen=True, slots=True)
class _Kind:
    """What rows of one kind have in common: the pieces of their HTML, and which of `_TEXTS` stands between them."""

    pieces: tuple[str, ...]
    texts: Any

    def filled(self, texts: tuple[str, ...]) -> SafeString:
        whole = list(self.pieces)
        whole[1::2] = self.texts(texts)
        return SafeString("".join(whole))


def row_htmls(rows: Iterable[RowText], *, may_switch: bool, mark_open: bool = False) -> list[Row]:
    """may_switch: is there a column for the buttons? mark_open: say loudly which keys have no allowlist."""
    language = get_language()
    return [Row(row.head, _html(row, may_switch, mark_open, language)) for row in rows]


def _html(row: RowText, may_switch: bool, mark_open: bool, language: str) -> SafeString:
    if row.tags:  # as many as there are
        return _rendered(row, may_switch, mark_open)
    texts = tuple(map(str, attrgetter(*_TEXTS)(row)))
    return _kind((row.drifted, row.is_open, *map(bool, texts)), may_switch, mark_open, language).filled(texts)


@lru_cache(maxsize=1_024)
def _kind(of: tuple[bool, ...], may_switch: bool, mark_open: bool, language: str) -> _Kind:
    """A template asks of a text whether there is one, and puts it in its place: nothing else.

    language: the one that is active; each has kinds of its own.
    """
    drifted, is_open, *given = of
    gaps: dict[str, Any] = {
        name: SafeString(f"\ue000{at}\ue000" if given[at] else "") for at, name in enumerate(_TEXTS)
    }
    row = RowText(**gaps, tags=(), drifted=drifted, is_open=is_open, head=SafeString(""))
    pieces = _GAP.split(_rendered(row, may_switch, mark_open))
    return _Kind(tuple(pieces), itemgetter(*map(int, pieces[1::2])))


def _rendered(row: RowText, may_switch: bool, mark_open: bool) -> SafeString:
    may = {str(Verb.DISABLE_KEY): may_switch}
    return render_to_string(_TEMPLATE, {"t": row, "labels": labels(), "may": may, "mark_open": mark_open})
