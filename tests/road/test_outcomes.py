"""design.md, "What the user is told is what was read": every row of the table, through a real socket."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from keys.models import Change, ChangeState, Lease
from keys.services import settle
from keys.services.outcome import Held, Outcome
from tests.road.stage import Stage, wish

ANSWERS_CARRIED_OUT: tuple[str, ...] = (
    "reset_after",
    "500_after",
    "empty_200",
    "204",
    "html_200",
    "json_list",
    "success_string",
)
ANSWERS_CARRIED_OUT += ("success_missing", "another_id", "cut_with_length", "garbage_body", "nan", "duplicate_keys")
ANSWERS_NOT_CARRIED_OUT = ("reset_before", "close", "301", "302", "307", "500_before", "502", "503", "504", "524")


def hit(stage: Stage, operation: str, kind: str, **more: Any) -> None:
    stage.sandbox.fault(kind, operation=operation, **{"times": 1, **more})


def test_success_that_reads_as_wanted_is_confirmed(stage: Stage) -> None:
    result = stage.edit(wish(name="new"))

    assert (result.outcome, result.snapshot and result.snapshot.settings.name) == (Outcome.CONFIRMED, "new")


def test_success_that_reads_differently_says_which_field(stage: Stage) -> None:
    hit(stage, "update", "field_altered", field="group", value="vip")

    result = stage.edit(wish(name="new"))

    assert result.outcome is Outcome.DIFFERS
    assert dict(result.differs) == {"group": ("", "vip")}
    assert stage.outcomes() == ["", "differs"]
    assert len(stage.sandbox.requests(operation="get")) == 5  # the page's, before, after, and again after 1 s and 3 s


def test_a_stale_reading_is_read_again_before_it_is_said(stage: Stage) -> None:
    hit(stage, "get", "stale_read", skip=2, times=1)

    result = stage.edit(wish(name="new"))

    assert result.outcome is Outcome.CONFIRMED, result


def test_success_that_cannot_be_read_is_unknown(stage: Stage) -> None:
    hit(stage, "get", "503", skip=2, times=99)

    result = stage.edit(wish(name="new"))

    assert (result.outcome, result.why, result.checked_at) == (Outcome.UNKNOWN, "not_read", None)
    assert stage.outcomes() == ["", "unknown"]


def test_a_refusal_that_reads_as_before_is_refused_with_its_words(stage: Stage) -> None:
    hit(stage, "update", "refusal", message="no access to group gold")

    result = stage.edit(wish(group="vip"))

    assert (result.outcome, result.message, result.field) == (Outcome.REFUSED, "no access to group gold", "group")
    assert stage.outcomes() == ["", "refused"]


def test_a_refusal_is_not_laid_on_a_group_that_nobody_touched(stage: Stage) -> None:
    stage.sandbox.console_edit(stage.key_id, group="vip")
    hit(stage, "update", "refusal", message="something else is wrong")

    result = stage.edit(wish(name="new"))

    assert (result.outcome, result.field) == (Outcome.REFUSED, "")


@pytest.mark.parametrize("kind", ["400", "401_json", "401_html", "403", "404", "409", "413"])
def test_a_4xx_that_reads_as_before_is_refused(stage: Stage, kind: str) -> None:
    hit(stage, "update", kind)

    result = stage.edit(wish(name="new"))

    assert (result.outcome, result.field) == (Outcome.REFUSED, "")
    assert stage.stored()["name"] == "staging"


def test_a_refusal_that_was_carried_out_is_confirmed_with_its_words(stage: Stage) -> None:
    hit(stage, "update", "refusal", message="no", applied=True)

    result = stage.edit(wish(name="new"))

    assert (result.outcome, result.message) == (Outcome.CONFIRMED, "no")


def test_a_refusal_that_cannot_be_read_is_unknown(stage: Stage) -> None:
    hit(stage, "update", "refusal", message="no")
    hit(stage, "get", "503", skip=2, times=99)

    assert stage.edit(wish(name="new")).outcome is Outcome.UNKNOWN


def test_no_such_key_is_not_sent(stage: Stage) -> None:
    base = stage.read()
    stage.sandbox.console_delete(stage.key_id)

    result = stage.edit(wish(name="new"), base=base)

    assert (result.outcome, result.gone) == (Outcome.NOT_SENT, True)
    assert stage.outcomes() == ["", "not_sent"]


def test_nothing_left_us_is_not_sent(stage: Stage, settings: Any) -> None:
    base = stage.read()
    settings.COMETAPI_BASE_URL = "http://127.0.0.1:9"

    result = stage.edit(wish(name="new"), base=base)

    assert result.outcome is Outcome.NOT_SENT
    assert stage.puts() == []
    assert stage.outcomes() == ["", "not_sent"]


def test_429_says_how_long_to_wait(stage: Stage) -> None:
    hit(stage, "update", "429", retry_after="7")

    result = stage.edit(wish(name="new"))

    assert (result.outcome, result.retry_after_s) == (Outcome.REFUSED, 7)


@pytest.mark.parametrize("kind", ANSWERS_CARRIED_OUT)
def test_an_unclear_answer_that_reads_as_wanted_is_applied(stage: Stage, kind: str) -> None:
    hit(stage, "update", kind)

    result = stage.edit(wish(name="new"))

    assert result.outcome is Outcome.APPLIED, result
    assert stage.outcomes() == ["", "applied"]


@pytest.mark.parametrize("kind", ANSWERS_NOT_CARRIED_OUT)
def test_an_unclear_answer_that_reads_as_before_stays_unknown(stage: Stage, kind: str) -> None:
    hit(stage, "update", kind)

    result = stage.edit(wish(name="new"))

    assert result.outcome is Outcome.UNKNOWN, result
    assert result.settle_after is not None
    assert stage.outcomes() == ["", "unknown"]
    assert len(stage.puts()) == 1


def eventually(told: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not told():
        assert time.monotonic() < end
        time.sleep(0.01)


def late(change: Change) -> None:
    """Let the time pass after which a late update can no longer land."""
    past = timedelta(seconds=3600)
    assert change.sent_until
    Change.objects.filter(pk=change.pk).update(sent_until=change.sent_until - past, created_at=change.created_at - past)


def test_an_unknown_change_holds_its_key_until_it_is_settled(stage: Stage) -> None:
    hit(stage, "update", "503")
    stage.edit(wish(name="new"))

    with pytest.raises(Held):
        stage.edit(wish(name="newer"))
    late(Change.objects.get())
    settle.settle_key(team=stage.team, key_id=stage.key_id)
    result = stage.edit(wish(name="newer"))

    assert result.outcome is Outcome.CONFIRMED
    assert stage.outcomes() == ["", "unknown", "not_applied", "", "confirmed"]


def test_not_applied_is_not_said_while_a_late_update_may_land(stage: Stage) -> None:
    hit(stage, "update", "applied_late", delay=2.0, answer="504")
    result = stage.edit(wish(name="new"))
    assert result.outcome is Outcome.UNKNOWN

    settle.settle_key(team=stage.team, key_id=stage.key_id)
    assert Change.objects.get().state == ChangeState.UNKNOWN
    eventually(lambda: stage.stored()["name"] == "new")
    settle.settle_key(team=stage.team, key_id=stage.key_id)

    assert stage.outcomes() == ["", "unknown", "applied"]


def test_what_is_neither_as_wanted_nor_as_before_is_other(stage: Stage) -> None:
    hit(stage, "update", "503")
    stage.edit(wish(name="new"))
    stage.sandbox.console_edit(stage.key_id, name="theirs")
    late(Change.objects.get())

    settle.settle_key(team=stage.team, key_id=stage.key_id)

    assert stage.outcomes() == ["", "unknown", "other"]


def test_what_reads_differently_is_read_once_more_by_settling(stage: Stage) -> None:
    hit(stage, "update", "field_altered", field="group", value="vip")
    stage.edit(wish(name="new"))
    stage.sandbox.console_edit(stage.key_id, group="")
    change = Change.objects.get()
    assert change.recheck_at is not None
    Change.objects.update(recheck_at=change.recheck_at - timedelta(hours=1))

    settle.settle_key(team=stage.team, key_id=stage.key_id)
    settle.settle_key(team=stage.team, key_id=stage.key_id)

    assert stage.outcomes() == ["", "differs", "applied"]


def test_an_intent_whose_process_died_is_settled_as_not_sent(stage: Stage) -> None:
    stage.edit(wish(name="new"))
    Change.objects.update(state=ChangeState.INTENT, outcome="", outcome_seq=None, sent_until=None)
    change = Change.objects.get()
    Change.objects.update(created_at=change.created_at - timedelta(hours=1))
    Lease.objects.update(change_id=change.pk)

    settle.settle_key(team=stage.team, key_id=stage.key_id)

    assert stage.outcomes()[-1] == "not_sent"
    assert Change.objects.get().state == ChangeState.DONE


def test_a_disable_that_stays_unknown_is_sent_again_by_settling(stage: Stage) -> None:
    hit(stage, "update", "503", times=99)
    first = stage.disable()
    assert first.outcome is Outcome.UNKNOWN
    stage.sandbox.clear_faults()

    settle.settle_key(team=stage.team, key_id=stage.key_id)

    assert stage.stored()["status"] == 2
    assert "confirmed" in stage.outcomes()


def test_an_edit_that_lands_after_the_disable_is_disabled_again(stage: Stage) -> None:
    hit(stage, "update", "applied_late", delay=2.0, answer="504")
    stage.edit(wish(name="new"))
    result = stage.disable()
    assert (result.outcome, result.earlier_may_arrive) == (Outcome.CONFIRMED, True)
    eventually(lambda: stage.stored()["status"] != 2)

    Change.objects.exclude(recheck_at=None).update(recheck_at=Change.objects.get(pk=result.change_id).created_at)
    settle.settle_key(team=stage.team, key_id=stage.key_id)

    assert stage.stored()["status"] == 2
