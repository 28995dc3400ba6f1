"""Bundles of a house that goes on working: what is recorded or signed beside an export does not spoil it."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from keys.ledger import sink
from keys.ledger.actions import Action
from keys.models import Checkpoint, Record, Team
from keys.services.checkpoints import Contradicted, make_checkpoint
from keys.services.export_lines import pieces_of
from keys.services.exporting import Format, begin_export
from keys.services.verification import verify_whole
from tests.export.support import asked_for, checked, entries
from tests.ledger.damage import put, without_guards
from tests.ledger.making import append, change, key_fields, ledger_of
from tests.people.making import SYSTEM


@pytest.fixture
def sink_file(real_db: Any, settings: Any, tmp_path: Path) -> Path:
    settings.CHECKPOINT_FILE = tmp_path / "checkpoints.jsonl"
    return tmp_path / "checkpoints.jsonl"


@pytest.mark.parametrize("signed_too", [False, True], ids=["recorded", "signed"])
def test_what_is_recorded_meanwhile_stays_outside(sink_file: Path, tmp_path: Path, signed_too: bool) -> None:
    ledger_of(20)
    export = begin_export(person=None, actor=SYSTEM, wanted=asked_for(), form=Format.BUNDLE)
    append()
    if signed_too:
        make_checkpoint()
    append()
    path = tmp_path / "b.zip"

    path.write_bytes(b"".join(pieces_of(export, Format.BUNDLE)))

    assert checked(path).code == 0, checked(path)
    assert len(entries(path)["digests.txt"].splitlines()) == export.record.seq
    assert verify_whole().outcome == "sound"


def test_a_checkpoint_over_an_export_hides_no_newer_one(sink_file: Path) -> None:
    """It comes later and lies lower: what was signed above it still speaks against a cut."""
    append()
    export = append()
    append()
    newest = make_checkpoint()
    make_checkpoint(export)

    found = sink.newest(sink_file)
    assert found and found.seq == newest.seq
    Checkpoint.objects.all().delete()
    with without_guards() as cursor:
        cursor.execute("DELETE FROM keys_record WHERE seq = %s", [newest.seq])
        cursor.execute("UPDATE keys_ledgerhead SET seq = %s, link = %s", [export.seq, export.link])

    with pytest.raises(Contradicted, match=f"over record {newest.seq} says otherwise"):
        make_checkpoint()


def test_an_export_that_is_no_longer_in_the_ledger_is_not_signed(real_db: Any) -> None:
    export = append()
    append()
    with without_guards() as cursor:
        put(cursor, export.seq, "link", "0" * 64)

    with pytest.raises(Contradicted, match="record 1 is not what it was"):
        make_checkpoint(export)
    assert not Checkpoint.objects.exists()


@pytest.mark.parametrize("since", [False, True], ids=["of an action", "of a time span"])
def test_a_change_that_ends_while_it_is_counted_is_exported_with_its_end(
    real_db: Any, tmp_path: Path, since: bool
) -> None:
    team = Team.objects.create(slug="blue", name="Blue")
    (intent,) = change(team, 4, outcome=None)
    time.sleep(0.002)  # the ledger's time is in milliseconds: what follows is later by it
    first = append() if since else intent
    ended: list[Record] = []

    def end_it(_count: int) -> None:
        if not ended:
            about = {"team": team, "key_id": 4, "change": intent.change, "action": Action.KEY_EDIT}
            ended.append(append(**about, outcome="confirmed", body={"kind": "edit", "found": key_fields()}))

    wanted = asked_for(since=first.time) if since else asked_for(action=str(Action.KEY_EDIT))
    export = begin_export(person=None, actor=SYSTEM, wanted=wanted, form=Format.BUNDLE, noted=end_it)
    path = tmp_path / "b.zip"
    path.write_bytes(b"".join(pieces_of(export, Format.BUNDLE)))

    told = [json.loads(line)["seq"] for line in entries(path)["records.jsonl"].splitlines()]
    assert told == sorted({intent.seq, first.seq, ended[0].seq})
    assert checked(path).code == 0, checked(path)
