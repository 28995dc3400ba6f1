"""`check_start` on a database that is not fit: one plain line for each reason, and `serve` does not start."""

import base64
import os
import shutil
import sqlite3
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from cometadmin import startup
from tests.start import product

RECORD = """
from keys.ledger import book
from keys.ledger.actions import Action
from keys.types import Actor, ActorKind
with book.opened() as ledger:
    ledger.append(book.Entry(action=Action.SIGN_OUT, actor=Actor(ActorKind.SYSTEM, "", "test"), body={}))
"""
SEALED = """
from django.utils import timezone
from keys import sealing
from keys.models import AccessToken, Team
team = Team.objects.create(slug="atlas", name="Atlas")
sealed = sealing.seal_access_token(team, "access-token-of-atlas-0001")
AccessToken.objects.create(team=team, sealed=sealed, last_four="0001", set_at=timezone.now(), set_by="test")
"""
NO_WAL = """
options = connection.settings_dict["OPTIONS"]
options["init_command"] = options["init_command"].replace("WAL", "DELETE")
connection.close()
"""
CHECK = """
from django.db import connection
connection.ensure_connection()
{before}
from cometadmin.startup import check_start
print("\\n".join(check_start()))
"""


def faults(env: dict[str, str]) -> list[str]:
    done = product.run(["serve"], env)
    assert (done.code, done.out) == (2, ""), done
    return done.lines


def shell(env: dict[str, str], code: str) -> list[str]:
    done = product.run(["shell", "-v", "0", "-c", code], env)
    assert (done.code, done.err) == (0, ""), done
    return done.out.splitlines()


def database(env: dict[str, str]) -> str:
    return env["DATABASE_URL"].removeprefix("sqlite:///")


def with_other_key(env: dict[str, str], name: str, key_id: str, tmp_path: Path) -> dict[str, str]:
    file = tmp_path / f"other-{name}"
    file.write_text(f"{key_id}:{base64.b64encode(os.urandom(32)).decode()}")
    return {**env, f"{name}_FILE": str(file)}


def id_of(env: dict[str, str], name: str) -> str:
    return Path(env[f"{name}_FILE"]).read_text().partition(":")[0]


def test_nothing_is_wrong_with_a_sound_database(env: dict[str, str]) -> None:
    shell(env, RECORD + SEALED)

    assert shell(env, CHECK.format(before="")) == [""]


def test_a_database_that_cannot_be_reached(env: dict[str, str], tmp_path: Path) -> None:
    lines = faults({**env, "DATABASE_URL": f"sqlite:///{tmp_path}/nowhere/x.sqlite3"})

    assert lines == ["DATABASE_URL: the database cannot be reached: unable to open database file"]


def test_a_postgresql_that_cannot_be_reached_is_told_without_its_password(env: dict[str, str]) -> None:
    url = f"postgres://someone:canary@127.0.0.1:{product.free_port()}/name"

    lines = faults({**env, "DATABASE_URL": url})

    assert len(lines) == 1
    assert lines[0].startswith("DATABASE_URL: the database cannot be reached: connection ")
    assert "canary" not in lines[0]


def test_a_file_that_is_no_database(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "x.sqlite3").write_text("no database " * 1000)

    lines = faults({**env, "DATABASE_URL": f"sqlite:///{tmp_path}/x.sqlite3"})

    assert lines == ["DATABASE_URL: the database cannot be reached: file is not a database"]


def test_migrations_that_were_not_applied(env: dict[str, str], tmp_path: Path) -> None:
    lines = faults({**env, "DATABASE_URL": f"sqlite:///{tmp_path}/empty.sqlite3"})

    assert len(lines) == 1
    assert lines[0].endswith("migrations; run `manage.py migrate`")


def test_a_missing_cache_table(env: dict[str, str]) -> None:
    with sqlite3.connect(database(env)) as connection:
        connection.execute("DROP TABLE cache")

    assert faults(env) == ["DATABASE_URL: the table 'cache' is missing; run `manage.py createcachetable`"]


