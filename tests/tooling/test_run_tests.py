"""`make test` tells the truth: a failure fails it, what cannot run is named, and its last line adds everything up."""

import sys
import time
from collections.abc import Callable
from types import ModuleType

import pytest

from tests.tooling.loading import load

pytestmark = pytest.mark.dbfree

Part = Callable[..., None]


@pytest.fixture
def tool() -> ModuleType:
    return load("run_tests")


@pytest.fixture
def end(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, list[str]]]:
    """Runs the tool with these parts: its exit code and its lines."""

    def run(*parts: Part, ci: str = "") -> tuple[int, list[str]]:
        monkeypatch.setattr(tool, "PARTS", {part.__name__: part for part in parts})
        monkeypatch.setattr(sys, "argv", ["run_tests.py"])
        monkeypatch.setenv("CI", ci)
        code = tool.main()
        return code, capfd.readouterr().out.splitlines()

    return run


def saying(tool: ModuleType, words: str, code: int = 0) -> Part:
    """A part whose command prints these words and ends with this code."""

    def part(tally: object) -> None:
        script = f"print({words!r}); raise SystemExit({code})"
        tool.run(tally, f"part {code}", sys.executable, "-c", script, counted=True)

    part.__name__ = f"part_{abs(hash(words))}"
    return part


def test_it_adds_up_all_parts_in_its_last_line(tool: ModuleType, end: Callable[..., tuple[int, list[str]]]) -> None:
    one = saying(tool, "3 passed, 2 skipped in 0.10s")
    two = saying(tool, "14 passed, 1 deselected in 0.10s")

    code, lines = end(one, two)

    assert code == 0
    assert lines[-1] == "17 passed, 0 failed, 2 skipped"
    assert "3 passed, 2 skipped in 0.10s" in lines


@pytest.mark.parametrize("words", ["1 failed, 2 passed in 0.10s", "2 passed, 1 error in 0.10s"])
def test_a_failure_fails_it(tool: ModuleType, end: Callable[..., tuple[int, list[str]]], words: str) -> None:
    code, lines = end(saying(tool, words, 1), saying(tool, "5 passed in 0.10s"))

    assert code == 1
    assert "FAILED: part 1 (exit 1)" in lines
    assert lines[-1] == "7 passed, 1 failed, 0 skipped"


def test_a_part_without_any_test_fails_it(tool: ModuleType, end: Callable[..., tuple[int, list[str]]]) -> None:
    code, lines = end(saying(tool, "no tests ran in 0.01s", 5))

    assert code == 1
    assert "FAILED: part 5 (exit 5)" in lines


@pytest.mark.parametrize(("ci", "code"), [("", 0), ("true", 1)])
def test_what_cannot_run_is_named_and_fails_where_it_must_not_lack(
    tool: ModuleType,
    end: Callable[..., tuple[int, list[str]]],
    monkeypatch: pytest.MonkeyPatch,
    ci: str,
    code: int,
) -> None:
    monkeypatch.setattr(tool.with_postgres, "programs", lambda: None)
    monkeypatch.setattr(tool.shutil, "which", lambda name: None)

    ended, lines = end(tool.postgresql, tool.browser, ci=ci)

    assert ended == code
    assert [line.split(":")[1].strip() for line in lines if line.startswith("NOT RUN")] == ["PostgreSQL", "browser"]
    assert lines[-1] == "0 passed, 0 failed, 0 skipped"


def test_a_process_left_behind_is_told_and_not_waited_for(
    tool: ModuleType, end: Callable[..., tuple[int, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool, "LEFT_BEHIND_S", 0.5)
    sleeper = f"import subprocess; subprocess.Popen([{sys.executable!r}, '-c', 'import time; time.sleep(8)'])"

    def careless(tally: object) -> None:
        tool.run(tally, "careless", sys.executable, "-c", f"{sleeper}; print('1 passed in 0.1s')", counted=True)

    begun = time.monotonic()
    code, lines = end(careless)

    assert (code, lines[-1]) == (1, "1 passed, 0 failed, 0 skipped")
    assert "FAILED: careless (left a process running)" in lines
    assert time.monotonic() - begun < 6
