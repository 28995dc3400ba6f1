"""Two web and two worker processes over one database and one CometAPI, visited over sockets; and what must hold then.

What is expected comes from what the visitors saw and typed, and from the sandbox's log: it is held against the ledger.
"""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.utils import timezone

from keys.models import Change, ChangeState, Membership, MirrorKey, Person, TeamRole, TeamSync
from tests.mirror.support import unlike
from tests.mirror.test_worker import environment, eventually, working
from tests.pages.house import form_of
from tests.road.drive import beside
from tests.road.stage import Stage
from tests.secrets.estate import FORGERY
from tests.start import product
from tests.support.databases import RealDatabase

PASSWORD = "two-of-each-7"
UNSCALED = {"WAIT_SCALE": "1"}
"""The product's own waits: a busy machine makes no trouble of its own, and no run waits for any of them."""
LONG_AGO = timedelta(hours=3)


@dataclass(frozen=True)
class Deed:
    """One thing that a visitor sent. saw: the fields as their form showed them; typed: what they made of them."""

    key_id: int
    verb: str
    status: int
    saw: dict[str, str] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)


class Visitor:
    """A lead with one session, begun over one web process and used over both."""

    def __init__(self, stage: Stage, ports: tuple[int, int]) -> None:
        self.stage, self.ports, self.deeds = stage, ports, list[Deed]()
        # No connection is kept: a served product closes idle ones, and may do so just as the next request is sent.
        self.client = httpx.Client(timeout=60, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))

    @property
    def name(self) -> str:
        return self.stage.lead.username

    def url(self, port: int, rest: str) -> str:
        return f"http://127.0.0.1:{port}/teams/{self.stage.team.slug}/{rest}"

    def sign_in(self, port: int) -> None:
        page = f"http://127.0.0.1:{port}/accounts/login/"
        answer = self.client.post(page, data={"login": self.name, "password": PASSWORD}, headers=self._token(page))
        assert answer.status_code == 302, answer.text

    @cached_property
    def token(self) -> dict[str, str]:
        """Against forgery, good for as long as the session is."""
        return self._token(self.url(self.ports[0], "keys/"))

    def form(self, port: int, key_id: int) -> dict[str, Any]:
        """The form of a key; a busy machine may need more than one try to read it."""
        until = time.monotonic() + 120
        while True:
            answer = self.client.get(self.url(port, f"keys/{key_id}/"))
            if answer.status_code == 200 and 'id="key-form"' in answer.text:
                return form_of(answer.text)
            assert answer.status_code in (502, 503) and time.monotonic() < until, answer.status_code

    def save(self, port: int, key_id: int, form: dict[str, Any], **typed: str) -> Deed:
        answer = self.client.post(self.url(port, f"keys/{key_id}/"), data={**form, **typed})
        saw = {name: str(form[name]).replace("\r\n", "\n") for name in typed}
        return self._did(key_id, "edit", answer, saw, typed)

    def switch(self, port: int, key_id: int, verb: str) -> Deed:
        """verb: `disable` or `enable`."""
        answer = self.client.post(self.url(port, f"keys/{key_id}/{verb}/"), headers=self.token)
        return self._did(key_id, verb, answer)

    def read_list(self, port: int) -> Deed:
        return self._did(0, "list", self.client.post(self.url(port, "sync/"), headers=self.token))

    def _token(self, page: str) -> dict[str, str]:
        found = FORGERY.search(self.client.get(page).text)
        assert found
        return {"X-CSRFToken": found[1]}

    def _did(self, key_id: int, verb: str, answer: httpx.Response, *seen: dict[str, str]) -> Deed:
        self.deeds.append(Deed(key_id, verb, answer.status_code, *seen))
        return self.deeds[-1]


def leads(stage: Stage, count: int) -> list[Stage]:
    """As many leads of its team, who can sign in."""
    password = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1000)
    found = []
    for number in range(count):
        lead = Person.objects.create(username=f"{stage.team.slug}-{number}", password=password)
        Membership.objects.create(person=lead, team=stage.team, role=TeamRole.LEAD)
        found.append(replace(stage, lead=lead))
    return found


@contextmanager
def running(database: RealDatabase, folder: Path, *, workers: int = 2, root: Path = product.ROOT) -> Iterator[Any]:
    """The ports of both web processes. root: of the product or of a mutant."""
    with ExitStack() as stack:
        for number in range(workers):
            stack.enter_context(working(database, folder / f"worker{number}", root, **UNSCALED))
        ports = product.free_port(), product.free_port()
        for port in ports:
            env = {**environment(database), **UNSCALED, "PORT": str(port), "WEB_PROCESSES": "1", "WEB_THREADS": "4"}
            stack.enter_context(product.serving(env, folder / f"web{port}", root))
        yield ports


@contextmanager
def listed_all_the_while() -> Iterator[None]:
    """A listing of each team is due again as soon as one has ended."""
    over = threading.Event()

    def make_due() -> None:
        while not over.wait(0.2):
            TeamSync.objects.filter(running_since=None).update(tried_at=None)

    with beside(make_due):
        try:
            yield
        finally:
            over.set()


def busy(visitor: Visitor, keys: list[int], rng: random.Random, acts: int) -> list[Deed]:
    """What one visitor does: forms opened over one process are sent over any, half of them a while later."""
    for number in range(acts):
        key_id, port = rng.choice(keys), rng.choice(visitor.ports)
        match rng.randrange(8):
            case 0:
                visitor.read_list(port)
            case 1 | 2:
                visitor.switch(port, key_id, rng.choice(("disable", "disable", "enable")))
            case _:
                form = visitor.form(rng.choice(visitor.ports), key_id)
                time.sleep(rng.choice((0, 0.3)))
                typed = {"name": f"{visitor.name} {number}"}
                if rng.random() < 0.4:
                    typed["allow_ips"] = f"203.0.113.{rng.randrange(1, 250)}"
                visitor.save(port, key_id, form, **typed)
    return visitor.deeds


def settled(stages: list[Stage], log: Path) -> None:
    """As if the waiting were over, once every request has ended; then the workers bring it all to its end."""
    sandbox = stages[0].sandbox
    eventually(lambda: all(one["answered"] for one in sandbox.requests("PUT")), log)
    Change.objects.filter(sent_until__isnull=False).update(sent_until=timezone.now() - LONG_AGO)
    Change.objects.filter(recheck_at__isnull=False).update(recheck_at=timezone.now())
    with listed_all_the_while():
        eventually(lambda: _quiet(stages), log, 240)


def _quiet(stages: list[Stage]) -> bool:
    unsettled = Change.objects.exclude(state=ChangeState.DONE) | Change.objects.filter(recheck_at__isnull=False)
    if unsettled.exists() or MirrorKey.objects.filter(suspect=True).exists():
        return False
    return not any(unlike(stage) for stage in stages)
