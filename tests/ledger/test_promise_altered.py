"""Promise 2, as far as the database alone can tell: no record altered unseen, and never a false alarm.

Truncation together with the head row, a wipe and an old backup are for checkpoints to find.
"""

import random
from collections.abc import Iterable

import pytest
from django.conf import settings
from django.db import transaction

from keys.errors import ChainBroken
from keys.ledger import chain, shown
from keys.ledger import verify as verifying
from keys.models import Record
from tests.ledger.damage import KINDS, without_guards
from tests.ledger.making import change, ledger_of
from tests.support.databases import RealDatabase, fresh_copy
from tests.support.mutants import mutated
from tests.support.report import Promise

pytestmark = pytest.mark.prove


def first_bad() -> int | None:
    try:
        verifying.verify(settings.LEDGER_KEYS)
    except ChainBroken as broken:
        return broken.seq
    return None


def attack(kinds: Iterable[str], seqs: Iterable[int], seed: int) -> list[str]:
    """Damage each of `seqs` in each way, verify, put it back. What was not found, or named wrongly."""
    chance = random.Random(seed)
    missed = []
    newest = Record.objects.count()
    with without_guards() as cursor:
        for seq in seqs:
            for kind in kinds:
                with transaction.atomic():
                    expected = KINDS[kind](cursor, seq, newest, chance)
                    found = first_bad()
                    transaction.set_rollback(True)
                if found != expected:
                    missed.append(f"{kind} at {seq}: named {found}, first bad is {expected}, seed {seed}")
    return missed


@pytest.fixture
def records(real_db: RealDatabase, scale: str) -> int:
    ledger_of(500 if scale == "full" else 40)
    return Record.objects.count()


def test_no_record_is_altered_unseen(records: int, scale: str, promise: Promise) -> None:
    promise.number, promise.title = "2", "no record altered unseen"
    seed = random.randrange(10**9)
    seqs = range(1, records + 1) if scale == "full" else random.Random(seed).sample(range(1, records + 1), 12)

    missed = attack(KINDS, seqs, seed)

    promise.tried(len(seqs) * len(KINDS))
    for text in missed:
        promise.broke(text)
    assert first_bad() is None
    assert not missed


def test_a_verifier_that_forgets_the_columns_is_caught(records: int, promise: Promise) -> None:
    promise.number, promise.title = "2", "mutant: hash the text but not the columns"
    with mutated(shown.check_columns, "if found != expected:", "if False:"):
        missed = attack(["actor", "time", "reason", "key_id"], [records // 2], 1)

    assert len(missed) == 4
    promise.tried(4)
    promise.caught("hash the text but not the columns")


def test_a_verifier_that_forgets_the_seal_is_caught(records: int, promise: Promise) -> None:
    promise.number, promise.title = "2", "mutant: no seal"
    with mutated(chain.Verifier.step, "if sealed != seal:", "if False:"):
        missed = attack(["recomputed without the key"], [1, records // 2], 1)

    assert len(missed) == 2
    promise.tried(2)
    promise.caught("no seal")


def test_sound_ledgers_are_called_sound(template: str, django_db_blocker: object, scale: str, promise: Promise) -> None:
    promise.number, promise.title = "2", "no false alarm"
    for seed in range(1_000 if scale == "full" else 5):
        with django_db_blocker.unblock(), fresh_copy(template):  # type: ignore[attr-defined]
            teams = ledger_of(8 + seed % 9, seed)
            change(teams[0], 1, name=chr(seed % 0x300))
            promise.tried()
            if (found := first_bad()) is not None:
                promise.broke(f"seed {seed}: {found} called bad")
    assert not promise.failures
