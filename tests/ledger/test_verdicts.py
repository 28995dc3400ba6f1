"""Verifying goes on from the last sound verdict, which nobody makes up who has the database alone; and rotations."""

from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as given
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from keys.ledger import checkpoint, verdicts
from keys.models import Checkpoint, CompanyRole, Delivery, Person, Record, Verdict
from keys.selectors.evidence import trouble_for, verdict_for
from keys.services.checkpoints import make_checkpoint
from keys.services.verification import verify_new, verify_whole, verify_whole_if_due
from tests.ledger.damage import put, without_guards
from tests.ledger.making import append, ledger_of
from tests.ledger.test_verify import verdict

NEW = b"n" * 32


def test_it_goes_on_from_the_last_sound_verdict(real_db: Any) -> None:
    ledger_of(12)
    count = Record.objects.count()
    assert verdict()[1].startswith(f"sound: {count} records, ")
    append()

    code, said = verdict("--new")

    assert code == 0
    assert said.startswith(f"sound: {count + 1} records, 1 of them new since the last verdict")
    append()
    assert verify_new().after == count + 1


def test_damage_before_the_mark_is_found_by_the_whole_and_not_forgotten(real_db: Any) -> None:
    ledger_of(12)
    verify_whole()
    append()
    with without_guards() as cursor:
        put(cursor, 3, "actor", "somebody else")

    assert verify_new().outcome == "sound"  # what it relies on is what was found then
    whole = verify_whole()
    assert (whole.outcome, whole.broken and whole.broken.seq) == ("damaged", 3)
    again = verify_new()
    assert (again.after, again.outcome) == (0, "damaged")


def test_a_cut_behind_the_mark_is_found_at_once(real_db: Any) -> None:
    ledger_of(12)
    newest = Record.objects.count()
    verify_whole()
    with without_guards() as cursor:
        cursor.execute("DELETE FROM keys_record WHERE seq >= %s", [newest - 2])
        cursor.execute("UPDATE keys_ledgerhead SET seq = %s", [newest - 3])
        cursor.execute("UPDATE keys_ledgerhead SET link = (SELECT link FROM keys_record WHERE seq = %s)", [newest - 3])

    report = verify_new()

    assert report.broken and (report.broken.seq, report.broken.what) == (newest - 2, "missing")


@pytest.mark.parametrize("change", ["text", "seal", "name"])
def test_a_verdict_that_was_made_up_is_not_heard(real_db: Any, change: str) -> None:
    """Somebody wants the damage at 2 to lie before the mark."""
    ledger_of(12)
    verify_whole()
    mark = Verdict.objects.get(name="mark")
    with without_guards() as cursor:
        put(cursor, 2, "actor", "somebody else")
    if change == "text":
        Verdict.objects.filter(name="mark").update(text=mark.text.replace('"records":', '"records": '))
    elif change == "seal":
        Verdict.objects.filter(name="mark").update(seal="0" * 64)
    else:
        Verdict.objects.filter(name="whole").update(text=mark.text, seal=mark.seal)

    report = verify_new()

    assert report.broken and report.broken.seq == 2


def test_the_whole_is_due_once_a_day(real_db: Any, settings: Any, monkeypatch: Any) -> None:
    append()
    assert verify_whole_if_due() is not None
    assert verify_whole_if_due() is None

    later = timezone.now() + timedelta(seconds=settings.WAITS.verify_whole_s + 1)
    monkeypatch.setattr("keys.services.verification.timezone.now", lambda: later)
    assert verify_whole_if_due() is not None


def test_the_verdict_is_kept_with_its_time(real_db: Any) -> None:
    append()
    verify_whole()

    said = verdicts.kept("whole", given.LEDGER_KEYS)

    assert said and (said.outcome, said.records, said.whole, said.faults) == ("sound", 1, True, ())
    assert timezone.now() - said.time < timedelta(minutes=5)


def test_a_file_of_checkpoints_is_compared(real_db: Any, tmp_path: Path) -> None:
    append()
    file = tmp_path / "held.jsonl"
    file.write_text(make_checkpoint().line + "\n")

    def told(*extra: str) -> tuple[int, str]:
        out = StringIO()
        try:
            call_command("verify_ledger", *extra, "--checkpoint", str(file), stdout=out, stderr=out)
        except SystemExit as end:
            return int(str(end.code)), out.getvalue()
        return 0, out.getvalue()

    assert told()[0] == 0 and "2 checkpoints compared" in told()[1]
    ahead = checkpoint.sign(given.CHECKPOINT_KEYS["checkpoint-test"], "checkpoint-test", 9, "a" * 64, _time())
    file.write_text(ahead.line + "\n")
    assert told() == (1, told()[1]) and told()[1].startswith("damaged: record 2: missing")
    file.write_text(checkpoint.sign(NEW, "checkpoint-test", 1, "a" * 64, _time()).line + "\n")
    assert told()[0] == 1 and "signed by no key in CHECKPOINT_KEYS" in told()[1]
    file.write_text("")
    assert told()[0] == 2 and "holds no checkpoint" in told()[1]
    file.unlink()
    assert told()[0] == 2 and "cannot be read" in told()[1]


def _time() -> str:
    return "2026-11-26T10:00:00.000000Z"


