"""On PostgreSQL the dashboard can run as a role that owns nothing: it records, and cannot alter or remove a record."""

import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
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
    alters_nothing(real_db, role)


def alters_nothing(real_db: RealDatabase, role: str) -> None:
    append()
    host = real_db.url.partition("host=")[2]
    with psycopg.connect(dbname=real_db.name, user=role, host=host, autocommit=True) as raw:
        for sql in FORBIDDEN:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                raw.execute(sql)
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            raw.execute("UPDATE keys_ledgerhead SET seq = 0")
    assert Record.objects.count() == 1


@pytest.fixture
def named(real_db: RealDatabase, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A role that is not there yet, and the file that names it."""
    name, file = f"app-{uuid4().hex[:8]}", tmp_path / "url"
    file.write_text(f"postgres://{name}:se%2Fcret@host/db\n")
    yield name, file
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name])
            if cursor.fetchone():
                cursor.execute(f'DROP OWNED BY "{name}"; DROP ROLE "{name}"')


def served(file: Path) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("serving_role", str(file), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.mark.postgres
def test_it_is_made_with_its_rights_as_often_as_asked(real_db: RealDatabase, named: tuple[str, Path]) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no roles")
    name, file = named
    kept = []
    for _ in range(2):
        assert served(file) == (f"{name} can add records and alter none\n", "")
        with connection.cursor() as cursor:
            cursor.execute("SELECT rolpassword, rolsuper, rolcanlogin FROM pg_authid WHERE rolname = %s", [name])
            password, *can = cursor.fetchone()
        assert password.startswith("SCRAM-SHA-256$") and can == [False, True]
        kept.append(password)
        file.write_text(f"postgres://{name}:another@host/db")
    assert kept[0] != kept[1]
    alters_nothing(real_db, name)


@pytest.mark.postgres
def test_an_owner_is_said_to_be_one(real_db: RealDatabase, tmp_path: Path) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no roles")
    (tmp_path / "url").write_text("postgres://postgres:secret@host/db")

    out, err = served(tmp_path / "url")

    assert (out, err.startswith("postgres owns the tables, or is a superuser")) == ("", True)


@pytest.mark.postgres
@pytest.mark.parametrize("url", ["sqlite:///a/secret", "", "postgres://secret/db", "postgres://[secret", None])
def test_a_file_that_names_no_role_is_said_to_and_not_told(
    real_db: RealDatabase, tmp_path: Path, url: str | None
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no roles")
    if url is not None:
        (tmp_path / "url").write_text(url)

    with pytest.raises(CommandError, match="names no role|cannot be read") as refused:
        served(tmp_path / "url")
    assert "secret" not in str(refused.value)


def test_on_sqlite_there_is_nothing_to_do(real_db: RealDatabase, named: tuple[str, Path]) -> None:
    if connection.vendor == "postgresql":
        pytest.skip("there it makes the role")
    assert served(named[1]) == ("", "SQLite has no roles: nothing was done\n")


def test_on_sqlite_it_says_why_not(real_db: RealDatabase) -> None:
    if connection.vendor == "postgresql":
        pytest.skip("there it prints the script")
    with pytest.raises(CommandError, match="SQLite has no roles"):
        call_command("ledger_role_sql", "app")
