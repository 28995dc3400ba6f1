"""A command whose database is gone says so in one line, with exit 2: a timer's mail must be readable at 3 a.m."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

COMMANDS = ("settle_changes", "sync_keys", "checkpoint_ledger", "ship_records", "reindex_history")


def gone(*args: Any) -> None:
    raise OperationalError("the server is away\nDETAIL: more than one line")


@pytest.mark.parametrize("name", COMMANDS)
def test_it_says_so_in_one_line(real_db: Any, name: str) -> None:
    with connection.execute_wrapper(gone), pytest.raises(CommandError) as fault:
        call_command(name)

    assert (fault.value.returncode, str(fault.value)) == (2, "the database cannot be used: the server is away")
