"""What is done to the served product so that a secret might get out: work, mishaps upstream, typing, errors."""

import base64
import json
import random
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from django.db import connection

from tests.secrets.crawl import Form, Page
from tests.secrets.estate import Estate, Visitor, visitor

HTMX = {"HX-Request": "true"}
ECHOING = ("refusal", "401_json", "400", "403", "404", "409", "413", "500_before", "502")
"""Faults whose words the sandbox lets us choose."""
MUTE = ("html_200", "garbage", "json_string", "success_string", "cut_with_length", "reset_after", "another_id", "307")
LASTING = ("drip", "stall_after_headers", "huge_body", "gzip_bomb", "bad_charset", "applied_late", "stale_read", "429")
PASSWORDS = ("password", "oldpassword", "password1", "password2")
QUERY = ("q", "page", "before", "change", "next", "as", "message")
HEADERS = ("Host", "Referer", "Origin", "Cookie", "X-Request-Id", "User-Agent", "HX-Current-URL", "HX-Target")
STARTS = (
    *("/", "/keys/", "/teams/", "/history/", "/history/proof/", "/history/export/", "/people/", "/people/new/"),
    *("/teams/new/", "/leaks/", "/profile/", "/accounts/password/change/"),
)


def work(estate: Estate, admin: Visitor, lead: Visitor) -> None:
    """What people do all day."""
    assert lead.get("/teams/atlas/keys/").status_code == 200
    assert lead.edit(name="Renamed", reason="tidier").status_code == 303
    assert lead.switch("disable").status_code == 303
    assert lead.switch("enable").status_code == 303
    assert lead.post(estate.key_path("disable/"), {}, headers=HTMX).status_code == 200
    token = {"access_token": estate.text("second access token")}
    assert admin.post("/teams/atlas/access-token/", token).status_code == 422  # another account's
    assert admin.post("/teams/boreas/access-token/", token).status_code == 302
    assert admin.post("/teams/boreas/access-token/check/", {}).status_code == 302
    assert admin.get("/teams/boreas/").status_code == 200
    assert admin.post("/teams/boreas/access-token/forget/", {}).status_code == 302


def leaks(estate: Estate, admin: Visitor) -> None:
    """The leak desk: secrets pasted in clear and wrapped, found, disabled, tried, noted; one stays held."""
    secret, other = f"sk-{estate.text('key secret')}", f"sk-{estate.text('second key secret')}"
    assert admin.get("/leaks/").status_code == 200
    pasted = f"KEY={secret}\n{base64.b64encode(f'k={secret}'.encode()).decode()}\nsk-{estate.text('typed')}\n"
    for text in (pasted, json.dumps({"secret": other, "line": 3})):
        answer = admin.send("POST", "/leaks/", data={"text": text, "csrfmiddlewaretoken": admin.token})
        assert answer.status_code == 303, answer.status_code
        place = answer.headers["Location"]
        for verb in ("look", "disable", "ask"):
            admin.get(place)
            answer = admin.post(f"{place}{verb}/", {}, headers=HTMX if verb == "disable" else {})
            assert answer.status_code in (200, 303), (verb, answer.status_code)
        admin.get(place, headers=HTMX)
        assert admin.post(f"{place}note/", {"source": secret, "note": f"it was {other}"}).status_code == 422
    answer = admin.send(
        "POST",
        "/leaks/",
        files={"file": ("leak.txt", f"{other}\n{secret}".encode())},
        headers={"X-CSRFToken": admin.token},
    )
    assert answer.status_code == 303, answer.status_code
    assert admin.post(f"{answer.headers['Location']}close/", {}).status_code == 303
    estate.sandbox.configure(dialect="A")
    for number in range(2):
        assert admin.switch("enable", number).status_code == 303


def doors(estate: Estate, lead: Visitor) -> None:
    """Passwords in every box of the sign-in and of the password's change, right ones and wrong ones."""
    stranger = visitor(estate)
    password = estate.text("admin's password")
    for typed in ({"login": password, "password": password}, {"login": "admin", "password": password[:-1]}):
        assert stranger.post("/accounts/login/", typed).status_code == 422
    new = estate.text("lead's new password")
    asked = {"oldpassword": estate.text("lead's password"), "password1": new, "password2": new + "x"}
    assert lead.post("/accounts/password/change/", asked).status_code == 422
    assert lead.post("/accounts/password/change/", {**asked, "password2": new}).status_code == 302
    lead.begin()  # the session goes on under another id


def echoes(estate: Estate) -> list[str]:
    """Messages that hold secrets: as they are, marked, coded, broken over lines."""
    key, token = estate.text("key secret"), estate.text("access token")
    return [
        f"invalid token {token} for key sk-{key}",
        f"<b>{key}</b> Authorization: Bearer {token}",
        f"{base64.b64encode(key.encode()).decode()} / {base64.b64encode(token.encode()).decode()}",
        f"{key.encode().hex()} / {token.encode().hex()}",
        f"sk-{key[:24]}\n{key[24:]} {token[:16]}\u200b{token[16:]}",
        json.dumps({"key": f"sk-{key}", "authorization": token}),
        f"https://example.com/?key=sk-{key}&t={token}",
    ]


def mishaps(estate: Estate, admin: Visitor, lead: Visitor, kinds: tuple[str, ...], *, thorough: bool) -> None:
    """CometAPI in every kind of trouble, at every call, or each at one; its words repeat secrets of ours."""
    words = echoes(estate)
    operations = ("update", "get", "account", "list")
    for number, kind in enumerate(kinds):
        said: dict[str, Any] = {}
        if kind in ECHOING:
            said = {"message": words[number % len(words)], "html": False}
        elif kind == "307":
            said = {"location": f"{estate.sandbox.url}/?token={estate.text('access token')}"}
        for operation in operations if thorough else operations[number % 4 :][:1]:
            estate.sandbox.fault(kind, operation=operation, times=20, **said)
            _act(estate, admin, lead, operation)
            estate.sandbox.clear_faults()
        lead.get(estate.key_path())
        lead.get("/history/")


