"""Every form that a page holds, as a browser would send it, and the address of every page that it leads to."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

TYPED = {"text", "password", "search", "email", "number", "url", "tel", "datetime-local", "hidden", "textarea"}
"""Kinds of control that anything can be put into; hidden ones by who writes the request by hand."""


@dataclass
class Form:
    """One form. fields: name -> the value it came with. free: those of them that take any text."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    free: list[str] = field(default_factory=list)


class Page(HTMLParser):
    """What one page leads to."""

    def __init__(self, path: str, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.path = path
        self.forms: list[Form] = []
        self.links: set[str] = set()
        self._form: Form | None = None
        self._select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        have = {name: value or "" for name, value in attrs}
        if tag == "a":
            self._link(have.get("href", ""))
        elif tag == "form":
            self._form = Form(have.get("action") or self.path, have.get("method", "get").lower())
            self.forms.append(self._form)
        elif tag == "select":
            self._select = have.get("name", "")
        elif self._form and have.get("name") and tag in ("input", "textarea"):
            self._control(self._form, have, tag)
        elif self._form and tag == "option" and ("selected" in have or self._select not in self._form.fields):
            self._form.fields[self._select] = have.get("value", "")
            self._form.free.append(self._select)  # a choice is free to who writes the request by hand

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None

    def _control(self, form: Form, have: dict[str, str], tag: str) -> None:
        kind = "textarea" if tag == "textarea" else have.get("type", "text")
        if kind in ("checkbox", "radio") and "checked" not in have:
            return
        form.fields[have["name"]] = have.get("value", "")
        if have["name"] != "csrfmiddlewaretoken":
            form.free.append(have["name"])

    def _link(self, href: str) -> None:
        parts = urlsplit(href)
        if not parts.netloc and not parts.scheme and parts.path.startswith("/"):
            self.links.add(parts.path + (f"?{parts.query}" if parts.query else ""))
