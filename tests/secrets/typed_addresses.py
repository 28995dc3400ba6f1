"""Texts that break what was not made for them, and where to put them: addresses, queries, forms of every page."""

import random
from collections.abc import Iterator, Mapping
from urllib.parse import quote_from_bytes
from uuid import UUID

from django.test import Client

from tests.secrets.crawl import Form, Page

NASTY = (
    *("", " ", "\x00", "a\x00b", "\ud800", "\u202e", "\u0663", "\uff13", "9" * 5_000, "9" * 4_000, "-1", "0", "1"),
    *("99999999999999999999", str(2**63), str(2**63 - 1), str(2**31), "1.5", "1e400", "NaN", "true", "None", "null"),
    *("../../etc/passwd", "%2e%2e%2f", "%00", "%", "%zz", "{}", "%s%(x)s", "<script>alert(1)</script>", "'\"><b>"),
    *("=cmd()", "\r\nSet-Cookie: a=b", "a" * 300, "\u0301" * 300, "e\u0301", "\u2028", "\x1b[31m", "\x7f", "\ufeff"),
    *(
        "new",
        "atlas",
        "ATLAS",
        "lead",
        "admin",
        "member",
        "Europe/Berlin",
        "../UTC",
        "2030-01-01T00:00",
        "//evil.example",
    ),
    *(str(UUID(int=7)), UUID(int=7).hex, f"{{{UUID(int=7)}}}", f"urn:uuid:{UUID(int=7)}", "\U0001f511", "a,b", "a\nb"),
    *("x" * 2_000, "\u0661" * 40, "javascript:alert(1)", "http://[", "[]", "a[b]=c", "a;b", "\\", "\udcff", "on"),
)
ROUTES = (
    *("{}", "teams/{}/", "teams/{}/keys/", "teams/atlas/keys/{}/", "teams/{}/keys/{}/", "teams/atlas/keys/{}/{}/"),
    *("teams/atlas/keys/{}/disable/", "teams/atlas/keys/{}/enable/", "teams/atlas/keys/{}/changes/{}/", "history/{}/"),
    *("people/{}/", "people/{}/password/", "people/{}/memberships/", "teams/{}/members/", "teams/{}/access-token/"),
    *(
        "accounts/{}/",
        "accounts/login/",
        "history/",
        "teams/atlas/keys/",
        "teams/atlas/keys/KEY/",
        "people/",
        "profile/",
    ),
    *("keys/", "keys.csv", "teams/atlas/keys.csv", "views/{}/delete/", "teams/atlas/keys/KEY/note/", "views/"),
    *("teams/atlas/keys/KEY/changes/{}/", "static/{}", "static/css/{}.css", "{}/{}/{}", "teams/", "people/new/"),
    *("teams/{}/panic/", "teams/atlas/panic/{}/", "teams/atlas/panic/{}/undo/", "teams/atlas/panic/{}/go-on/"),
    *("history/proof/", "history/export/"),
)
NAMES = (
    *("page", "before", "change", "as", "next", "q", "put_back", "\x00", "\ud800", "a" * 300),
    *("since", "until", "team", "key", "person", "action", "field", "outcome", "value", "text", "request", "format"),
    *(
        "status",
        "group",
        "owner",
        "tag",
        "address",
        "expiring",
        "idle",
        "low",
        "never_used",
        "unlimited",
        "sort",
        "gone",
    ),
    *("restore", "not_searched"),
)
PAGES = {
    "admin": ("/teams/atlas/", "/teams/new/", "/people/new/", "/profile/", "/people/SUBJECT/", "/history/export/"),
    "lead": ("/profile/", "/accounts/password/change/", "/keys/", "/keys/?gone=yes"),
}
WITHOUT_RETURN = ("logout", "password/", "access-token/forget", "/accounts/")
"""Forms that end a session, or count attempts."""


def addresses(rng: random.Random, count: int, keys: list[int]) -> Iterator[tuple[str, str]]:
    """Method and address. What is posted names no key that is there."""
    for _ in range(count):
        path = rng.choice(ROUTES).replace("KEY", str(rng.choice(keys)))
        while "{}" in path:
            path = path.replace("{}", _quoted(rng, rng.choice(NASTY)), 1)
        pairs = [(rng.choice(NAMES), rng.choice(NASTY)) for _ in range(rng.choice((0, 1, 1, 2, 8)))]
        query = "&".join(f"{_quoted(rng, name)}={_quoted(rng, text)}" for name, text in pairs)
        named = any(f"/keys/{key}/" in path for key in keys)
        yield ("GET" if named else rng.choice(("GET", "GET", "HEAD", "POST"))), f"/{path}?{query}"


def _quoted(rng: random.Random, text: str) -> str:
    """Escaped as it should be, for the most part; at times raw, as far as an address can carry it."""
    if rng.random() < 0.2 and text.isascii() and text.isprintable() and not set(text) & set("?#& "):
        return text
    return quote_from_bytes(text.encode("utf-8", "surrogatepass"), safe="")


def forms_of(clients: Mapping[str, Client], rng: random.Random, subject: int = 0) -> tuple[str, str, Form]:
    """Somebody, a page of theirs, and one of the forms on it."""
    while True:
        who = rng.choice(sorted(clients))
        path = rng.choice(PAGES[who]).replace("SUBJECT", str(subject))
        page = Page(path, clients[who].get(path).content.decode())
        forms = [form for form in page.forms if not any(part in form.action for part in WITHOUT_RETURN)]
        if forms:
            return who, path, rng.choice(forms)