def test_a_checkpoint_in_our_own_table_that_nobody_signed_is_damage(real_db: Any) -> None:
    append()
    make_checkpoint()
    Checkpoint.objects.update(signature="0" * 128)

    code, said = verdict()

    assert code == 1 and "the table of checkpoints, line 1: signed by no key" in said


def rotate(which: str) -> str:
    out = StringIO()
    call_command(f"rotate_{which}_key", stdout=out)
    return out.getvalue().strip()


def test_the_ledger_key_is_rotated_under_both(real_db: Any, settings: Any) -> None:
    append()
    assert rotate("ledger") == "Nothing to do: the first key is the one in use."
    settings.LEDGER_KEYS = {"new": NEW, **settings.LEDGER_KEYS}

    assert rotate("ledger") == "It follows ledger-test."

    record = Record.objects.get(seq=2)
    assert (record.action, record.seal_key) == ("ledger_key.rotate", "new")
    assert rotate("ledger") == "Nothing to do: the first key is the one in use."
    assert verdict()[0] == 0


def test_a_ledger_key_that_the_old_one_did_not_speak_for_is_damage(
    real_db: Any, settings: Any, monkeypatch: Any
) -> None:
    append()
    settings.LEDGER_KEYS = {"new": NEW, **settings.LEDGER_KEYS}
    monkeypatch.setattr("keys.ledger.rotation.counter_seal", lambda *_: "0" * 64)
    rotate("ledger")
    monkeypatch.undo()

    assert verdict()[1].startswith("damaged: record 2: rotation")


def test_without_the_old_key_nothing_is_rotated(real_db: Any, settings: Any) -> None:
    append()
    make_checkpoint()
    settings.LEDGER_KEYS = {"new": NEW}
    settings.CHECKPOINT_KEYS = {"newer": NEW}

    for which in ("ledger", "checkpoint"):
        with pytest.raises(CommandError, match="is to be followed"):
            rotate(which)
    assert Record.objects.count() == 1


def test_the_signing_key_is_rotated_under_both(real_db: Any, settings: Any) -> None:
    append()
    make_checkpoint()
    settings.CHECKPOINT_KEYS = {"new": NEW, **settings.CHECKPOINT_KEYS}

    assert rotate("checkpoint") == "It follows checkpoint-test."
    assert make_checkpoint().key == "new"

    assert Record.objects.get(seq=2).action == "checkpoint_key.rotate"
    assert checkpoint.public_key(NEW).hex() in Record.objects.get(seq=2).text
    assert verdict()[0] == 0
    assert rotate("checkpoint") == "Nothing to do: the first key is the one in use."


def test_what_a_file_handed_over_speaks_against_stays_damage_until_one_agrees(real_db: Any, tmp_path: Path) -> None:
    """The worker, which has no such file, would find all sound a minute later."""
    append()
    true, file = make_checkpoint().line, tmp_path / "held.jsonl"
    seed = given.CHECKPOINT_KEYS["checkpoint-test"]
    file.write_text(checkpoint.sign(seed, "checkpoint-test", 1, "a" * 64, _time()).line)
    admin = Person.objects.create_user("ada", company_role=CompanyRole.ADMIN)

    assert verify_whole((file,)).outcome == "damaged"
    for again in (verify_new, verify_whole):
        assert again().outcome == "sound"
        found = verdict_for(admin).damaged
        assert found and "record 1" in found.faults[0] and trouble_for(admin)

    file.write_text(true)
    assert verify_whole((file,)).outcome == "sound"
    assert verdict_for(admin).damaged is None and trouble_for(admin) is None


@pytest.mark.parametrize("words", ["", None, "another's"])
def test_a_file_that_is_none_of_ours_is_the_trouble_of_who_gave_it(
    real_db: Any, tmp_path: Path, words: str | None
) -> None:
    """A typing mistake on the command line stood on everybody's history."""
    append()
    verify_whole()
    file = tmp_path / "held.jsonl"
    if words is not None:
        file.write_text(words and checkpoint.sign(NEW, "elsewhere", 1, "a" * 64, _time()).line)

    assert verify_whole((file,)).outcome != "sound"

    admin = Person.objects.create_user("ada", company_role=CompanyRole.ADMIN)
    assert trouble_for(admin) is None and verdict_for(admin).unable is None


def test_missing_guards_are_told_beside_a_broken_record(real_db: Any) -> None:
    append()
    with without_guards() as cursor:
        put(cursor, 1, "reason", "forged")
        report = verify_whole()

    assert report.broken and report.broken.seq == 1 and report.lacking


def test_the_page_of_proofs_claims_nothing_that_does_not_hold_now(
    real_db: Any, tmp_path: Path, settings: Any, client: Client
) -> None:
    settings.CHECKPOINT_FILE = tmp_path / "checkpoints.jsonl"
    append()
    make_checkpoint()
    verify_whole()
    client.force_login(Person.objects.create_user("ada", company_role=CompanyRole.ADMIN))

    def shown() -> str:
        return client.get("/history/proof/").content.decode()

    sound = shown()
    assert "<strong>Nothing was cut off at the end" in sound and "Not now: see above" not in sound
    Delivery.objects.filter(name="checkpoint_file").update(failing_since=timezone.now(), fault="full")
    failing = shown()
    assert "<strong>Nothing was cut off at the end" not in failing and "cannot be written to it now" in failing
    with without_guards() as cursor:
        put(cursor, 1, "reason", "forged")
    verify_whole()
    assert "Not now: see above" in shown()
