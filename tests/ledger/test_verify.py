"""`manage.py verify_ledger`: sound, damaged with the first bad seq, or no verdict. The verdict is the exit code's."""

import io
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from keys.ledger.triggers import HEAD, RECORD
from keys.ledger.verify import Ordinals
from keys.models import Record, Team
from keys.services.checkpoints import make_checkpoint
from tests.ledger.damage import without_guards
from tests.ledger.making import append, change, ledger_of


def verdict(*extra: str) -> tuple[int, str]:
    """Exit code and what was printed."""
    out = io.StringIO()
    try:
        call_command("verify_ledger", *extra, stdout=out, stderr=out)
    except SystemExit as end:
        assert isinstance(end.code, int)
        return end.code, out.getvalue()
    return 0, out.getvalue()


def test_an_empty_ledger_is_sound(real_db: Any) -> None:
    code, said = verdict()

    assert (code, said[:17]) == (0, "sound: 0 records,")


def test_a_ledger_of_every_kind_of_record_is_sound(real_db: Any) -> None:
    ledger_of(60)

    code, said = verdict()

    assert (code, said[:6]) == (0, "sound:"), said


def test_who_asks_by_hand_is_not_told_sound_of_records_that_were_not_read(real_db: Any) -> None:
    ledger_of(10)
    assert verdict()[0] == 0  # the mark stands behind the last record from now on
    with without_guards(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {RECORD} SET actor = 'nobody' WHERE seq = 5")

    assert verdict("--new")[0] == 0 and "(--whole reads all of them)" in verdict("--new")[1]
    for asked in ((), ("--whole",)):
        code, said = verdict(*asked)
        assert (code, said[:17]) == (1, "damaged: record 5"), asked


def test_open_changes_are_counted(real_db: Any) -> None:
    team = Team.objects.create(slug="blue", name="Blue")
    change(team, 1)
    change(team, 1, outcome=None)
    change(team, 2, outcome=None)

    assert "4 records, 2 changes without an outcome" in verdict()[1]


def test_one_is_told_as_one(real_db: Any) -> None:
    change(Team.objects.create(slug="blue", name="Blue"), 1, outcome=None)
    make_checkpoint()

    assert verdict()[1].startswith("sound: 1 record, 1 change without an outcome, 1 checkpoint compared, link")


def test_a_second_at_its_full_is_sound(real_db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite stores such a time without its fraction."""
    monkeypatch.setattr("keys.ledger.book._now", lambda: "2026-11-24T03:52:51.000000Z")
    append()

    assert verdict()[0] == 0


def test_batches_join(real_db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger_of(20)
    for size in (1, 3, 7, 20, 21):
        monkeypatch.setattr("keys.ledger.raw.BATCH", size)
        assert verdict()[0] == 0


def test_what_is_appended_meanwhile_is_no_alarm(real_db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keys.ledger.raw.BATCH", 1)
    usual = Ordinals.step

    def step(*given: Any) -> None:
        if Record.objects.count() < 6:
            append()
        usual(*given)

    append()
    append()
    monkeypatch.setattr(Ordinals, "step", step)

    assert verdict()[1].startswith("sound: 2 records")


def test_a_key_that_is_no_longer_first_still_verifies(real_db: Any, settings: Any) -> None:
    append()
    settings.LEDGER_KEYS = {"new": b"n" * 32, **settings.LEDGER_KEYS}
    append()

    assert verdict()[0] == 0


def test_a_record_sealed_by_an_unknown_key_is_damage(real_db: Any, settings: Any) -> None:
    append()
    settings.LEDGER_KEYS = {"another": b"n" * 32}

    code, said = verdict()

    assert (code, said.splitlines()[0]) == (1, "damaged: record 1: seal_key")


@pytest.mark.parametrize(
    ("sql", "code", "words"),
    [
        (f"UPDATE {HEAD} SET seq = 9", 1, "damaged: record 3: missing"),
        (f"UPDATE {HEAD} SET seq = 1", 1, "damaged: record 2: head"),
        (f"UPDATE {HEAD} SET link = 'x'", 1, "damaged: record 2: head"),
        (f"DELETE FROM {HEAD}", 1, "damaged: record 2: head"),
        (f"DELETE FROM {RECORD}", 1, "damaged: record 1: missing"),
    ],
)
def test_a_head_that_disagrees_is_damage(real_db: Any, sql: str, code: int, words: str) -> None:
    append()
    append()
    with without_guards() as cursor:
        cursor.execute(sql)

    assert (verdict()[0], verdict()[1].splitlines()[0]) == (code, words)


def test_a_missing_guard_is_said(real_db: Any) -> None:
    append()
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER record_no_delete" + ("" if connection.vendor == "sqlite" else f" ON {RECORD}"))

    code, said = verdict()

    assert code == 1
    assert said.startswith("sound: 1 record, ")
    assert "the guard record_no_delete is missing" in said


def test_an_outcome_without_its_intent_is_damage(real_db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sealed by the key itself: a bug or an insider; the chain alone would call it sound."""
    monkeypatch.setattr("keys.ledger.book._pair", lambda entry, place: None)
    append()
    append(change="a-change", outcome="confirmed")
    append(change="a-change")

    code, said = verdict()

    assert (code, said.splitlines()[0]) == (1, "damaged: record 2: change")


@pytest.mark.parametrize(("ordinal", "what"), [("team_n", "team_n"), ("key_n", "key_n")])
def test_an_ordinal_that_skips_is_damage(
    real_db: Any, monkeypatch: pytest.MonkeyPatch, ordinal: str, what: str
) -> None:
    team = Team.objects.create(slug="blue", name="Blue")
    append(team=team, key_id=1)
    from keys.ledger import book

    place = book._place
    skipped: Any = {ordinal: 2}
    monkeypatch.setattr(book, "_place", lambda entry: place(entry)._replace(**skipped))
    append(team=team, key_id=1)

    assert verdict()[1].splitlines()[0] == f"damaged: record 2: {what}"


def test_without_a_key_there_is_no_verdict(real_db: Any, settings: Any) -> None:
    settings.LEDGER_KEYS = {}

    code, said = verdict()

    assert (code, said) == (2, "cannot verify: no ledger key is set\n")


def test_without_a_table_there_is_no_verdict(real_db: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {RECORD} RENAME TO elsewhere")

    code, said = verdict()

    assert code == 2
    assert said.startswith("cannot verify: the ledger cannot be read")


def test_the_usual_reading_of_texts_is_put_back(real_db: Any) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL refuses broken texts by itself")
    verdict()

    assert connection.connection.text_factory is str
