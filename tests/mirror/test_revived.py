"""A disabled key that was enabled elsewhere is an alarm, also where it ran dry or expired before anybody read it."""

from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from keys.models import Drift, MirrorKey
from keys.selectors.drift import Alarm, alarms
from keys.services import dealing
from tests.mirror.support import drifts, passed, sync
from tests.pages.acting import words
from tests.pages.house import House, furnish
from tests.road.stage import Stage, wish
from tests.support.databases import RealDatabase

DRY = {"status": 4, "remain_quota": -10, "used_quota": 100_010}
ENDED = {"status": 3, "expired_time": 1_700_000_000}


@pytest.fixture
def house(real_db: RealDatabase, sandbox: Any) -> House:
    return furnish(sandbox)


def disabled(stage: Stage) -> None:
    sync(stage.team)
    stage.disable()
    passed(stage)
    sync(stage.team)


def told(stage: Stage) -> list[tuple[bool, object]]:
    return [(found.revived, found.changed["status"]) for found in drifts(stage)]


@pytest.mark.parametrize("since", [DRY, ENDED], ids=["dry", "expired"])
def test_a_key_enabled_and_used_up_between_two_readings_is_an_alarm(stage: Stage, since: dict[str, Any]) -> None:
    disabled(stage)
    stage.sandbox.console_edit(stage.key_id, status=1)
    stage.sandbox.console_edit(stage.key_id, **since)

    sync(stage.team)

    assert told(stage) == [(True, [2, since["status"]])]
    assert alarms(stage.lead) == [Alarm(stage.team, count=1, dry=1)]


def test_one_that_an_edit_of_ours_found_enabled_is_an_alarm_when_it_has_run_dry_since(stage: Stage) -> None:
    disabled(stage)
    stage.sandbox.console_edit(stage.key_id, status=1)
    stage.edit(wish(group="vip"))
    passed(stage)
    stage.sandbox.console_edit(stage.key_id, **DRY)

    sync(stage.team)

    assert told(stage) == [(True, [2, 1])]


def test_it_is_put_back_as_any_other(stage: Stage) -> None:
    disabled(stage)
    stage.sandbox.console_edit(stage.key_id, **DRY)
    sync(stage.team)
    (found,) = drifts(stage)

    _, result = dealing.put_back(
        person=stage.lead, actor=stage.actor, team=stage.team, drift_id=found.pk, change_id=uuid4()
    )

    assert result.outcome == "confirmed" and stage.stored()["status"] == 2
    assert drifts(stage)[0].state == "put_back" and list(alarms(stage.lead)) == []


@pytest.mark.parametrize(("status", "state", "rings"), [(1, "open", 1), (3, "open", 1), (2, "superseded", 0)])
def test_it_is_over_when_the_key_reads_disabled_and_not_before(
    stage: Stage, status: int, state: str, rings: int
) -> None:
    """Topped up and enabled once more it is alive, and the alarm must not end with that."""
    disabled(stage)
    stage.sandbox.console_edit(stage.key_id, **DRY)
    sync(stage.team)
    stage.sandbox.console_edit(stage.key_id, status=status)

    sync(stage.team)

    assert drifts(stage)[0].state == state
    assert [alarm.count for alarm in alarms(stage.lead)] == [1] * rings


def test_what_we_enabled_and_cometapi_ended_is_nobody_elses_work(stage: Stage) -> None:
    disabled(stage)
    stage.enable()
    passed(stage)
    stage.sandbox.console_edit(stage.key_id, **DRY)

    sync(stage.team)

    assert drifts(stage) == []


def test_the_pages_say_that_it_was_enabled_in_between(house: House) -> None:
    between = "A disabled key of Atlas was enabled in between: it has expired or run dry since"
    sync(house.team)
    house.sandbox.console_edit(house.keys["disabled"], **DRY)
    sync(house.team)

    for username in ("admin", "lead"):
        page = words(house.client(username).get("/teams/"))
        assert between in page and "come back to life" not in page
    assert between not in words(house.client("member").get("/teams/"))
    assert "A disabled key was enabled in between, and has expired or run dry since" in words(house.client().get("/"))
    page = words(house.client().get("/teams/atlas/drift/"))
    assert "Was enabled in between It was disabled. CometAPI sets a key to expired or exhausted by itself" in page
    assert "Status disabled exhausted" in page and "is enabled again" not in page


def test_each_kind_is_counted_apart(house: House) -> None:
    sync(house.team)
    for name, status in (("plain", 1), ("arabic", 1), ("exhausted", 4)):
        key_id = house.keys[name]
        about = {"team": house.team, "account_id": house.account.id, "key_id": key_id, "found_at": timezone.now()}
        Drift.objects.create(**about, changed={"status": [2, status]}, revived=True, record_seq=1)
        MirrorKey.objects.filter(key_id=key_id).update(status=status)

    page = words(house.client().get("/"))

    assert "2 disabled keys of Atlas have come back to life A disabled key of Atlas was enabled in between" in page
    assert "2 disabled keys have come back to life A disabled key was enabled in between" in page
