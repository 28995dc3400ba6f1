"""Promise 3: writers in threads and processes never fork the ledger, leave no gap and never meet a locked database."""

import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection

from keys.errors import ChainBroken
from keys.ledger.verify import verify
from keys.models import LedgerHead, Record, Team
from tests.support.databases import RealDatabase
from tests.support.report import Promise

pytestmark = pytest.mark.prove


def run(database: RealDatabase, processes: int, threads: int, records: int, mutant: str = "") -> list[str]:
    """Let them all write; what they complained of."""
    writers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.ledger.writer", f"p{n}", str(threads), str(records), mutant],
            env=database.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for n in range(processes)
    ]
    said = [writer.communicate()[0].splitlines() for writer in writers]
    return [line for lines in said for line in lines]


def faults(written: int) -> list[str]:
    """What is wrong with a ledger that should hold `written` records."""
    seqs = list(Record.objects.order_by("seq").values_list("seq", flat=True))
    found = [] if seqs == list(range(1, written + 1)) else [f"{len(seqs)} records up to {seqs[-1:]}, not {written}"]
    if LedgerHead.objects.get().seq != written:
        found.append("the head is elsewhere")
    if Team.objects.count() != Record.objects.filter(change="").count():
        found.append("own data without its record")
    try:
        verify(settings.LEDGER_KEYS)
    except ChainBroken as broken:
        found.append(str(broken))
    return found


def test_writers_never_fork_the_ledger(real_db: RealDatabase, scale: str, promise: Promise) -> None:
    promise.number, promise.title = "3", f"16 writers never fork the ledger ({connection.vendor})"
    processes, threads, records = (16, 1, 500) if scale == "full" else (4, 4, 12)

    complaints = run(real_db, processes, threads, records)

    written = processes * threads * records
    promise.tried(written)
    for text in [*complaints, *faults(written)]:
        promise.broke(text)
    assert not promise.failures


@pytest.mark.parametrize(("mutant", "vendor"), [("deferred", "sqlite"), ("last_row", "postgresql")])
def test_wrong_locks_are_caught(
    real_db: RealDatabase, request: pytest.FixtureRequest, mutant: str, vendor: str
) -> None:
    """Each on the database where it is wrong: SQLite has one writer anyway, PostgreSQL has no transaction modes."""
    if connection.vendor != vendor:
        pytest.skip(f"wrong on {vendor} alone")
    promise: Promise = request.getfixturevalue("promise")
    promise.number, promise.title = "3", f"mutant: {mutant}"

    complaints = run(real_db, 4, 4, 20, mutant)

    promise.tried(320)
    assert complaints or faults(320)
    promise.caught(mutant)
