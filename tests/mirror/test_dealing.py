"""A drift stands until somebody has dealt with it: CometAPI itself ends none, and putting back says what it did."""

from uuid import uuid4

import pytest

from keys.models import Drift
from keys.selectors.drift import alarms
from keys.services import dealing
from keys.services.outcome import Result
from tests.mirror.support import drifts, revived, sync
from tests.road.stage import Stage


def put_back(stage: Stage, found: Drift) -> Result:
    _, result = dealing.put_back(
        person=stage.lead, actor=stage.actor, team=stage.team, drift_id=found.pk, change_id=uuid4()
    )
    return result


def test_a_revived_key_that_runs_dry_is_an_alarm_still_and_can_be_put_back(stage: Stage) -> None:
    revived(stage)
    stage.sandbox.console_edit(stage.key_id, status=4, remain_quota=-10, used_quota=100_010)

    sync(stage.team)

    (found,) = drifts(stage)
    assert (found.state, found.revived, found.changed) == ("open", True, {"status": [2, 1]})
    assert [alarm.count for alarm in alarms(stage.lead)] == [1]

    assert put_back(stage, found).outcome == "confirmed"
    assert stage.stored()["status"] == 2
    found.refresh_from_db()
    assert (found.state, list(alarms(stage.lead))) == ("put_back", [])


@pytest.mark.parametrize("status", [2, 4])
def test_a_drift_is_over_where_the_status_reads_as_before(stage: Stage, status: int) -> None:
    stage.sandbox.console_edit(stage.key_id, status=status, remain_quota=-10, used_quota=100_010)
    sync(stage.team)
    stage.sandbox.console_edit(stage.key_id, status=1)
    sync(stage.team)
    stage.sandbox.console_edit(stage.key_id, status=status)

    sync(stage.team)

    assert drifts(stage)[0].state == "superseded"


def test_what_cometapi_alone_sets_cannot_be_put_back_and_stays_open(stage: Stage) -> None:
    stage.sandbox.console_edit(stage.key_id, status=4)
    sync(stage.team)
    stage.sandbox.console_edit(stage.key_id, status=1)
    sync(stage.team)
    (found,) = drifts(stage)
    stage.sandbox.clear_log()

    with pytest.raises(dealing.CannotPutBack):
        put_back(stage, found)

    assert (drifts(stage)[0].state, stage.stored()["status"], stage.sandbox.writes()) == ("open", 1, [])


def test_what_reads_otherwise_by_now_is_not_put_back(stage: Stage) -> None:
    sync(stage.team)
    stage.sandbox.console_edit(stage.key_id, name="theirs")
    sync(stage.team)
    (found,) = drifts(stage)
    stage.sandbox.console_edit(stage.key_id, name="once more")

    assert put_back(stage, found).outcome == "unchanged"
    assert (drifts(stage)[0].state, stage.stored()["name"]) == ("superseded", "once more")
