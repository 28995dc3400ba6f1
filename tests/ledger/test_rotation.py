"""A ledger key that another has followed seals nothing more: what leaked with it forges no later record."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError

from keys.errors import LedgerUnavailable
from keys.ledger import book, chain, verdicts
from keys.models import Record
from keys.services.verification import Report, verify_new, verify_whole
from tests.ledger.damage import put, without_guards
from tests.ledger.making import append
from tests.ledger.test_verdicts import NEW, rotate

OLD = "ledger-test"


@pytest.fixture
def rotated(real_db: Any, settings: Any) -> None:
    """Record 1 by the old key, 2 by the new one, which was first already, 3 the rotation, 4 by the new one."""
    append()
    settings.LEDGER_KEYS = {"new": NEW, **settings.LEDGER_KEYS}
    append()
    assert rotate("ledger") == f"It follows {OLD}."
    append()


def forged(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Record:
    """What an intruder appends who has the database and the old key: as the product does, its refusal left out."""
    place, ring = book._place, settings.LEDGER_KEYS
    with monkeypatch.context() as patched:
        patched.setattr(book, "_place", lambda entry: place(entry)._replace(followed=False))
        settings.LEDGER_KEYS = {OLD: ring[OLD]}
        record = append(reason="nobody was here")
        settings.LEDGER_KEYS = ring
    return record


def bad(report: Report) -> tuple[int, str, str, str] | None:
    broken = report.broken
    return (broken.seq, broken.what, broken.expected, broken.found) if broken else None


def test_until_the_rotation_either_may_seal(rotated: None) -> None:
    assert list(Record.objects.order_by("seq").values_list("seal_key", flat=True)) == [OLD, "new", "new", "new"]
    assert (verify_whole().outcome, verify_new().outcome) == ("sound", "sound")


@pytest.mark.parametrize("verify", [verify_whole, verify_new])
def test_a_record_by_the_old_key_behind_it_is_damage(
    rotated: None, settings: Any, monkeypatch: pytest.MonkeyPatch, verify: Callable[[], Report]
) -> None:
    assert verify_whole().outcome == "sound"
    record = forged(settings, monkeypatch)

    assert bad(verify()) == (record.seq, "seal_key", "one of new", OLD)


def test_a_tail_sealed_anew_by_the_old_key_is_damage(rotated: None, settings: Any) -> None:
    record = Record.objects.get(seq=4)
    with without_guards() as cursor:
        put(cursor, 4, "seal", chain.seal_of(settings.LEDGER_KEYS[OLD], record.link))
        put(cursor, 4, "seal_key", OLD)

    assert bad(verify_whole()) == (4, "seal_key", "one of new", OLD)


def test_a_rotation_that_is_hidden_is_remembered(rotated: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies before the mark is not read again, so the mark itself says which keys are retired."""
    assert verify_whole().outcome == "sound"
    append()
    assert verify_new().outcome == "sound"
    with without_guards() as cursor:
        put(cursor, 3, "action", "person.sign_in")
    record = forged(settings, monkeypatch)

    assert bad(verify_new()) == (record.seq, "seal_key", "one of new", OLD)


def test_a_process_that_was_not_restarted_records_nothing(rotated: None, settings: Any) -> None:
    """Its record would read as forged for ever."""
    settings.LEDGER_KEYS = {OLD: settings.LEDGER_KEYS[OLD], "new": NEW}

    with pytest.raises(LedgerUnavailable, match="ledger-test was followed by another"):
        append()

    assert (Record.objects.count(), verify_whole().outcome) == (4, "sound")


def test_nobody_goes_back_to_a_key_that_was_followed(rotated: None, settings: Any) -> None:
    ring = settings.LEDGER_KEYS
    settings.LEDGER_KEYS = {"newest": b"m" * 32, **ring}
    assert rotate("ledger") == "It follows new."
    for key in (OLD, "new"):
        settings.LEDGER_KEYS = {key: ring[key], "newest": b"m" * 32, **ring}
        with pytest.raises(CommandError, match=f"{key} was followed by another"):
            rotate("ledger")
    settings.LEDGER_KEYS = {"newest": b"m" * 32, **ring}
    assert verify_whole().outcome == "sound"


def test_a_key_whose_name_is_like_that_of_a_retired_one_seals(rotated: None, settings: Any) -> None:
    settings.LEDGER_KEYS = {"LEDGER-TEST": b"m" * 32, **settings.LEDGER_KEYS}
    append()
    settings.LEDGER_KEYS = {"ledger-tes_": b"m" * 32, **settings.LEDGER_KEYS}
    append()

    assert verify_whole().outcome == "sound"


def test_a_verdict_by_the_old_key_is_not_heard(rotated: None, settings: Any) -> None:
    verify_whole()
    whole = verdicts.kept(verdicts.WHOLE, settings.LEDGER_KEYS)
    assert whole
    verdicts.keep(verdicts.WHOLE, whole, {OLD: settings.LEDGER_KEYS[OLD]})

    assert verdicts.kept(verdicts.WHOLE, settings.LEDGER_KEYS) is None
