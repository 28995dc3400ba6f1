"""Signs of life while something takes longer than a slice: the lane is not taken for gone."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError
from django.utils import timezone

from keys.models import Verdict, WorkerLane
from keys.services import lanes, schedule, signs, verification
from keys.types import Lane
from tests.ledger.making import append


@pytest.fixture
def lane(real_db: Any, monkeypatch: pytest.MonkeyPatch) -> WorkerLane:
    """This process as one whose last sign of life is old; the next is due at once."""
    monkeypatch.setattr(signs, "BEAT_S", 0)
    old = timezone.now() - timedelta(hours=1)
    return WorkerLane.objects.create(name=signs.this_process(), lane="ordinary", started_at=old, heartbeat_at=old)


def test_verifying_gives_them(lane: WorkerLane) -> None:
    for _ in range(3):
        append()

    for _ in range(2):  # the whole, then what is new
        WorkerLane.objects.update(heartbeat_at=timezone.now() - timedelta(hours=1))
        assert not lanes.is_running(Lane.ORDINARY)
        schedule.run_scheduled("verify")
        assert lanes.is_running(Lane.ORDINARY)
        append()

    assert set(Verdict.objects.values_list("name", flat=True)) >= {"newest", "whole"}


def test_one_that_fails_spoils_no_verdict(lane: WorkerLane, monkeypatch: pytest.MonkeyPatch) -> None:
    append()

    def refused(*args: object, **kwargs: object) -> None:
        raise DatabaseError("database is locked")

    monkeypatch.setattr(WorkerLane.objects, "filter", refused)

    assert verification.verify_whole(alive=signs.SignOfLife()).outcome == verification.SOUND


def test_they_are_given_now_and_then_alone(lane: WorkerLane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signs, "BEAT_S", 60)
    alive = signs.SignOfLife()

    for _ in range(100):
        alive()

    assert not lanes.is_running(Lane.ORDINARY)
