"""A key as it was read, the form made from it, and what a browser posts back when nothing is touched."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

from django.http import QueryDict

from keys.forms.key import KeyForm
from keys.types import KeySettings, KeySnapshot

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
NOW_S = 1_795_492_800
SETTINGS = KeySettings("staging", 1, NOW_S + 86_400, 100_000, False, False, "", None, "default", False)
GROUPS = ("default", "vip", "auto")


def key(**changes: Any) -> KeySnapshot:
    return KeySnapshot(5, 9, "abcd**********wxyz", replace(SETTINGS, **changes), NOW_S - 99, NOW_S - 9, 7)


def form_of(
    base: KeySnapshot,
    data: Mapping[str, Any] | None = None,
    *,
    zone: str = "Europe/Berlin",
    groups: tuple[str, ...] | None = GROUPS,
) -> KeyForm:
    return KeyForm(
        data,
        base=base,
        zone=ZoneInfo(zone),
        available_groups=groups,
        auto_groups=("auto",),
        units_per_usd=500_000,
        now=NOW,
    )


class _Controls(HTMLParser):
    """Collects what a browser would post, by the HTML standard's own rules as far as this form meets them."""

    def __init__(self) -> None:
        super().__init__()
        self.posted: dict[str, str] = {}
        self._select = self._area = ""
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        kind = given.get("type", "text")
        if tag == "input" and (kind not in {"checkbox", "radio"} or "checked" in given):
            self.posted[given["name"]] = given.get("value", "")
        elif tag == "select":
            self._select = given["name"]
        elif tag == "option" and ("selected" in given or self._select not in self.posted):
            self.posted[self._select] = given["value"]
        elif tag == "textarea":
            self._area, self._text = given["name"], []

    def handle_data(self, data: str) -> None:
        if self._area:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            # The parser drops one line end after the opening tag; the browser posts all others as CR LF.
            text = "".join(self._text).replace("\r\n", "\n")
            self.posted[self._area] = text.removeprefix("\n").replace("\n", "\r\n")
            self._area = ""


def as_browser(form: KeyForm) -> dict[str, str]:
    """What is posted when the page is saved as it came."""
    page = "".join(str(bound) for bound in form)
    page.encode()  # it can be sent
    controls = _Controls()
    controls.feed(page)
    moment = controls.posted["expired_time"]
    # Browsers leave out seconds that are 0.
    return {**controls.posted, "expired_time": moment.removesuffix(":00") if moment.count(":") == 2 else moment}


def posted(data: Mapping[str, str]) -> QueryDict:
    query = QueryDict(mutable=True)
    for name, value in data.items():
        query[name] = value
    return query


def edited(
    base: KeySnapshot,
    changed: Mapping[str, str] | None = None,
    *,
    zone: str = "Europe/Berlin",
    groups: tuple[str, ...] | None = GROUPS,
    **texts: str,
) -> KeyForm:
    """The form posted back with these texts changed; a box is emptied by the text `-`."""
    texts = {**(changed or {}), **texts}
    data = {**as_browser(form_of(base, zone=zone, groups=groups)), **texts}
    sent = posted({name: text for name, text in data.items() if texts.get(name) != "-"})
    return form_of(base, sent, zone=zone, groups=groups)
