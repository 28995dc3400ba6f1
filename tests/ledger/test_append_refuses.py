"""When nothing is appended: outside its transaction, on a head that disagrees, without a key, without a database."""

import threading
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from keys.errors import LedgerUnavailable
from keys.ledger import book, chain
from keys.models import LedgerHead
from tests.ledger.making import append, entry

pytestmark = pytest.mark.django_db


def test_append_refuses_a_transaction_that_is_not_durable() -> None:
    with transaction.atomic(), pytest.raises(RuntimeError):
        book.Ledger()

    with pytest.raises(RuntimeError):
        book.Ledger()


def test_opened_refuses_to_be_a_part_of_another_transaction() -> None:
    with transaction.atomic(), pytest.raises(RuntimeError), book.opened():
        pass


def test_append_refuses_when_its_transaction_is_over() -> None:
    with book.opened() as ledger:
        pass

    with pytest.raises(RuntimeError):
        ledger.append(entry())
    with book.opened(), pytest.raises(RuntimeError):
        ledger.append(entry())


def test_append_refuses_in_another_thread() -> None:
    caught: list[type[BaseException]] = []

    def elsewhere(ledger: book.Ledger) -> None:
        try:
            ledger.append(entry())
        except RuntimeError as error:
            caught.append(type(error))

    with book.opened() as ledger:
        thread = threading.Thread(target=elsewhere, args=(ledger,))
        thread.start()
        thread.join()

    assert caught == [RuntimeError]


@pytest.mark.parametrize("given", [{"seq": 1}, {"link": "0" * 63 + "1"}])
def test_nothing_is_built_on_a_head_that_disagrees(given: dict[str, Any]) -> None:
    LedgerHead.objects.filter(pk=1).update(**{"seq": 1, **given})

    with pytest.raises(LedgerUnavailable, match="verify_ledger"):
        append()


def test_without_a_ledger_key_nothing_is_recorded(settings: Any) -> None:
    settings.LEDGER_KEYS = {}

    with pytest.raises(LedgerUnavailable):
        append()


def test_the_first_key_seals_and_is_named(settings: Any) -> None:
    settings.LEDGER_KEYS = {"new": b"n" * 32, "old": b"o" * 32}

    record = append()

    assert record.seal_key == "new"
    assert record.seal == chain.seal_of(b"n" * 32, record.link)


@pytest.mark.parametrize("statement", ["SELECT", "INSERT", "UPDATE"])
def test_a_database_that_fails_is_told_without_its_words(statement: str) -> None:
    def fail(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(statement):
            raise OperationalError("FATAL: value 'canary-1234' at row")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(fail), pytest.raises(LedgerUnavailable) as failed:
        append(body={"message": "canary-1234"})

    assert "canary" not in str(failed.value)
    assert failed.value.__cause__ is None
    assert failed.value.__suppress_context__
