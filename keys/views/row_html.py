"""The rows of a list as HTML: the template of a row is asked once for each kind of row, and its gaps are filled.

Fifty rows through the template take as long as all else of a page does; rows of a kind differ in nothing but texts.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from operator import attrgetter, itemgetter
from typing import Any, Final

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

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


def row_htmls(rows: Iterable[RowText], **context: Any) -> list[Row]:
    """context: what the template of a row needs besides."""
    kinds: dict[tuple[bool, ...], _Kind] = {}
    return [Row(row.head, _html(row, kinds, context)) for row in rows]


def _html(row: RowText, kinds: dict[tuple[bool, ...], _Kind], context: dict[str, Any]) -> SafeString:
    if row.tags:  # as many as there are
        return render_to_string(_TEMPLATE, {"t": row, **context})
    texts = tuple(map(str, attrgetter(*_TEXTS)(row)))
    of = (row.drifted, row.is_open, *map(bool, texts))
    kind = kinds.get(of)
    if kind is None:
        kind = kinds[of] = _kind(row, texts, context)
    return kind.filled(texts)


def _kind(row: RowText, texts: tuple[str, ...], context: dict[str, Any]) -> _Kind:
    """A template asks of a text whether there is one, and puts it in its place: nothing else."""
    gaps: dict[str, Any] = {name: SafeString(f"\ue000{at}\ue000") for at, name in enumerate(_TEXTS) if texts[at]}
    pieces = _GAP.split(render_to_string(_TEMPLATE, {"t": replace(row, **gaps), **context}))
    return _Kind(tuple(pieces), itemgetter(*map(int, pieces[1::2])))
