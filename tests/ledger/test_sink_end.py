"""What is new in a year's file of checkpoints is looked at by its end: an idle year has 105,000 lines."""

from pathlib import Path
from typing import Any

import pytest

from keys.ledger import checkpoint, sink
from keys.services.checkpoints import make_checkpoint
from keys.services.verification import verify_new, verify_whole
from tests.ledger.making import append

SEED = b"s" * 32
SIGNED = {seq: checkpoint.sign(SEED, "k", seq, "a" * 64, "2026-11-26T10:00:00.000000Z").line for seq in range(1, 60)}


def written(path: Path, lines: list[str]) -> Path:
    path.write_text("".join(line + "\n" for line in lines))
    return path


def told(path: Path, behind: int) -> list[tuple[int, int | None]]:
    return [(number, found.seq if found else None) for number, found in sink.read_end(path, behind)]


def test_it_reads_back_to_what_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sink, "LONGEST", 1_000)  # 3 lines
    idle = written(tmp_path / "idle.jsonl", [SIGNED[7]] * 500)
    assert len(told(idle, 7)) <= 4 and told(idle, 7)[-1] == (500, 7)

    busy = written(tmp_path / "busy.jsonl", [SIGNED[seq] for seq in range(1, 60)])
    found = told(busy, 40)
    assert found == [(seq, seq) for seq in range(found[0][0], 60)]
    assert 34 <= found[0][0] <= 41
    assert told(busy, 0) == [(seq, seq) for seq in range(1, 60)]


def test_neither_a_torn_line_nor_rubbish_ends_the_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sink, "LONGEST", 1_000)
    sound, torn = [SIGNED[1], SIGNED[2], SIGNED[3]], SIGNED[4][:50]
    path = written(tmp_path / "c.jsonl", [*sound, *["rubbish"] * 900, torn, SIGNED[5]])

    found = told(path, 2)

    assert [(number, seq) for number, seq in found if seq] == [(1, 1), (2, 2), (3, 3), (905, 5)]
    assert told(written(tmp_path / "empty.jsonl", []), 0) == []


def test_only_the_daily_whole_checks_all_of_them(real_db: Any, settings: Any, tmp_path: Path) -> None:
    append()
    settings.CHECKPOINT_FILE = tmp_path / "checkpoints.jsonl"
    line = make_checkpoint().line
    written(settings.CHECKPOINT_FILE, [line] * 200)

    assert verify_whole().checkpoints == 201
    report = verify_new()

    assert (report.outcome, report.after) == ("sound", 1)
    assert 1 < report.checkpoints < 50


def test_a_checkpoint_that_speaks_against_it_is_found_at_the_end_with_its_line(
    real_db: Any, settings: Any, tmp_path: Path
) -> None:
    append()
    settings.CHECKPOINT_FILE = tmp_path / "checkpoints.jsonl"
    line = make_checkpoint().line
    verify_whole()
    written(settings.CHECKPOINT_FILE, [line] * 200 + [SIGNED[1]])

    assert verify_new().faults == [
        f"the file {settings.CHECKPOINT_FILE}, line 201: signed by no key in CHECKPOINT_KEYS"
    ]
