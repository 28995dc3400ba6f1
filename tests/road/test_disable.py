"""Disabling and enabling: one press, both bodies of trap 4, never held, and only the reading is believed."""

import time
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from keys.models import Change, ChangeState, Lease
from keys.services import status
from keys.services.outcome import Held, Outcome
from tests.road.drive import beside, first_reading_refused
from tests.road.stage import Stage, wish

ODD = {
    "plain": {},
    "overspent": {"remain_quota": -700},
    "exhausted": {"remain_quota": 0, "status": 4},
    "expired": {"expired_time": int(time.time()) - 60},
    "a long Arabic name": {"name": "مفتاح الإنتاج الرئيسي لفريق التطوير والبحث العلمي"},
    "a lost group": {"group": "gone", "name": "lost"},
    "no name": {"name": ""},
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_it_disables_at_the_first_press(everywhere: Stage, odd: dict[str, object]) -> None:
    everywhere.sandbox.console_edit(everywhere.key_id, **odd)

    result = everywhere.disable()

    assert result.outcome is Outcome.CONFIRMED, result
    assert everywhere.stored()["status"] == 2
    assert everywhere.outcomes() == ["", "confirmed"]


def test_it_says_which_settings_it_had_to_alter_and_offers_them_back(everywhere: Stage) -> None:
    everywhere.sandbox.console_edit(everywhere.key_id, group="gone")

    result = everywhere.disable()

    moved = everywhere.stored()["group"] != "gone"
    assert (dict(result.altered) == {"group": ("gone", "")}) is moved
    offer = status.put_back_offer(everywhere.team, everywhere.key_id, everywhere.read())
    assert (offer == {"group": ("", "gone")}) is moved


def test_it_is_repeated_while_upstream_is_busy(stage: Stage) -> None:
    stage.sandbox.fault("503", operation="update", times=2)

    result = stage.disable()

    assert result.outcome is Outcome.CONFIRMED
    assert stage.stored()["status"] == 2
    assert len(stage.puts()) == 3


def test_it_takes_the_key_over_from_another_change(stage: Stage) -> None:
    held_by = uuid4()
    later = timezone.now() + timedelta(seconds=100)
    Lease.objects.create(account_id=stage.account.id, key_id=stage.key_id, epoch=4, change_id=held_by, until=later)

    with pytest.raises(Held):
        stage.edit(wish(name="mine"))
    result = stage.disable()

    assert result.outcome is Outcome.CONFIRMED
    assert stage.stored()["status"] == 2


def test_a_double_press_is_one_disable(stage: Stage) -> None:
    change_id = uuid4()

    first, second = stage.disable(change_id=change_id), stage.disable(change_id=change_id)

    assert first.record_seq == second.record_seq
    assert len(stage.puts()) == 1


def test_enabling_again_works_in_each_dialect(everywhere: Stage) -> None:
    everywhere.disable()

    result = everywhere.enable()

    assert result.outcome is Outcome.CONFIRMED
    assert everywhere.stored()["status"] == 1
    assert everywhere.outcomes() == ["", "confirmed", "", "confirmed"]


def test_a_key_that_is_not_there_is_said_and_recorded(stage: Stage) -> None:
    gone = stage.on(999_999)

    result = gone.disable()

    assert (result.outcome, result.gone) == (Outcome.NOT_SENT, True)
    assert gone.outcomes() == ["", "not_sent"]
    assert Change.objects.get().state == ChangeState.DONE


def test_a_second_press_that_cannot_read_is_told_what_became_of_the_first(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_id = uuid4()
    begun, go_on = first_reading_refused(monkeypatch)

    with beside(lambda: stage.disable(change_id=change_id)) as slow:
        assert begun.wait(10)
        quick = stage.disable(change_id=change_id)
        go_on.set()

    assert quick.outcome is Outcome.CONFIRMED and len(stage.puts()) == 1
    assert (slow[0].outcome, slow[0].record_seq) == (quick.outcome, quick.record_seq)
