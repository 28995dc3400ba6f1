"""A damaged ledger still opens for reading and can be taken along as it is, with the damage on top."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client

from keys.models import CompanyRole, Record
from keys.services.checkpoints import make_checkpoint
from keys.services.exporting import Format
from keys.services.verification import verify_whole
from tests.export.support import bundle, checked, entries, exported, rows
from tests.export.test_pages import browser
from tests.ledger.damage import put, without_guards
from tests.ledger.making import append, change
from tests.people import making

ANYWHERE = {
    "a body that is a list": "text = '{\"body\":[]}'",
    "changes that are a number": 'text = \'{"body":{"changed":5}}\'',
    "no text": "text = ''",
    "a time before all": "time = '0001-01-01 00:00:00'",
    "a time after all": "time = '9999-12-31 23:59:59'",
    "an action that is none": "action = 'xxxx'",
    "a person of 40 digits": "actor_id = '9999999999999999999999999999999999999999'",
    "another team": "team_id = 4611686018427387904",
    "a change that is none": "change = 'zzz'",
    "a digest that is none": "digest = 'zz'",
    "a number far behind": "seq = 9000000000000000000",
    "a number below all": "seq = -9000000000000000000",
}
BY_HAND_ON_SQLITE = {
    "a time that is none": "time = 'yesterday'",
    "a time that no calendar has": "time = '2026-19-26 10:00:00'",
    "a time of bytes": "time = CAST(time AS BLOB)",
    "a team that is a word": "team_id = 'blue'",
    "a number that is a word": "key_n = 'four'",
    "bytes that are no text": "text = CAST(x'ff00fe' AS TEXT)",
    "a text of bytes": "text = x'ff00fe'",
    "a digest of bytes": "digest = x'ff00fe'",
    "a name of bytes": "actor = CAST(x'ff' AS TEXT)",
}


@pytest.fixture
def auditor(real_db: Any) -> Client:
    team = making.team("blue")
    change(team, 4, name="Zürich")
    append(team=team, key_id=4)
    append()
    return browser(making.person("audrey", CompanyRole.AUDITOR))


@pytest.mark.parametrize("damage", [*ANYWHERE, *BY_HAND_ON_SQLITE])
def test_it_opens_with_the_damage_on_top(auditor: Client, damage: str) -> None:
    if damage in BY_HAND_ON_SQLITE and connection.vendor != "sqlite":
        return  # PostgreSQL takes none of these
    with without_guards() as cursor:
        cursor.execute(f"UPDATE keys_record SET {(ANYWHERE | BY_HAND_ON_SQLITE)[damage]} WHERE seq = 2")  # noqa: S608
    verify_whole()

    for address in ("/history/", "/history/proof/", "/history/?field=name", "/history/?since=2000-01-01"):
        answer = auditor.get(address)
        assert answer.status_code == 200, address
        assert "The ledger is damaged" in answer.content.decode(), address
    assert auditor.get("/history/export/").status_code == 200
    assert auditor.get("/history/1/").status_code == 200
    assert auditor.get("/history/2/").status_code in (200, 404)  # gone, where it is its number that was damaged
    for form in ("csv", "jsonl", "bundle"):
        answer = auditor.post("/history/export/", {"format": form})
        assert answer.status_code in (200, 422, 503), form
        if answer.status_code == 200:
            assert b"".join(answer.streaming_content)  # type: ignore[attr-defined]


@pytest.mark.parametrize("column", ["text", "digest"])
def test_bytes_are_taken_along_visibly_and_named(auditor: Client, column: str, tmp_path: Path) -> None:
    if connection.vendor != "sqlite":
        return  # PostgreSQL takes no bytes for a text
    with without_guards() as cursor:
        cursor.execute(f"UPDATE keys_record SET {column} = x'ff00fe' WHERE seq = 2")  # noqa: S608

    path = bundle(tmp_path / "ledger.zip")
    lines = exported(Format.JSON_LINES).decode().splitlines()

    verdict = checked(path)
    assert verdict.code == 1 and "record 2" in verdict.said, verdict.said
    inside = entries(path)
    kept = inside["digests.txt"].splitlines()[1] if column == "digest" else rows(inside["records.jsonl"])[1]["text"]
    assert kept == json.loads(lines[1])[column] == r"\xff\u0000\xfe"


def test_what_reads_is_exported_though_it_is_damaged(auditor: Client) -> None:
    with without_guards() as cursor:
        cursor.execute("UPDATE keys_record SET reason = 'forged' WHERE seq = 3")

    answer = auditor.post("/history/export/", {"format": "csv", "text": "forged"})

    assert b"forged" in b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert Record.objects.filter(action="ledger.export").count() == 1


STEERING = "\x1b[31m\u202e\x9b2J\u2028"


def steered_by(text: str) -> set[str]:
    return set(text) & {character for character in STEERING if not character.isprintable()}


def test_what_steers_a_terminal_is_written_out_though_it_is_damage(auditor: Client) -> None:
    """Recorded columns are escaped already: this was put there by somebody who has the database."""
    with without_guards() as cursor:
        for column in ("actor", "request_id", "address", "key_name", "reason", "team", "action", "link"):
            put(cursor, 2, column, f"=x{STEERING}")
        put(cursor, 2, "text", f'{{"body":\n{{"message":"{STEERING}"}}}}')

    told = [page.content.decode() for page in map(auditor.get, ("/history/", "/history/1/", "/history/2/"))]
    for form in ("csv", "jsonl"):
        answer = auditor.post("/history/export/", {"format": form})
        told.append(b"".join(answer.streaming_content).decode())  # type: ignore[attr-defined]

    for text in told:
        assert not [line for line in text.split("\n") if steered_by(line)]
    assert "\\u202e" in told[-2] and told[-2].count("'=x") >= 6
    assert len(told[-1].splitlines()) == 5 and all(json.loads(line)["seq"] for line in told[-1].splitlines())


def test_a_link_that_steers_a_terminal_is_told_harmlessly(auditor: Client) -> None:
    newest = make_checkpoint().seq
    append()
    verify_whole()
    with without_guards() as cursor:
        put(cursor, newest, "link", STEERING)
    out = io.StringIO()

    with pytest.raises(SystemExit):
        call_command("verify_ledger", "--new", stdout=out)

    assert f"damaged: record {newest}: checkpoint" in out.getvalue() and not steered_by(out.getvalue())
