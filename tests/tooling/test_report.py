"""What a proof tells `make prove`: one row each, and a broken promise fails its test."""

import json
from pathlib import Path

import pytest

from tests.support.report import Promise

pytestmark = pytest.mark.dbfree


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PROMISES_FILE", str(tmp_path / "rows"))
    return tmp_path / "rows"


def row(file: Path) -> dict[str, object]:
    (line,) = file.read_text().splitlines()
    told: dict[str, object] = json.loads(line)
    return told


def test_a_kept_promise_is_a_row_and_passes(file: Path) -> None:
    promise = Promise("1", "No change without a record")

    promise.tried(20)
    promise.caught("record after the call")
    promise.close()

    told = row(file)
    assert (told["promise"], told["n"], told["failures"]) == ("1 No change without a record", 20, 0)
    assert told["mutants"] == "record after the call"


def test_a_broken_promise_is_a_row_and_fails_by_name(file: Path) -> None:
    promise = Promise("1", "No change without a record")
    promise.tried(3)
    promise.broke("PUT without an intent")

    with pytest.raises(AssertionError, match="promise 1 broke 1 of 3 times.*PUT without an intent"):
        promise.close()

    assert row(file)["failures"] == 1


def test_a_proof_that_did_not_finish_is_not_told_as_kept(file: Path) -> None:
    promise = Promise("1", "No change without a record", unfinished=True)

    promise.close()

    assert row(file)["failures"] == "not finished"
