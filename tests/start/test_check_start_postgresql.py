"""`check_start` on a PostgreSQL whose defaults would lose or tangle records."""

from pathlib import Path

import pytest
from django.db import connection

from tests.start import product
from tests.support.databases import RealDatabase

pytestmark = pytest.mark.postgres


@pytest.fixture
def env(keys: Path, collected: None, real_db: RealDatabase, tmp_path: Path) -> dict[str, str]:
    return {**product.sound(keys, tmp_path / "unused"), "DATABASE_URL": real_db.url}


def default(real_db: RealDatabase, setting: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{real_db.name}" SET {setting}')


def test_it_serves_on_a_sound_one(env: dict[str, str], tmp_path: Path) -> None:
    with product.serving(env, tmp_path / "log"):
        ready = product.get(int(env["PORT"]), "/readyz")

    assert (ready.status, ready.text) == (200, '{"status": "ready"}')


@pytest.mark.parametrize(
    ("setting", "piece"),
    [
        ("synchronous_commit = off", "synchronous_commit is off"),
        ("default_transaction_isolation = 'serializable'", "isolation is serializable, not read committed"),
        ("default_transaction_read_only = on", "read-only, perhaps a replica"),
    ],
)
def test_defaults_that_are_not_safe(setting: str, piece: str, env: dict[str, str], real_db: RealDatabase) -> None:
    default(real_db, setting)

    done = product.run(["serve"], env)

    assert (done.code, len(done.lines)) == (2, 1), done
    assert piece in done.lines[0]


def test_missing_guards_of_the_ledger(env: dict[str, str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE keys_record DISABLE TRIGGER ALL")

    done = product.run(["serve"], env)

    assert (done.code, len(done.lines)) == (2, 1), done
    assert done.lines[0].startswith("DATABASE_URL: the ledger's guards are missing")
