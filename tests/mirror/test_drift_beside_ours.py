"""What somebody else made weaker beside a change of ours is drift, also where that change never came to an answer."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from keys.models import Change
from keys.selectors.drift import alarms
from keys.services import settle
from tests.mirror.support import drifts, passed, row, sync
from tests.road.stage import Stage, wish


def edit_unclear(stage: Stage, **fields: Any) -> None:
    """An edit that never arrived, which nobody here could tell."""
    stage.sandbox.fault("500_before", operation="update", times=1)
    stage.sandbox.fault("500_before", operation="get", skip=2, times=3)
    assert stage.edit(wish(**fields)).outcome == "unknown"
    stage.sandbox.clear_faults()


def settled(stage: Stage) -> str | None:
    """What settling says once nothing of ours can land any more."""
    Change.objects.filter(state="unknown").update(sent_until=timezone.now() - timedelta(seconds=500))
    (change,) = Change.objects.exclude(state="done")
    return settle.settle_change(change, stage.team)


def test_a_revived_key_is_an_alarm_beside_an_edit_that_never_landed(stage: Stage) -> None:
    sync(stage.team)
    stage.disable()
    passed(stage)
    sync(stage.team)
    edit_unclear(stage, name="ours")
    stage.sandbox.console_edit(stage.key_id, status=1)

    assert settled(stage) == "other"
    sync(stage.team)

    assert [(found.changed, found.revived) for found in drifts(stage)] == [({"status": [2, 1]}, True)]
    assert [alarm.count for alarm in alarms(stage.lead)] == [1]
    assert not row(stage).suspect


def test_an_allowlist_emptied_beside_an_edit_that_never_landed_is_drift(stage: Stage) -> None:
    stage.sandbox.console_edit(stage.key_id, allow_ips="203.0.113.0/24")
    sync(stage.team)
    edit_unclear(stage, name="ours")
    stage.sandbox.console_edit(stage.key_id, allow_ips="")

    assert settled(stage) == "other"
    sync(stage.team)

    assert [(found.changed, found.weaker) for found in drifts(stage)] == [
        ({"allow_ips": ["203.0.113.0/24", ""]}, ["allow_ips"])
    ]


def test_a_key_revived_while_an_edit_of_ours_is_sent_is_an_alarm(stage: Stage) -> None:
    """The edit's own record tells it too; a record alone rings no bell."""
    stage.disable()
    passed(stage)
    sync(stage.team)
    stage.sandbox.interleave("after", operation="update", edit={"status": 1})

    assert stage.edit(wish(name="ours")).outcome == "differs"
    passed(stage)
    Change.objects.update(recheck_at=None)  # it was looked at once more, and read so still
    sync(stage.team)

    assert [(found.changed, found.revived) for found in drifts(stage)] == [({"status": [2, 1]}, True)]


@pytest.mark.parametrize("fields", [{"allow_ips": ""}, {"expired_time": -1}, {"unlimited_quota": True}])
def test_what_a_late_edit_of_ours_made_weaker_is_nobody_elses_work(stage: Stage, fields: dict[str, Any]) -> None:
    stage.sandbox.console_edit(stage.key_id, allow_ips="203.0.113.0/24", expired_time=4_000_000_000)
    sync(stage.team)
    edit_unclear(stage, name="ours", **fields)
    stage.sandbox.console_edit(stage.key_id, **fields)  # so much of it lands, late, and the name is changed elsewhere
    stage.sandbox.console_edit(stage.key_id, name="theirs")

    assert settled(stage) == "other"
    sync(stage.team)

    assert drifts(stage) == []
