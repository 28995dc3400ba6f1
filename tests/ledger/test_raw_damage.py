"""Damage below what SQL would do: values of another type, texts that are no text, bits flipped in SQLite's file."""

import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from keys.models import Record
from tests.ledger.damage import without_guards
from tests.ledger.making import ledger_of
from tests.ledger.test_verify import verdict
from tests.support.databases import RealDatabase, use

pytestmark = pytest.mark.sqlite


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("time", "'2026-13-45 99:99:99'"),
        ("time", "'never'"),
        ("time", "replace(time, ' ', 'T')"),
        ("time", "time || '+00:00'"),
        ("time", "CAST(time AS BLOB)"),
        ("actor", "CAST(x'ff41' AS TEXT)"),
        ("actor", "CAST(actor AS BLOB)"),
        ("text", "CAST(x'ff' AS TEXT)"),
        ("text", "CAST(text AS BLOB)"),
        ("text", "'[]'"),
        ("digest", "CAST(x'ff' AS TEXT)"),
        ("previous", "CAST(x'ff' AS TEXT)"),
        ("link", "CAST(x'ff' AS TEXT)"),
        ("link", "upper(link)"),
        ("seal", "upper(seal)"),
        ("seal_key", "CAST(x'ff' AS TEXT)"),
        ("team_n", "1.5"),
        ("team_id", "'x'"),
        ("key_id", "x'00'"),
        ("seq", "4.5"),
        ("seq", "'x'"),
        ("seq", "x'00'"),
    ],
)
def test_a_value_of_another_type_is_named(real_db: RealDatabase, column: str, value: str) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL's columns have types")
    ledger_of(8)
    with without_guards() as cursor:
        cursor.execute(f"UPDATE keys_record SET {column} = {value} WHERE seq = 4")

    code, said = verdict()

    assert code == 1
    assert said.splitlines()[0].startswith(f"damaged: record 4: {'digest' if column == 'text' else column}"), said


def content(path: Path) -> list[Any]:
    """Everything that verifying is about, read by sqlite3 itself; [] when it cannot be read."""
    raw = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    raw.text_factory = bytes
    try:
        queries = ("SELECT * FROM keys_record ORDER BY seq", "SELECT * FROM keys_ledgerhead")
        return [raw.execute(query).fetchall() for query in queries]
    except (sqlite3.Error, UnicodeDecodeError):
        return []
    finally:
        raw.close()


def test_bits_flipped_in_the_file_give_a_verdict(real_db: RealDatabase, tmp_path: Path, scale: str) -> None:
    """Never a traceback, and never "sound" when what can be read is not what was written."""
    if connection.vendor != "sqlite":
        pytest.skip("its file, not a server's")
    ledger_of(30)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    sound = Path(real_db.name).read_bytes()
    written = content(Path(real_db.name))
    texts = [sound.find(text.encode()) for text in Record.objects.values_list("text", flat=True)]
    places = [place for place in texts if place > 0]
    seed = random.randrange(10**9)
    chance = random.Random(seed)
    seen = {0: 0, 1: 0, 2: 0}
    for n in range(2_000 if scale == "full" else 60):
        bits = bytearray(sound)
        # Every other one within a record: most of a small file is neither records nor head.
        place = chance.choice(places) + chance.randrange(300) if n % 2 else chance.randrange(100, len(bits))
        bits[place] ^= 1 << chance.randrange(8)
        path = tmp_path / f"{n}.sqlite3"
        path.write_bytes(bits)
        now = content(path)
        use(str(path))
        code, said = verdict()
        seen[code] += 1
        assert now == written or code != 0, f"seed {seed}, flip {n} at {place}: {said}"
        use(real_db.name)
        path.unlink()
    assert seen[0] and seen[1], f"seed {seed}: sound {seen[0]}, damaged {seen[1]}, no verdict {seen[2]}"
