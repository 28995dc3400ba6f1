"""Mutants alter what they say, and only for as long as they say; one that would alter nothing is refused."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.environment import base_environment
from tests.support.mutant_copy import file_mutant
from tests.support.mutants import mutated

pytestmark = pytest.mark.dbfree


def answer() -> int:
    return 40 + 2


@contextmanager
def lent(value: int) -> Iterator[int]:
    yield value + 1


class Counter:
    def __init__(self) -> None:
        self.count = 0

    def up(self) -> int:
        self.count += 1
        return self.count


def test_a_function_is_altered_wherever_it_was_imported_to_and_comes_back() -> None:
    imported = answer

    with mutated(answer, "40 + 2", "40 - 2"):
        inside = imported()

    assert (inside, imported()) == (38, 42)


def test_a_method_is_altered_for_every_instance() -> None:
    counter = Counter()

    with mutated(Counter.up, "+= 1", "+= 10"):
        inside = counter.up()

    assert (inside, counter.up()) == (10, 11)


def test_a_function_under_a_decorator_is_altered() -> None:
    with mutated(lent, "value + 1", "value + 5"), lent(1) as inside:
        pass
    with lent(1) as after:
        pass

    assert (inside, after) == (6, 2)


def test_it_comes_back_after_a_failure() -> None:
    with pytest.raises(RuntimeError), mutated(answer, "40 + 2", "1"):
        raise RuntimeError

    assert answer() == 42


@pytest.mark.parametrize(("old", "times"), [("41", "0 times"), ("n", "3 times")])
def test_a_text_that_is_not_there_exactly_once_is_refused(old: str, times: str) -> None:
    with pytest.raises(AssertionError, match=f"occurs {times}"), mutated(answer, old, "0"):
        pass


def test_a_copy_of_the_product_runs_with_one_text_altered(tmp_path: Path) -> None:
    what = 'help = "Checks settings, keys and database'

    with file_mutant(tmp_path, "keys/management/commands/serve.py", what, 'help = "Mutant') as root:
        command = [sys.executable, str(root / "manage.py"), "serve", "--help"]
        done = subprocess.run(command, env=base_environment(), capture_output=True, text=True, check=False)

    assert "Mutant" in done.stdout, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_copy_with_nothing_altered_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(AssertionError, match="occurs 0 times"),
        file_mutant(tmp_path, "manage.py", "no such text", ""),
    ):
        pass