def _act(estate: Estate, admin: Visitor, lead: Visitor, operation: str) -> None:
    if operation == "list":
        lead.get("/teams/atlas/keys/")
    elif operation == "account":
        admin.post("/teams/atlas/access-token/check/", {})
        admin.get("/teams/atlas/")
    elif operation == "get":
        lead.get(estate.key_path())
        lead.switch("disable")
    else:
        lead.edit(1, name=f"Renamed {random.random()}", reason="why")
        for verb in ("disable", "enable"):
            answer = lead.post(estate.key_path(f"{verb}/"), {}, headers=HTMX)
            change = re.search(r"changes/[0-9a-f-]{36}/", answer.text)
            if change:
                lead.get(estate.key_path(change[0]), headers=HTMX)


def pages(who: Visitor, most: int) -> Iterator[Page]:
    """Pages that links lead to from everywhere, each kind of address once or twice."""
    waiting, seen, kinds = list(STARTS), set(STARTS), dict[str, int]()
    while waiting and most:
        path = waiting.pop(0)
        answer = who.get(path)
        most -= 1
        page = Page(path, answer.text)
        yield page
        for link in sorted(page.links - seen):
            kind = re.sub(r"[0-9]+", "#", link)
            kinds[kind] = kinds.get(kind, 0) + 1
            if kinds[kind] <= 2 and "logout" not in link and not link.startswith("/static/"):
                seen.add(link)
                waiting.append(link)


def typing(estate: Estate, who: Visitor, most: int, written: list[str]) -> int:
    """`written` in every field of every form, one at a time, and in all at once; how many were sent."""
    sent, known = 0, set[str]()
    for page in pages(who, most):
        for form in page.forms:
            kind = re.sub(r"[0-9]+", "#", form.action) + repr(sorted(form.fields))
            if form.method != "post" or kind in known or "logout" in form.action:
                continue
            known.add(kind)
            sent += _type_into(who, form, written)
    return sent


def wrapped(secret: str) -> list[str]:
    """A secret as people paste it."""
    return [secret, f" {secret} ", f"key={secret}&x=1", f"{secret}\u200b", f"a, {secret}\r\nb", f"Bearer {secret[3:]}"]


def _type_into(who: Visitor, form: Form, written: list[str]) -> int:
    free = [name for name in form.free if name not in PASSWORDS]
    base = {name: text for name, text in form.fields.items() if name not in PASSWORDS}
    cases = [{name: text} for name in free for text in written]
    cases += [dict.fromkeys([name for name in free if name != "base"], text) for text in written if free]
    for number, typed in enumerate(cases):
        answer = who.send("POST", form.action, data={**base, **typed}, headers=HTMX if number % 2 else {})
        assert answer.status_code < 500, (form.action, typed, answer.status_code)
        if answer.is_redirect:
            who.get(answer.headers["Location"])  # what was said of it is said there
    return len(cases)


def errors(estate: Estate, admin: Visitor, lead: Visitor) -> None:
    """Secrets in every address, header and body that ends in an error page, a broken database among the causes."""
    typed, stranger = estate.typed, visitor(estate)
    query = "&".join(f"{name}={typed}" for name in QUERY)
    paths = (*STARTS, "/teams/atlas/", "/teams/atlas/keys/", estate.key_path(), "/accounts/login/", "/healthz", "/")
    for who in (lead, admin, stranger):
        for path in (*paths, f"/{typed}", f"/teams/{typed}/", f"/teams/{typed}/keys/", f"/teams/{typed}/keys/7/"):
            who.get(f"{path}?{query}")
        who.get(f"/teams/atlas/keys/?q={typed}%00")
        who.get(f"/teams/atlas/keys/?q={quote(quote(typed).replace('-', '%2D'))}")
        who.post(f"/teams/{typed}/members/", {"person": typed, "role": "lead"})
        who.send("POST", "/teams/atlas/", data={"name": typed, "csrfmiddlewaretoken": typed})
        who.send("PUT", estate.key_path(), content=typed)
        who.post("/teams/atlas/", {"name": typed + "x" * 3_000_000})
        for name in HEADERS:
            value = (
                f"sessionid={typed}; csrftoken={typed}"
                if name == "Cookie"
                else f"http://127.0.0.1:{estate.port}/{typed}"
            )
            once = who.again()  # such a cookie may end the session
            once.get("/teams/atlas/keys/", headers={name: value, **HTMX})
            once.post("/teams/atlas/", {"name": typed}, headers={name: value})
    _broken(estate, admin, lead)


def _broken(estate: Estate, admin: Visitor, lead: Visitor) -> None:
    """500: a table is away."""
    with connection.cursor() as cursor:
        cursor.execute('ALTER TABLE "keys_team" RENAME TO "keys_team_away"')
    try:
        for who, password in ((lead, "lead's new password"), (admin, "admin's password")):
            secrets = {"access_token": estate.text("access token"), "password": estate.text(password)}
            assert who.post("/teams/atlas/access-token/", {"name": estate.typed, **secrets}).status_code == 500
            assert who.get("/teams/atlas/keys/", headers={"Referer": estate.typed}).status_code == 500
    finally:
        with connection.cursor() as cursor:
            cursor.execute('ALTER TABLE "keys_team_away" RENAME TO "keys_team"')
