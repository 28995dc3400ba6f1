"""Promise 12, of the ledger: whatever stands in upstream's and people's texts stays text, wherever records are told.

Recorded by the product, and also put there by somebody who has the database: pages, exports, shipped lines, and what
the commands and the outsider's script say on a terminal.
"""

import csv
import io
import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils.http import urlencode

from keys import csvsafe, redact
from keys.ledger.actions import Action
from keys.models import CompanyRole, Record, Team
from keys.services.checkpoints import make_checkpoint
from keys.services.exporting import Format
from keys.services.shipping import ship
from keys.types import EDITABLE, Actor, ActorKind
from tests.export.support import exported, outside
from tests.ledger.damage import put, without_guards
from tests.ledger.making import append, key_fields
from tests.people import making
from tests.support.mutants import mutated
from tests.support.report import Promise

pytestmark = pytest.mark.prove

STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What a terminal or a browser follows instead of showing it; tabs and line ends apart."""
LIVE = re.compile(r'<i id=evil>|" onfocus=evil|<script>evil')
TYPED = re.compile(r'<(?:input|option) [^>]*value="[^"]*"')
"""In the box that it was typed into a text stands as it was typed."""
FORMULA = re.compile("[\\s'\"\xa0\u3000]*[=+\\-@|%\uff1d\uff0b\uff0d\uff20]")
PIECES = (
    *("\x1b[31m", "\x1b]0;evil\x07", "\x9b2J", "\x08", "\x7f", "\x00", "\r", "\n", "\t", "\u2028", "\u202e", "\u2066"),
    *("\ud800", "\udfff", "=cmd()", "+1", "-2", "@x", "|x", "\uff1dcmd()", ";=cmd()", '\n"=cmd()', "<i id=evil>"),
    *(
        '" onfocus=evil() x="',
        "<script>evil()</script>",
        "{{ 7*7 }}",
        "\\u202e",
        "&lt;",
        "\U0001f600",
        "\ufeff",
        "a",
        " ",
    ),
)
TAMPERED = (
    *("action", "outcome", "actor", "actor_id", "actor_role", "address", "request_id", "team", "key_name"),
    *("change", "reason", "text", "digest", "link", "seal", "seal_key", "previous"),
)


def hostile(chance: random.Random) -> str:
    return "".join(chance.choices(PIECES, k=chance.randrange(1, 6)))


def storable(text: str) -> str:
    """What no database holds, and no address: those are refused before anybody looks."""
    return re.sub("[\x00\ud800-\udfff]", "", text)


def recorded(chance: random.Random, team: Team) -> dict[str, str]:
    """A change whose every free text is hostile: those that its two records must still tell to the letter."""
    said = {name: hostile(chance) for name in ("key_name", "reason", "actor", "team")}
    texts = {name: [hostile(chance), hostile(chance)] for name in (*EDITABLE, "role", "email", "masked")}
    body = {"changed": texts, "altered": texts, "differs": texts, "message": hostile(chance), "person": hostile(chance)}
    body |= {
        "before": key_fields(name=hostile(chance)),
        "found": key_fields(name=hostile(chance)),
        "why": hostile(chance),
    }
    team.name = said["team"]
    about = {"team": team, "key_id": 4, "key_name": said["key_name"], "reason": said["reason"], "change": str(uuid4())}
    actor = Actor(ActorKind.PERSON, "7", said["actor"], "lead", hostile(chance), hostile(chance))
    append(**about, action=Action.KEY_EDIT, actor=actor, body=body)
    append(**about, action=Action.KEY_EDIT, actor=actor, body=body, outcome="differs")
    return said


def tampered(chance: random.Random) -> str:
    """One column of one record, as somebody who has the database writes it."""
    seq, column = (
        chance.randrange(1, Record.objects.count()),
        chance.choice(TAMPERED),
    )  # behind the newest none is built
    text = storable(hostile(chance))
    with without_guards() as cursor:
        field = Record._meta.get_field(column)
        put(
            cursor,
            seq,
            column,
            text[: getattr(field, "max_length", None)] if column != "text" else f'{{"body":\n{{"message":"{text}"}}}}',
        )
    return f"{column} of {seq}: {text!a}"


class Told:
    """Everything that tells of the ledger, looked at as its readers do."""

    def __init__(self, promise: Promise, folder: Path, where: str) -> None:
        self.promise, self.folder, self.where = promise, folder, where

    def look(self, boss: Client, asked: str) -> None:
        paths = ["", *(f"{seq}/" for seq in Record.objects.order_by("-seq").values_list("seq", flat=True)[:4])]
        paths += [f"?{urlencode({name: asked})}" for name in ("value", "text", "person", "request", "action", asked)]
        for path in (*paths, "?team=blue&key=4", "proof/", f"export/?{urlencode({'text': asked})}"):
            answer = boss.get(f"/history/{path}")
            self.expect(answer.status_code in (200, 302, 404, 422), path, str(answer.status_code))
            self.check(path, TYPED.sub("", answer.content.decode("utf-8", "surrogatepass")), live=True)

    def exports(self) -> None:
        table = exported(Format.CSV).decode("utf-8", "surrogatepass")
        rows = list(csv.reader(io.StringIO(table, newline="")))
        self.expect(len({len(row) for row in rows}) == 1, "csv", "rows of different widths")
        for value in (value for row in rows for value in row):
            self.expect(not FORMULA.match(value) or value.startswith("'"), "csv", ascii(value[:60]))
        self.check("csv", table.replace("\r\n", "\n"))
        self.lines("jsonl", lambda: exported(Format.JSON_LINES).decode())
        self.lines("shipped", self.shipped)

    def lines(self, name: str, tell: Callable[[], str]) -> None:
        count, lines = Record.objects.count(), tell()
        told = lines.splitlines()  # by every character that a reader may take for a line's end
        self.expect(len(told) == count and all(map(parses, told)), name, f"{len(told)} lines, {count} records")
        self.check(name, lines)

    def shipped(self) -> str:
        out = io.StringIO()
        with without_guards() as cursor:
            cursor.execute("DELETE FROM keys_delivery")
        ship(out)
        return out.getvalue()

    def commands(self) -> None:
        out, err = io.StringIO(), io.StringIO()
        for arguments in ((), ("--new",)):
            try:
                call_command("verify_ledger", *arguments, stdout=out, stderr=err)
            except SystemExit as ended:
                self.expect(ended.code in (1, 2), "verify_ledger", str(ended.code))
        (target := self.folder / "all.zip").unlink(missing_ok=True)
        call_command("export_ledger", "--output", str(target), stdout=out, stderr=err)
        self.check("commands", out.getvalue() + err.getvalue())
        self.check("verify_export", outside(target).said)

    def check(self, name: str, text: str, live: bool = False) -> None:
        found = STEERING.search(text) or (LIVE.search(text) if live else None)
        self.expect(not found, name, ascii(text[max(0, found.start() - 80) : found.end() + 20]) if found else "")

    def expect(self, good: bool, name: str, words: str) -> None:
        self.promise.tried()
        if not good:
            self.promise.broke(f"{self.where}, {name}: {words}")


def parses(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


@pytest.fixture
def boss(real_db: Any) -> Client:
    client = Client(raise_request_exception=True)
    client.force_login(making.person("boss", CompanyRole.ADMIN))
    return client


@pytest.fixture
def blue(real_db: Any) -> Team:
    return making.team("blue")


def test_what_is_recorded_stays_text(boss: Client, blue: Team, tmp_path: Path, scale: str, promise: Promise) -> None:
    promise.number, promise.title = "12", "hostile text in records stays text"
    seed = random.randrange(10**9)
    chance = random.Random(seed)
    for n in range(150 if scale == "full" else 2):
        said = recorded(chance, blue)
        told = Told(promise, tmp_path, f"seed {seed}, {n}")
        told.look(boss, storable(hostile(chance)))
        text = json.loads(Record.objects.order_by("-seq")[0].text)
        told.expect({name: text[name] for name in said} == json.loads(json.dumps(said)), "text", "not what was said")
        if n % 10 == 1:
            told.exports()
            told.commands()


def test_what_was_tampered_with_stays_text(
    boss: Client, blue: Team, tmp_path: Path, scale: str, promise: Promise
) -> None:
    promise.number, promise.title = "12", "hostile text put into the database stays text"
    seed = random.randrange(10**9)
    chance = random.Random(seed)
    for n in range(60 if scale == "full" else 2):
        for _ in range(2):
            recorded(chance, blue)
        make_checkpoint()
        call_command("verify_ledger", stdout=io.StringIO())
        done = tampered(chance)
        told = Told(promise, tmp_path, f"seed {seed}, {n}, {done}")
        told.commands()
        told.look(boss, storable(hostile(chance)))
        told.exports()
        with without_guards() as cursor:
            for table in ("keys_record", "keys_checkpoint", "keys_changedfield", "keys_recordhour"):
                cursor.execute(f"DELETE FROM {table}")
            cursor.execute("UPDATE keys_ledgerhead SET seq = 0, link = %s", ["0" * 64])


def test_unescaped_text_is_caught(boss: Client, blue: Team, tmp_path: Path, promise: Promise) -> None:
    promise.number, promise.title = "12", "mutants: text is not escaped"
    chance = random.Random(3)
    some = Promise("", "")
    with mutated(redact.escape_visible, "_INVISIBLE.sub", 're.compile("[\\0\\ud800-\\udfff]").sub'):
        for _ in range(3):
            recorded(chance, blue)
        Told(some, tmp_path, "").look(boss, "\x1b[31m")
    assert some.failures
    promise.caught("columns hold what steers a terminal")

    some = Promise("", "")
    with mutated(csvsafe.harmless, "if _BEGINS.match(text)", "if False"):
        Told(some, tmp_path, "").exports()
    assert any("csv" in failure for failure in some.failures)
    promise.caught("formulas in CSV")
    promise.tried(2)
