"""A transaction that the database has ended by itself, as a full disk does: what was written in it is gone."""

from typing import Any

import pytest
from django.db import connection

from keys.errors import LedgerUnavailable
from keys.ledger import book
from keys.models import Record
from tests.ledger.making import append, entry


def test_it_is_no_commit(real_db: Any) -> None:
    with pytest.raises(LedgerUnavailable), book.opened() as ledger:
        ledger.append(entry())
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK")  # COMMIT after it is no error, and keeps nothing

    assert not Record.objects.exists()
    assert append().seq == 1
