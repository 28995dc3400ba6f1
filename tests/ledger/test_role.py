"""On PostgreSQL the dashboard can run as a role that owns nothing: it records, and cannot alter or remove a record."""

import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from uuid import uuid4

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from keys.models import Record
from tests.ledger.making import append
from tests.support.databases import RealDatabase

FORBIDDEN = [
    "UPDATE keys_record SET actor = 'x'",
    "DELETE FROM keys_record",
    "TRUNCATE keys_record",
    "DELETE FROM keys_ledgerhead",
    "TRUNCATE keys_ledgerhead",
    "ALTER TABLE keys_record DISABLE TRIGGER ALL",
    "DROP TRIGGER record_no_update ON keys_record",
    "CREATE OR REPLACE FUNCTION record_no_update() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "DROP TABLE keys_record",
    "ALTER TABLE keys_record RENAME TO elsewhere",
    "SET session_replication_role = replica",
    "CREATE TABLE mine (n int)",
]


@pytest.fixture
def role(real_db: RealDatabase) -> Iterator[str]:
    """A role with the script's rights on this test's database."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no roles")
    name = f"app-{uuid4().hex[:8]}"
    out = StringIO()
    call_command("ledger_role_sql", name, stdout=out)
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE ROLE "{name}" LOGIN')
        cursor.execute(out.getvalue())
    yield name
    with connection.cursor() as cursor:
        cursor.execute(f'DROP OWNED BY "{name}"; DROP ROLE "{name}"')


def as_role(real_db: RealDatabase, role: str, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**real_db.environment, "DATABASE_URL": real_db.url.replace("postgres@", f"{role}@", 1)}
    return subprocess.run(
        [sys.executable, "manage.py", *command], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.postgres
def test_the_role_records_and_verifies(real_db: RealDatabase, role: str) -> None:
    append()
    script = "from tests.ledger.making import change; from keys.models import Team; "
    script += "change(Team.objects.create(slug='b', name='B'), 1)"

    done = as_role(real_db, role, "shell", "--no-imports", "-c", script)
    assert done.returncode == 0, done.stderr
    assert Record.objects.count() == 3

    done = as_role(real_db, role, "checkpoint_ledger")
    assert done.returncode == 0, done.stderr
    done = as_role(real_db, role, "verify_ledger")
    assert (done.returncode, done.stdout[:17]) == (0, "sound: 3 records,"), done


@pytest.mark.postgres
def test_the_role_alters_nothing(real_db: RealDatabase, role: str) -> None:
    append()
    host = real_db.url.partition("host=")[2]
    with psycopg.connect(dbname=real_db.name, user=role, host=host, autocommit=True) as raw:
        for sql in FORBIDDEN:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                raw.execute(sql)
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            raw.execute("UPDATE keys_ledgerhead SET seq = 0")
    assert Record.objects.count() == 1


def test_on_sqlite_it_says_why_not(real_db: RealDatabase) -> None:
    if connection.vendor == "postgresql":
        pytest.skip("there it prints the script")
    with pytest.raises(CommandError, match="SQLite has no roles"):
        call_command("ledger_role_sql", "app")
