"""The whole product with canaries for secrets: `manage.py serve`, visited by httpx, all taken as evidence."""

import base64
import random
import re
import string
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from keys.redact import looks_secret
from tests.pages.house import FormReader
from tests.secrets.canaries import Search
from tests.start import product
from tests.support.databases import RealDatabase
from tests.support.environment import base_environment
from tests.support.sandbox import Account, Sandbox

FORGERY = re.compile(r'"x-csrftoken": "(\w+)"')
LETTERS = string.ascii_letters + string.digits
SESSION = "session id"
SHAPED = ("typed", "key secret", "second key secret")
"""Canaries that are secrets of CometAPI by their shape."""


def make_canaries(rng: random.Random) -> dict[str, bytes]:
    def letters(count: int) -> bytes:
        """Of every kind, as nearly all are: one without a digit passes for a word, and may be shown again."""
        drawn = "".join(rng.choices(LETTERS, k=count))
        of_each = all(set(drawn) & set(kind) for kind in (string.ascii_letters, string.digits))
        in_base64 = base64.b64encode(drawn.encode()).decode()
        return drawn.encode() if of_each and looks_secret(drawn) and looks_secret(in_base64) else letters(count)

    return {
        **{name: letters(48) for name in SHAPED},
        **{name: letters(32) for name in ("access token", "second access token")},
        **{name: letters(32) for name in ("admin's password", "lead's password", "lead's new password")},
        **{name: rng.randbytes(32) for name in ("sealing key", "ledger key", "fingerprint key", "checkpoint key")},
        "SECRET_KEY": letters(86),
        "database password": letters(24),
    }


@dataclass
class Estate:
    """One served product. search: knows the canaries and takes in the evidence."""

    port: int
    pid: int
    log: Path
    sandbox: Sandbox
    account: Account
    second: Account
    search: Search
    database: RealDatabase
    keys: list[int] = field(default_factory=list)

    def text(self, name: str) -> str:
        return self.search.canaries[name].decode()

    @property
    def typed(self) -> str:
        return "sk-" + self.text("typed")

    def key_path(self, rest: str = "", number: int = 0) -> str:
        return f"/teams/atlas/keys/{self.keys[number]}/{rest}"


@dataclass
class Visitor:
    """One person's browser. Every answer, its headers too, becomes evidence."""

    estate: Estate
    client: httpx.Client

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.send("GET", path, **more)

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        answer = self.client.request(method, path, **more)
        place = f"{method} {path[:80]}: {answer.status_code}"
        for name, value in answer.headers.multi_items():
            # A session begins by telling its id to its own browser: there alone it may stand.
            besides = {SESSION} if name.lower() == "set-cookie" else ()
            self.estate.search.take(f"{place}, header {name}", value.encode("latin-1"), besides)
        self.estate.search.take(f"{place}, body", answer.content)
        return answer

    def post(self, path: str, fields: dict[str, Any], *, headers: dict[str, str] | None = None) -> httpx.Response:
        """With the token against forgery that the last page of `token` had."""
        return self.send("POST", path, data=fields, headers={"X-CSRFToken": self.token, **(headers or {})})

    @cached_property
    def token(self) -> str:
        """As every page has it for htmx; good for as long as the session is."""
        found = FORGERY.search(self.client.get("/accounts/login/", follow_redirects=True).text)
        assert found
        return found[1]

    def begin(self) -> None:
        """A session has begun: its id is a canary from now on, and it has a token against forgery of its own."""
        self.__dict__.pop("token", None)
        self.estate.search.plant(SESSION, self.client.cookies["sessionid"])

    def again(self) -> "Visitor":
        """The same person in another window, to be thrown away."""
        return Visitor(self.estate, _client(self.estate, dict(self.client.cookies)))

    def key_form(self, number: int = 0) -> dict[str, Any]:
        """The fields of a key's form as a browser would send them."""
        answer = self.get(self.estate.key_path(number=number))
        assert answer.status_code == 200, answer.status_code
        reader = FormReader("key-form")
        reader.feed(answer.text)
        return {name: values[0] if len(values) == 1 else values for name, values in reader.fields.items()}

    def edit(self, number: int = 0, **typed: Any) -> httpx.Response:
        fields = {**self.key_form(number), **typed}
        return self.send("POST", self.estate.key_path(number=number), data=fields)

    def switch(self, verb: str, number: int = 0) -> httpx.Response:
        return self.post(self.estate.key_path(f"{verb}/", number), {})


def visitor(estate: Estate) -> Visitor:
    return Visitor(estate, _client(estate, {}))


