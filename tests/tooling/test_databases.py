"""The harness itself: a clean database is a copy, guards stay on, what one test commits no other test sees."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.db import Error, connection, transaction
from pytest_django.plugin import DjangoDbBlocker

from keys.ledger import guards
from keys.models import Team
from tests.support.databases import RealDatabase, fresh_copy

ROOT = Path(__file__).resolve().parents[2]
COUNT = "from keys.models import Team; print(Team.objects.count())"


def teams_seen_by_another_process(database: RealDatabase) -> int:
    command = [sys.executable, str(ROOT / "manage.py"), "shell", "--no-imports", "-c", COUNT]
    done = subprocess.run(command, env=database.environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.django_db
def test_the_guards_are_on_in_a_transaction_of_a_test() -> None:
    assert guards.missing() == []


def test_the_guards_are_on_in_a_copy(real_db: RealDatabase) -> None:
    assert guards.missing() == []

    with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM keys_ledgerhead")


@pytest.mark.sqlite
@pytest.mark.parametrize(("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)])
def test_sqlite_is_a_file_with_the_products_own_pragmas(real_db: RealDatabase, pragma: str, value: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {pragma}")
        found = cursor.fetchone()

    assert found == (value,)
    assert Path(real_db.name).is_file()


@pytest.mark.django_db
def test_durable_transactions_are_allowed_where_the_test_case_rolls_back() -> None:
    with transaction.atomic(durable=True):
        Team.objects.create(slug="rolled-back", name="Rolled back")

    assert Team.objects.count() == 1


def test_what_is_committed_to_a_copy_is_there_for_threads_and_processes(real_db: RealDatabase) -> None:
    Team.objects.create(slug="committed", name="Committed")
    seen: list[int] = []

    def look() -> None:
        seen.append(Team.objects.count())
        connection.close()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()

    assert seen == [1]
    assert teams_seen_by_another_process(real_db) == 1


@pytest.mark.parametrize("turn", [1, 2])
def test_each_copy_begins_clean(real_db: RealDatabase, turn: int) -> None:
    assert Team.objects.count() == 0

    Team.objects.create(slug="left-behind", name="Left behind")


@pytest.mark.django_db
def test_a_copy_leaves_nothing_to_the_tests_after_it() -> None:
    assert Team.objects.count() == 0


def test_a_connection_that_a_thread_keeps_does_not_stop_a_copy_from_going(
    template: str, django_db_blocker: DjangoDbBlocker
) -> None:
    """What a failed test leaves behind must not break those after it."""
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        Team.objects.count()
        held.set()
        release.wait(30)
        connection.close()

    thread = threading.Thread(target=hold)
    with django_db_blocker.unblock():
        with fresh_copy(template):
            thread.start()
            assert held.wait(30)
            Team.objects.create(slug="left-behind", name="Left behind")
        with fresh_copy(template):
            count = Team.objects.count()
        release.set()
        thread.join()

    assert count == 0
