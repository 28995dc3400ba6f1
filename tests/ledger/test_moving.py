"""A ledger moved to another database by `dumpdata` and `loaddata` is sound there, in both directions.

Its index is made anew there from the records. Runs on PostgreSQL, with SQLite on the other side.
"""

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from keys.models import Record
from tests.ledger.making import append, ledger_of
from tests.ledger.test_verify import verdict
from tests.support.databases import RealDatabase

pytestmark = pytest.mark.postgres
MODELS = ("keys.record", "keys.ledgerhead")


def manage(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *command], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def on_sqlite(real_db: RealDatabase, tmp_path: Path) -> dict[str, str]:
    """The environment of an empty SQLite database."""
    if connection.vendor != "postgresql":
        pytest.skip("needs both databases")
    environment = {**real_db.environment, "DATABASE_URL": f"sqlite:///{tmp_path / 'other.sqlite3'}"}
    manage(environment, "migrate", "--verbosity=0")
    return environment


def test_from_postgresql_to_sqlite(on_sqlite: dict[str, str], tmp_path: Path) -> None:
    ledger_of(60)
    dump = tmp_path / "dump.json"
    call_command("dumpdata", *MODELS, output=str(dump))

    manage(on_sqlite, "loaddata", str(dump))
    manage(on_sqlite, "reindex_history")  # the index is made from the records, and is not moved

    assert manage(on_sqlite, "verify_ledger").startswith(f"sound: {Record.objects.count()} records")


def test_from_sqlite_to_postgresql_and_on(on_sqlite: dict[str, str], tmp_path: Path) -> None:
    script = "from tests.ledger.making import ledger_of; ledger_of(60)"
    manage(on_sqlite, "shell", "--no-imports", "-c", script)
    dump = tmp_path / "dump.json"
    manage(on_sqlite, "dumpdata", *MODELS, "--output", str(dump))

    call_command("loaddata", str(dump), verbosity=0)
    call_command("reindex_history", verbosity=0)

    assert Record.objects.count() >= 60
    assert verdict()[0] == 0
    append()
    assert verdict()[0] == 0
