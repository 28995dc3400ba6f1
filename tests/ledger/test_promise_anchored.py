"""Promise 2, what only checkpoints tell: every tail cut, a full wipe, an older backup, a chain computed anew.

The intruder owns the database and cleans up behind himself: head row, guards, our own table of checkpoints.
"""

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as given
from django.db import transaction

from keys.ledger import anchors, chain
from keys.ledger.triggers import HEAD, RECORD
from keys.models import Checkpoint, Record, Verdict
from keys.services.checkpoints import make_checkpoint
from keys.services.verification import Report, verify_new, verify_whole
from tests.ledger.damage import cut, put, rehashed, without_guards
from tests.ledger.making import append, ledger_of
from tests.support.databases import RealDatabase, is_postgresql
from tests.support.mutants import mutated
from tests.support.report import Promise

pytestmark = pytest.mark.prove
Cursor = Any


@pytest.fixture
def sink(real_db: RealDatabase, tmp_path: Path, settings: Any, scale: str) -> Path:
    """A ledger with a checkpoint every few records and one over the last, in a file elsewhere."""
    settings.CHECKPOINT_FILE = tmp_path / "checkpoints.jsonl"
    count = 500 if scale == "full" else 30
    while Record.objects.count() < count:
        ledger_of(Record.objects.count() + 10) if not Record.objects.exists() else more()
        make_checkpoint()
    return Path(settings.CHECKPOINT_FILE)


def more(count: int = 10) -> None:
    for _ in range(count):
        append()


def head_follows(cursor: Cursor) -> None:
    """The head row as if nothing had ever been there behind the last record."""
    cursor.execute(f"SELECT seq, link FROM {RECORD} ORDER BY seq DESC LIMIT 1")
    seq, link = cursor.fetchone() or (0, chain.GENESIS)
    cursor.execute(f"UPDATE {HEAD} SET seq = %s, link = %s", [seq, link])


def behind_him(attack: Callable[[Cursor], object]) -> Report:
    """Attack, hide it, verify, put everything back."""
    with without_guards() as cursor, transaction.atomic():
        attack(cursor)
        Checkpoint.objects.all().delete()
        Verdict.objects.all().delete()
        head_follows(cursor)
        report = verify_whole()
        transaction.set_rollback(True)
    return report


def first_bad(report: Report) -> int | None:
    return report.broken.seq if report.broken else None


def test_every_tail_cut_is_found(sink: Path, promise: Promise) -> None:
    promise.number, promise.title = "2", "every tail cut, a wipe too"
    newest = Record.objects.count()
    assert verify_whole().outcome == "sound"
    for seq in range(1, newest + 1):
        report = behind_him(lambda cursor, seq=seq: cut(cursor, seq, newest, random.Random()))  # type: ignore[misc]
        promise.tried()
        if first_bad(report) != seq:
            promise.broke(f"cut at {seq}: named {first_bad(report)}")
    assert verify_whole().outcome == "sound"


def test_what_was_written_anew_is_found(sink: Path, promise: Promise) -> None:
    """By whoever holds the ledger key as well: only the signing key is elsewhere."""
    promise.number, promise.title = "2", "a chain computed anew, with the ledger key"
    newest = Record.objects.count()
    chance = random.Random(3)
    points = sorted({seq for seq in Record.objects.values_list("seq", flat=True) if seq % 10 == 0} | {newest})
    for seq in chance.sample(range(1, newest + 1), 6):
        report = behind_him(lambda cursor, seq=seq: sealed_anew(cursor, seq, newest))  # type: ignore[misc]
        promise.tried()
        if first_bad(report) is None:
            promise.broke(f"written anew from {seq}: not found, checkpoints near {points}")


def sealed_anew(cursor: Cursor, seq: int, newest: int) -> None:
    rehashed(cursor, seq, newest, random.Random())
    key_id, key = next(iter(given.LEDGER_KEYS.items()))
    cursor.execute(f"SELECT seq, link FROM {RECORD} WHERE seq >= %s", [seq])
    for number, link in cursor.fetchall():
        put(cursor, number, "seal", chain.seal_of(key, link))
        put(cursor, number, "seal_key", key_id)


def test_an_older_backup_is_found(sink: Path, real_db: RealDatabase, tmp_path: Path, promise: Promise) -> None:
    """Even when as many records have been written since as were lost."""
    promise.number, promise.title = "2", "an older backup"
    if is_postgresql():
        pytest.skip("its file is copied; on PostgreSQL the tail cuts say the same")
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    backup = tmp_path / "backup.sqlite3"
    shutil.copyfile(real_db.name, backup)
    before = Record.objects.count()
    more(5)
    make_checkpoint()
    connection.close()
    for name in (real_db.name, f"{real_db.name}-wal", f"{real_db.name}-shm"):
        Path(name).unlink(missing_ok=True)
    shutil.copyfile(backup, real_db.name)

    assert first_bad(verify_new()) == before + 1
    promise.tried()
    more(7)
    assert first_bad(verify_new()) == before + 5
    promise.tried()


def test_a_verifier_without_checkpoints_is_caught(sink: Path, promise: Promise) -> None:
    promise.number, promise.title = "2", "mutant: no checkpoint"
    newest = Record.objects.count()
    attacks: list[Callable[[Cursor], object]] = [
        lambda cursor: cut(cursor, newest, newest, random.Random()),
        lambda cursor: cut(cursor, 1, newest, random.Random()),
        lambda cursor: sealed_anew(cursor, 4, newest),
    ]
    with mutated(anchors.compare, "    if broken:\n", "    if False:\n"):
        missed = [first_bad(behind_him(attack)) for attack in attacks]

    assert missed == [None, None, None]
    promise.tried(len(attacks))
    promise.caught("no checkpoint")