def test_missing_guards_of_the_ledger(env: dict[str, str]) -> None:
    with sqlite3.connect(database(env)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for name in names:
            connection.execute(f'DROP TRIGGER "{name}"')

    assert names
    assert len(lines := faults(env)) == 1
    assert lines[0].startswith("DATABASE_URL: the ledger's guards are missing")
    assert all(name in lines[0] for name in names)


@pytest.mark.parametrize(
    ("query", "piece"), [("ATOMIC_REQUESTS=True", "ATOMIC_REQUESTS is on"), ("AUTOCOMMIT=False", "AUTOCOMMIT is off")]
)
def test_transactions_that_would_swallow_records(query: str, piece: str, env: dict[str, str]) -> None:
    lines = faults({**env, "DATABASE_URL": f"{env['DATABASE_URL']}?{query}"})

    assert len(lines) == 1
    assert piece in lines[0]


@pytest.mark.parametrize(
    ("before", "piece"),
    [
        (NO_WAL, "journal_mode is delete, not wal"),
        ("connection.cursor().execute('PRAGMA synchronous=NORMAL')", "synchronous is not FULL"),
        ("connection.cursor().execute('PRAGMA foreign_keys=OFF')", "foreign_keys are off"),
        ("connection.settings_dict['OPTIONS']['transaction_mode'] = 'DEFERRED'", "transaction_mode is not IMMEDIATE"),
        ("connection.cursor().execute('PRAGMA query_only=ON')", "refused to be checked: attempt to write a readonly"),
    ],
)
def test_sqlite_without_what_keeps_records_safe(before: str, piece: str, env: dict[str, str]) -> None:
    lines = shell(env, CHECK.format(before=before))

    assert len(lines) == 1
    assert piece in lines[0]


def test_a_sealing_key_that_is_gone(env: dict[str, str], tmp_path: Path) -> None:
    shell(env, SEALED)

    lines = faults(with_other_key(env, "SEALING_KEYS", "other", tmp_path))

    assert len(lines) == 1
    assert lines[0].startswith(f"SEALING_KEYS: the key '{id_of(env, 'SEALING_KEYS')}' is missing")


def test_a_sealing_key_that_is_another_one(env: dict[str, str], tmp_path: Path) -> None:
    shell(env, SEALED)

    lines = faults(with_other_key(env, "SEALING_KEYS", id_of(env, "SEALING_KEYS"), tmp_path))

    assert len(lines) == 1
    assert "does not open the access tokens of: atlas" in lines[0]


def test_another_host_than_the_access_tokens_are_for(env: dict[str, str]) -> None:
    shell(env, SEALED)

    lines = faults({**env, "COMETAPI_BASE_URL": "https://api.example.com"})

    assert len(lines) == 1
    assert "rotate_sealing_key --from-host api.cometapi.com" in lines[0]


def test_a_ledger_key_that_is_gone(env: dict[str, str], tmp_path: Path) -> None:
    shell(env, RECORD)

    lines = faults(with_other_key(env, "LEDGER_KEYS", "other", tmp_path))

    assert lines == [f"LEDGER_KEYS: lacks the key '{id_of(env, 'LEDGER_KEYS')}' that sealed record 1; add it again"]


def test_a_ledger_key_that_is_another_one(env: dict[str, str], tmp_path: Path) -> None:
    shell(env, RECORD)

    lines = faults(with_other_key(env, "LEDGER_KEYS", id_of(env, "LEDGER_KEYS"), tmp_path))

    assert len(lines) == 1
    assert lines[0].endswith("is not the one that sealed record 1; restore it")


def test_a_checkpoint_key_that_is_gone_or_another_one(env: dict[str, str], tmp_path: Path) -> None:
    shell(env, "from keys.services.checkpoints import make_checkpoint; make_checkpoint(); ")
    own = id_of(env, "CHECKPOINT_KEYS")

    gone = faults(with_other_key(env, "CHECKPOINT_KEYS", "other", tmp_path))
    another = faults(with_other_key(env, "CHECKPOINT_KEYS", own, tmp_path))

    assert gone == [f"CHECKPOINT_KEYS: lacks the key '{own}' that signed the newest checkpoint; add it again"]
    assert len(another) == 1 and another[0].endswith("is not the one that signed the newest checkpoint; restore it")


def test_no_key_is_made_up(env: dict[str, str], tmp_path: Path) -> None:
    """New keys for an old database stop the start; `make_keys` beside the old ones leaves them as they are."""
    shell(env, RECORD + SEALED)
    product.run(["make_keys", str(tmp_path / "fresh")], {})
    fresh = {f"{name}_FILE": str(tmp_path / "fresh" / name.lower()) for name in product.SECRETS}

    lines = faults({**env, **fresh})

    assert [line.partition(":")[0] for line in lines] == ["SEALING_KEYS", "LEDGER_KEYS"]


def test_one_damaged_record_is_not_taken_for_a_wrong_key(env: dict[str, str]) -> None:
    """The start is about keys; damage is for `verify_ledger`, on a dashboard that runs."""
    shell(env, RECORD * 3)
    with sqlite3.connect(database(env)) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute("UPDATE keys_record SET link = 'x' WHERE seq = 3")
    product.run(["migrate", "-v0"], env)

    assert shell(env, CHECK.format(before="")) == [""]


def test_static_files_that_nobody_collected(env: dict[str, str], tmp_path: Path) -> None:
    """Seen on a copy of the source, since the tree's own static files serve other tests."""
    for name in ("manage.py", "cometadmin", "keys"):
        source = product.ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copyfile)(source, tmp_path / name)
    (tmp_path / "static").mkdir()

    done = product.run(["serve"], env, root=tmp_path)

    assert (done.code, len(done.lines)) == (2, 1), done
    assert done.lines[0].endswith("run `manage.py collectstatic --no-input`")


@pytest.mark.parametrize(("missing", "told"), [(1, "1 migration;"), (2, "2 migrations;")])
def test_migrations_are_counted(monkeypatch: pytest.MonkeyPatch, missing: int, told: str) -> None:
    executor = MagicMock()
    executor.return_value.migration_plan.return_value = [None] * missing
    monkeypatch.setattr(startup, "MigrationExecutor", executor)

    assert f"the database lacks {told}" in startup._unmigrated()[0]
