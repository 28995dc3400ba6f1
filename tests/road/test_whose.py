"""Whose change was it? What somebody else does around a change of ours is neither claimed, nor undone, nor hidden."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from keys.cometapi.client import CometClient
from keys.errors import Invalid, NotSent
from keys.models import Change, Lease
from keys.services import late, settle, status
from keys.services.outcome import Conflict, Outcome
from tests.mirror.support import drifts, sync
from tests.road.drive import beside
from tests.road.stage import Stage, wish


def disabled_while_somebody_edits(stage: Stage, **theirs: Any) -> Any:
    """A disable whose reading shows, beside its own work, what somebody did at CometAPI while it was on the way."""
    waits = stage.sandbox.pause("after", operation="update")
    with beside(stage.disable) as done:
        assert stage.sandbox.wait_paused(waits)
        stage.sandbox.console_edit(stage.key_id, **theirs)
        stage.sandbox.release(waits)
    return done[0]


def test_a_disable_claims_nothing_that_somebody_else_did(everywhere: Stage) -> None:
    everywhere.sandbox.console_edit(everywhere.key_id, group="gone")
    sync(everywhere.team)

    result = disabled_while_somebody_edits(everywhere, allow_ips="203.0.113.0/24")

    assert "allow_ips" not in result.altered
    assert dict(result.moved) == {"allow_ips": (None, "203.0.113.0/24")}
    assert "allow_ips" not in status.put_back_offer(everywhere.team, everywhere.key_id, everywhere.read())


def test_and_it_is_recorded_as_made_outside(stage: Stage) -> None:
    sync(stage.team)

    disabled_while_somebody_edits(stage, allow_ips="203.0.113.0/24", remain_quota=500_000)
    Change.objects.update(sent_until=timezone.now())  # and nothing of it lands any more
    sync(stage.team)

    (drift,) = drifts(stage)
    assert drift.changed["allow_ips"] == [None, "203.0.113.0/24"]
    assert drift.changed["limit"] == [100_000, 500_000] and "status" not in drift.changed


@pytest.mark.parametrize("left", [99_990, 100_000])
def test_what_is_spent_while_disabling_is_not_told_as_altered(everywhere: Stage, left: int) -> None:
    """Spent between the reading and the update, whose body holds the quota: some servers store that as well."""
    everywhere.sandbox.interleave("before", operation="update", edit={"used_quota": 10, "remain_quota": left})

    result = everywhere.disable()

    assert result.outcome is Outcome.CONFIRMED and everywhere.stored()["used_quota"] == 10
    assert "remain_quota" not in result.altered
    assert status.put_back_offer(everywhere.team, everywhere.key_id, everywhere.read()) == {}


def test_the_offer_ends_where_the_key_was_seen_enabled(stage: Stage) -> None:
    """However many changes a key has had: its page does not grow with them."""
    stage.sandbox.console_edit(stage.key_id, group="gone")
    stage.disable()
    stage.sandbox.console_edit(stage.key_id, status=1)
    stage.edit(wish(name="seen enabled"))

    assert status.put_back_offer(stage.team, stage.key_id, stage.read()) == {}


def test_a_second_disable_takes_nothing_of_the_offer_away(stage: Stage) -> None:
    stage.sandbox.console_edit(stage.key_id, group="gone")
    stage.disable()
    stage.disable()

    assert status.put_back_offer(stage.team, stage.key_id, stage.read()) == {"group": ("", "gone")}
    stage.enable(put_back=False)
    stage.disable()

    assert status.put_back_offer(stage.team, stage.key_id, stage.read()) == {}


def test_what_a_disable_altered_is_known_though_settling_ends_it(stage: Stage) -> None:
    stage.sandbox.console_edit(stage.key_id, group="gone")
    stage.sandbox.fault("503", operation="get", skip=2, times=99)
    unknown = stage.disable()
    stage.sandbox.clear_faults()

    settle.settle_key(team=stage.team, key_id=stage.key_id)

    assert unknown.outcome is Outcome.UNKNOWN and stage.outcomes()[-1] == "applied"
    assert status.put_back_offer(stage.team, stage.key_id, stage.read()) == {"group": ("", "gone")}


def settled_late(stage: Stage, meanwhile: Callable[[], object]) -> Change:
    """A disable whose end is found out only after what was done meanwhile; then a listing."""
    sync(stage.team)
    stage.sandbox.fault("503", operation="get", skip=1, times=99)
    stage.disable()
    stage.sandbox.clear_faults()
    long_ago = timezone.now() - timedelta(seconds=300)
    Change.objects.update(sent_until=long_ago)
    Lease.objects.update(until=timezone.now())
    meanwhile()

    settle.settle_key(team=stage.team, key_id=stage.key_id)
    Change.objects.update(sent_until=long_ago)
    Change.objects.update(recheck_at=None)
    sync(stage.team)
    return Change.objects.earliest("intent_seq")


def test_what_we_did_before_a_disable_was_settled_is_not_told_as_somebody_elses(stage: Stage) -> None:
    def meanwhile() -> None:
        stage.edit(wish(name="ours", quota=("add", 500)))
        stage.sandbox.console_edit(stage.key_id, group="vip")

    disable = settled_late(stage, meanwhile)

    assert (disable.outcome, disable.result["moved"]) == ("applied", {"group": ["", "vip"]})
    assert [drift.changed for drift in drifts(stage)] == [{"group": ["", "vip"]}]


def test_what_we_tried_before_a_disable_was_settled_hides_nothing_of_somebody_elses(stage: Stage) -> None:
    def meanwhile() -> None:
        stage.sandbox.fault("refusal", operation="update", times=1)
        assert stage.edit(wish(group="vip")).outcome is Outcome.REFUSED
        stage.sandbox.console_edit(stage.key_id, group="vip")

    disable = settled_late(stage, meanwhile)

    assert disable.result["moved"] == {"group": ["", "vip"]}
    assert [drift.changed for drift in drifts(stage)] == [{"group": ["", "vip"]}]


def test_what_cometapi_made_of_a_later_edit_of_ours_is_told_by_that_alone(stage: Stage) -> None:
    def meanwhile() -> None:
        stage.sandbox.fault("field_altered", operation="update", field="name", value="not asked for")
        assert stage.edit(wish(group="vip")).outcome is Outcome.DIFFERS

    settled_late(stage, meanwhile)

    assert drifts(stage) == []


def test_what_was_never_sent_hides_no_change_made_elsewhere(stage: Stage, monkeypatch: Any) -> None:
    sync(stage.team)
    base = stage.read()

    def cut_off(*_given: Any, **_more: Any) -> None:
        raise NotSent("no connection", kind="connect")

    with monkeypatch.context() as broken:
        broken.setattr(CometClient, "put_key", cut_off)
        ours = stage.edit(wish(allow_ips="0.0.0.0/0"), base=base)
    stage.sandbox.console_edit(stage.key_id, allow_ips="0.0.0.0/0")
    Change.objects.update(sent_until=timezone.now() - timedelta(seconds=300))
    sync(stage.team)

    assert ours.outcome is Outcome.NOT_SENT
    assert [drift.changed for drift in drifts(stage)] == [{"allow_ips": [None, "0.0.0.0/0"]}]


def test_a_top_up_by_exactly_what_was_spent_is_a_conflict(stage: Stage) -> None:
    base = stage.read()
    stage.sandbox.console_edit(stage.key_id, used_quota=base.used_quota + 300)  # as much left as before

    with pytest.raises(Conflict):
        stage.edit(wish(quota=("set", 5)), base=base)

    assert stage.stored()["remain_quota"] == 100_000


@pytest.mark.parametrize(
    ("there", "theirs", "asked", "field"),
    [
        ({"model_limits": "gpt-4o"}, {"model_limits": ""}, {"model_limits_enabled": True}, "model_limits"),
        ({"group": "auto"}, {"group": "default"}, {"cross_group_retry": True}, "cross_group_retry"),
    ],
)
def test_two_editors_together_break_no_rule(stage: Stage, there: Any, theirs: Any, asked: Any, field: str) -> None:
    stage.sandbox.console_edit(stage.key_id, **there)
    base = stage.read()
    stage.sandbox.console_edit(stage.key_id, **theirs)
    stage.sandbox.clear_log()

    with pytest.raises(Invalid) as refused:
        stage.edit(wish(**asked), base=base)

    assert list(refused.value.faults) == [field] and stage.puts() == []


def test_a_value_that_a_later_change_wrote_is_no_sign_of_an_earlier_one(stage: Stage) -> None:
    stage.sandbox.fault("503", operation="update", times=1)
    first = stage.edit(wish(name="same"))
    long_ago = timezone.now() - timedelta(seconds=300)
    Change.objects.update(created_at=long_ago, sent_until=long_ago)
    Lease.objects.update(until=timezone.now())
    second = stage.edit(wish(name="same"))

    settle.settle_key(team=stage.team, key_id=stage.key_id)

    assert (first.outcome, second.outcome) == (Outcome.UNKNOWN, Outcome.CONFIRMED)
    assert Change.objects.get(pk=first.change_id).outcome == "other"


def test_a_change_is_looked_at_once_more_by_one_alone(stage: Stage) -> None:
    stage.sandbox.fault("field_altered", operation="update", field="group", value="vip")
    stage.edit(wish(name="n2"))
    Change.objects.update(recheck_at=timezone.now() - timedelta(seconds=1))
    one, other = Change.objects.get(), Change.objects.get()

    settle.settle_change(one, stage.team)
    settle.settle_change(other, stage.team)

    assert [record.action for record in stage.records()].count("key.settle") == 1


def test_a_database_that_goes_away_after_sending_leaves_it_unknown(stage: Stage, monkeypatch: Any) -> None:
    def gone(_change: Change) -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(late, "may_still_land_after", gone)

    result = stage.disable()

    assert (result.outcome, result.why) == (Outcome.UNKNOWN, "not_recorded")
    assert stage.stored()["status"] == 2
