"""A file of checkpoints that hangs, as a mount whose server is gone does: records are written, an alarm is raised."""

import os
import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from keys.ledger import sink
from keys.models import Delivery, Record
from keys.services import checkpoints, hanging, verification
from keys.services.checkpoints import checkpoint_if_due, make_checkpoint
from tests.ledger.making import append


@pytest.fixture
def file(tmp_path: Path, settings: Any) -> Path:
    """A pipe that nobody writes to: opening it for reading does not return."""
    settings.CHECKPOINT_FILE = tmp_path / "checkpoints.jsonl"
    os.mkfifo(settings.CHECKPOINT_FILE)
    return tmp_path / "checkpoints.jsonl"


def answers(file: Path) -> None:
    """From now on there is a file, and whoever waited for the pipe goes on."""
    writer = os.open(file, os.O_RDWR | os.O_NONBLOCK)
    hanging._waiting[file].join(30)
    os.close(writer)
    file.unlink()


def test_records_are_written_meanwhile(real_db: Any, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append()
    at_it, real = threading.Event(), sink.newest

    def newest(path: Path) -> Any:
        at_it.set()
        return real(path)

    def run() -> None:
        try:
            make_checkpoint()
        finally:
            connections.close_all()

    monkeypatch.setattr(sink, "newest", newest)
    signing = threading.Thread(target=run, daemon=True)
    signing.start()
    assert at_it.wait(30)

    append()

    assert Record.objects.count() == 2
    writer = os.open(file, os.O_RDWR | os.O_NONBLOCK)
    signing.join(60)
    os.close(writer)
    assert not signing.is_alive()


def test_it_is_an_alarm_and_gets_the_newest_once_it_answers(
    real_db: Any, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append()
    with monkeypatch.context() as patched:
        patched.setattr(hanging, "ANSWER_S", 0.2)
        assert make_checkpoint().seq == 1
        threads = threading.active_count()
        assert checkpoint_if_due() is None
        row = Delivery.objects.get(name=checkpoints.FILE)
        assert (row.fault, threading.active_count()) == ("no answer within 0.2 s", threads)

    answers(file)
    assert checkpoint_if_due() is None

    assert Delivery.objects.get(name=checkpoints.FILE).failing_since is None
    assert [found and found.seq for _, found in sink.read(file)] == [1]


def test_verifying_says_that_it_cannot(real_db: Any, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append()
    Delivery.objects.create(name=checkpoints.FILE, seq=1, at=timezone.now())
    monkeypatch.setattr(hanging, "ANSWER_S", 0.2)

    report = verification.verify_whole()

    assert (report.outcome, report.unable) == (
        verification.CANNOT,
        f"the checkpoints in {file} cannot be read: no answer within 0.2 s",
    )
    answers(file)