def _client(estate: Estate, cookies: dict[str, str]) -> httpx.Client:
    address = f"http://127.0.0.1:{estate.port}"
    # No connection is kept: a served product closes idle ones, and may do so just as the next request is sent.
    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.Client(base_url=address, cookies=cookies, timeout=30, trust_env=False, limits=limits)


def signed_in(estate: Estate, name: str, password: str) -> Visitor:
    """Somebody with a session, whose id is a canary from now on."""
    somebody = visitor(estate)
    answer = somebody.post("/accounts/login/", {"login": name, "password": password})
    assert answer.status_code == 302, answer.text
    somebody.begin()
    return somebody


@contextmanager
def opened(database: RealDatabase, sandbox: Sandbox, folder: Path, search: Search) -> Iterator[Estate]:
    """Served, with an admin, and nothing else in it yet."""
    env = _environment(database, sandbox, folder, search.canaries)
    admin = {**env, "DJANGO_SUPERUSER_PASSWORD": search.canaries["admin's password"].decode()}
    made = product.run(["createsuperuser", "--noinput", "--username", "admin"], admin)
    assert made.code == 0, made.err
    first = sandbox.add_account(name="Atlas", token=search.canaries["access token"].decode())
    second = sandbox.add_account(name="Boreas", token=search.canaries["second access token"].decode())
    log = folder / "log"
    with product.serving(env, log) as pid:
        estate = Estate(int(env["PORT"]), pid, log, sandbox, first, second, search, database)
        for name in SHAPED[1:]:
            secret = search.canaries[name].decode()
            estate.keys.append(sandbox.add_key(first, name="Staging", group="default", secret=secret))
        yield estate


def _environment(database: RealDatabase, sandbox: Sandbox, folder: Path, canaries: dict[str, bytes]) -> dict[str, str]:
    """Every secret as a file; the rest as the tests run the product."""
    url = database.url.replace("postgres://postgres@", f"postgres://postgres:{canaries['database password'].decode()}@")
    secrets = {
        "SECRET_KEY": canaries["SECRET_KEY"].decode(),
        "SEALING_KEYS": f"s1:{base64.b64encode(canaries['sealing key']).decode()}",
        "LEDGER_KEYS": f"l1:{base64.b64encode(canaries['ledger key']).decode()}",
        "FINGERPRINT_KEYS": f"f1:{base64.b64encode(canaries['fingerprint key']).decode()}",
        "CHECKPOINT_KEYS": f"c1:{base64.b64encode(canaries['checkpoint key']).decode()}",
        "DATABASE_URL": url,
    }
    env = {**database.environment, "COMETAPI_BASE_URL": sandbox.url, "PORT": str(product.free_port())}
    for name, text in secrets.items():
        file = folder / name.lower()
        file.write_text(text, encoding="ascii")
        env.pop(name, None)
        env[f"{name}_FILE"] = str(file)
    assert set(base_environment()) <= env.keys() | secrets.keys()
    return {**env, "LOG_LEVEL": "DEBUG", "WAIT_SCALE": "0.1", "WEB_PROCESSES": "1"}


def take_processes(estate: Estate) -> None:
    """The environment and the command line of the server and its workers, readable by whoever may look into /proc."""
    for pid in (estate.pid, *product.children(estate.pid)):
        for name in ("environ", "cmdline"):
            estate.search.take(f"/proc: {name}", Path(f"/proc/{pid}/{name}").read_bytes())


def take_log(estate: Estate) -> None:
    estate.search.take("log", estate.log.read_bytes())


def take_database(estate: Estate) -> None:
    """Every table as rows, the one of sessions apart; and the database's own files with what is still in its WAL."""
    from django.db import connection

    for table in connection.introspection.table_names():
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT * FROM "{table}"')
            rows = "\n".join(repr(row) for row in cursor.fetchall())
        besides = {SESSION} if table == "django_session" else ()
        estate.search.take(f"table {table}", rows.encode("utf-8", "backslashreplace"), besides)
    for file in _files(estate.database):
        # In a process of its own: closing the file in this one would let go of SQLite's locks on it.
        read = subprocess.run(["cat", str(file)], capture_output=True, check=False)
        assert read.returncode == 0 or not file.exists(), file  # PostgreSQL puts old ones away at any time
        estate.search.take(f"file {file.name}", read.stdout, {SESSION})


def _files(database: RealDatabase) -> list[Path]:
    if database.url.startswith("sqlite"):
        return [file for file in Path(database.name).parent.iterdir() if file.is_file()]
    home = Path(database.url.partition("host=")[2])
    # All databases of the server are in there, those of other tests too: their secrets are no canaries of this one.
    return [file for file in (home / "data" / "pg_wal").glob("*") if file.is_file()]
