"""Promise 9: no secret gets out, whatever is done to the served product and whatever CometAPI says."""

import base64
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core import signing
from django.db import connection

from keys.models import Team
from tests.secrets import deeds
from tests.secrets.canaries import Hit, Search
from tests.secrets.estate import (
    SESSION,
    Estate,
    Visitor,
    make_canaries,
    opened,
    signed_in,
    take_database,
    take_log,
    take_processes,
)
from tests.start import product
from tests.support.databases import RealDatabase
from tests.support.mutant_copy import file_mutant
from tests.support.report import Promise
from tests.support.sandbox import Sandbox

pytestmark = [pytest.mark.prove, pytest.mark.usefixtures("collected")]


@pytest.fixture
def seed() -> int:
    chosen = int(os.environ.get("PROOF_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)
    print(f"PROOF_SEED={chosen}")  # noqa: T201  (replays a run)
    return chosen


@contextmanager
def furnished(
    database: RealDatabase, sandbox: Sandbox, folder: Path, seed: int
) -> Iterator[tuple[Estate, Visitor, Visitor]]:
    """Served, with two teams, an access token and a lead, all made on the pages; the admin and the lead."""
    with opened(database, sandbox, folder, Search(make_canaries(random.Random(seed)))) as estate:
        admin = signed_in(estate, "admin", estate.text("admin's password"))
        team = {"name": "Atlas", "slug": "atlas", "access_token": estate.text("access token")}
        assert admin.post("/teams/new/", team).status_code == 302
        assert admin.post("/teams/new/", {"name": "Boreas", "slug": "boreas"}).status_code == 302
        lead = {"username": "lead", "password": estate.text("lead's password"), "company_role": ""}
        assert admin.post("/people/new/", lead).status_code == 302
        assert admin.post("/teams/atlas/members/", {"person": "lead", "role": "lead"}).status_code == 302
        yield estate, admin, signed_in(estate, "lead", estate.text("lead's password"))


def take_all(estate: Estate) -> None:
    take_log(estate)
    take_database(estate)
    take_processes(estate)
    for entry in estate.sandbox.writes():
        estate.search.take("sent upstream", repr(entry["body"]).encode("utf-8", "backslashreplace"))


def test_no_secret_gets_out(
    real_db: RealDatabase, sandbox: Sandbox, tmp_path: Path, seed: int, promise: Promise, scale: str
) -> None:
    promise.number, promise.title = "9", "no secret gets out: pieces of evidence searched"
    full = scale == "full"
    kinds = deeds.ECHOING * 7 + deeds.MUTE + deeds.LASTING if full else deeds.ECHOING + deeds.MUTE
    with furnished(real_db, sandbox, tmp_path, seed) as (estate, admin, lead):
        deeds.work(estate, admin, lead)
        deeds.leaks(estate, admin)
        deeds.doors(estate, lead)
        deeds.mishaps(estate, admin, lead, kinds, thorough=full)
        for who in (lead, admin):
            written = deeds.wrapped(estate.typed) if full else [estate.typed]
            assert deeds.typing(estate, who, 80 if full else 25, written) > 20
        deeds.errors(estate, admin, lead)
        take_all(estate)

        promise.tried(estate.search.looked)
        for told in shown(estate.search.hits):
            promise.broke(told)
        _see_planted_ones(estate, lead)


def shown(hits: list[Hit]) -> list[str]:
    return sorted({f"{hit.canary} in {hit.place} (…{hit.found}…)" for hit in hits})


def _see_planted_ones(estate: Estate, lead: Visitor) -> None:
    """The twin of the zero: the same search finds a piece put into each place by hand."""
    estate.search.hits.clear()
    piece = estate.text("key secret")[20:34]
    estate.sandbox.console_edit(estate.keys[0], name=f"shown {piece} here")
    lead.get(estate.key_path())
    with estate.log.open("a") as log:
        log.write(f'{{"event": "{base64.b64encode(b"?" + piece.encode()).decode()}"}}\n')
    Team.objects.filter(slug="boreas").update(groups=piece.encode().hex())
    Team.objects.filter(slug="boreas").update(groups="")  # gone from the table, still in the files
    Team.objects.filter(slug="boreas").update(account_name=estate.text(SESSION)[:12])
    take_all(estate)

    assert {hit.canary for hit in estate.search.hits} == {"key secret", SESSION}
    places = {hit.place.partition(":")[0] for hit in estate.search.hits}
    assert {f"GET {estate.key_path()}", "log", "table keys_team"} <= places
    assert connection.vendor != "sqlite" or any(place.startswith("file") for place in places)


@pytest.mark.dbfree
@pytest.mark.parametrize(
    "write",
    [
        lambda s: s,
        lambda s: s[18:30],
        lambda s: base64.b64encode(s.encode()).decode(),
        lambda s: base64.b64encode(b"{" + s[9:25].encode() + b"}").decode(),
        lambda s: base64.urlsafe_b64encode(b"ab" + s.encode()).decode(),
        lambda s: s.encode().hex(),
        lambda s: "a" + s[1:13].encode().hex().upper(),
        lambda s: "".join(f"%{ord(c):02X}" for c in s),
        lambda s: "".join(f"%{ord(c):02x}" if c.isdigit() else c for c in s[30:45]),
        lambda s: "".join(f"\\u{ord(c):04x}" for c in s),
        lambda s: "".join(f"&#{ord(c)};" for c in s),
        lambda s: signing.dumps({"typed": f"{s} " * 20}, key="k", compress=True),
    ],
)
def test_the_search_finds_it_however_it_is_written(write: Callable[[str], str]) -> None:
    secret = make_canaries(random.Random(5))["key secret"]
    search = Search({"one": secret})

    search.take("here", f'<p title="{write(secret.decode())}">'.encode())
    search.take("there", b"<p>nothing at all</p>" * 50)

    assert {(hit.canary, hit.place) for hit in search.hits} == {("one", "here")}


@pytest.mark.dbfree
def test_the_search_finds_the_bytes_of_a_key() -> None:
    secret = make_canaries(random.Random(5))["sealing key"]
    search = Search({"one": secret})

    search.take("here", b"\0\xff" + secret[7:20] + b"\0")

    assert [hit.place for hit in search.hits] == ["here"]


def _echoed(estate: Estate, admin: Visitor, lead: Visitor) -> None:
    deeds.mishaps(estate, admin, lead, ("refusal",), thorough=True)


def _typed(estate: Estate, admin: Visitor, lead: Visitor) -> None:
    admin.post("/teams/new/", {"name": estate.typed})


def _listed(estate: Estate, admin: Visitor, lead: Visitor) -> None:
    lead.get("/teams/atlas/keys/")


def _addressed(estate: Estate, admin: Visitor, lead: Visitor) -> None:
    lead.get(f"/teams/{estate.typed}/")


MUTANTS: dict[str, tuple[str, str, str, Callable[[Estate, Visitor, Visitor], None]]] = {
    "mask() returns its text": (
        "keys/redact.py",
        'return "".join([*parts, text[at:]])',
        "return text",
        _echoed,
    ),
    "a secret in an address is let in": (
        "cometadmin/middleware.py",
        "if looks_secret(request.path_info) or looks_secret(query):",
        "if False:",
        _addressed,
    ),
    "upstream's key is shown as it came": (
        "keys/cometapi/record.py",
        'masked=_masked(fields["key"])',
        'masked=fields["key"]',
        _listed,
    ),
    "forms show again what was typed": (
        "keys/forms/plain.py",
        "mask(value) if",
        "value if",
        _typed,
    ),
}
IN_SMALL = ("mask() returns its text", "a secret in an address is let in")


@pytest.mark.parametrize("mutant", MUTANTS)
def test_mutants_are_caught(
    mutant: str,
    real_db: RealDatabase,
    sandbox: Sandbox,
    tmp_path: Path,
    seed: int,
    promise: Promise,
    scale: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    promise.number, promise.title = "9", "mutants"
    if scale == "small" and mutant not in IN_SMALL:
        pytest.skip("in the full run")
    file, old, new, deed = MUTANTS[mutant]
    with file_mutant(tmp_path, file, old, new) as root:
        monkeypatch.setattr(product, "ROOT", root)
        with furnished(real_db, sandbox, tmp_path, seed) as (estate, admin, lead):
            deed(estate, admin, lead)
            take_all(estate)
            promise.tried()
            assert estate.search.hits, mutant
            promise.caught(mutant)
