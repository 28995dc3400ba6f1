"""Spent today: by the usage log, else by our own readings as a bound, else unknown; in the reader's zone."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from keys.models import AccessToken, MirrorKey, UsageSample
from keys.selectors.spending import used_since
from keys.services.leaks import today as service
from keys.services.leaks.today import Today, spent_today
from keys.services.usage_log import seat
from keys.views.leak_pages import midnight
from tests.leaks.scene import Scene
from tests.leaks.usage_rows import used

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


def told(scene: Scene, began: datetime | None = None) -> Today:
    incident = scene.paste()
    return spent_today([scene.row(incident)], began or timezone.now() - timedelta(hours=2))[scene.row(incident).pk]


def sample(scene: Scene, day: Any, units: int) -> None:
    key = scene.stage
    UsageSample.objects.update_or_create(
        account_id=key.account.id, key_id=key.key_id, day=day, defaults={"used_quota": units}
    )


def mirrored(scene: Scene, **columns: Any) -> MirrorKey:
    MirrorKey.objects.filter(key_id=scene.stage.key_id).update(**columns)
    return MirrorKey.objects.get(key_id=scene.stage.key_id)


def test_by_the_usage_log(everywhere: Scene) -> None:
    used(everywhere.sandbox, everywhere.stage.key_id, 100, times=3)
    used(everywhere.sandbox, everywhere.stage.key_id, 1_000, ago_s=3 * 3_600)
    found = told(everywhere)
    assert (found.how, found.units) == ("log", 300) and found.until == pytest.approx(time.time(), abs=30)


def test_a_long_log_gives_at_least(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_PAGES", 1)
    used(scene.sandbox, scene.stage.key_id, 1, times=150)
    found = told(scene)
    assert (found.how, found.units) == ("at_least", 100)


@pytest.mark.parametrize("silent", ["503", "no token", "others read"])
def test_without_the_log_our_readings_give_at_most(scene: Scene, silent: str) -> None:
    began = timezone.now() - timedelta(minutes=1)
    used_quota = scene.stage.stored()["used_quota"]
    mirrored(scene, created_time=1, used_quota=used_quota + 5_000)
    sample(scene, began.date() - timedelta(days=1), used_quota + 3_000)
    incident = scene.paste()
    scene.sandbox.fault("503", operation="log", times=99)
    if silent == "no token":
        AccessToken.objects.all().delete()
    rows = [scene.row(incident)]
    if silent == "others read":
        with seat(), seat():
            found = spent_today(rows, began)[rows[0].pk]
    else:
        found = spent_today(rows, began)[rows[0].pk]
    assert (found.how, found.units) == ("at_most", 2_000)


def test_nothing_to_compare_with_is_unknown(scene: Scene) -> None:
    mirrored(scene, created_time=1)
    UsageSample.objects.all().delete()
    scene.sandbox.fault("503", operation="log", times=99)
    assert told(scene).how == "unknown"


def test_it_is_kept_for_a_while(scene: Scene) -> None:
    began = timezone.now() - timedelta(hours=1)
    incident = scene.paste()
    used(scene.sandbox, scene.stage.key_id, 5)
    first = spent_today([scene.row(incident)], began)
    scene.sandbox.clear_log()
    assert spent_today([scene.row(incident)], began) == first and scene.sandbox.requests(operation="log") == []


class TestReadings:
    """`used_since`, against samples of days in UTC."""

    def at(self, scene: Scene, moment: datetime) -> int | None:
        found = used_since(scene.stage.account.id, scene.stage.key_id, moment)
        return found.units if found else None

    def test_the_last_day_wholly_before_it(self, scene: Scene) -> None:
        mirrored(scene, created_time=1, used_quota=900, read_at=NOON)
        for day, units in ((24, 100), (25, 600), (26, 850)):
            sample(scene, NOON.date().replace(day=day), units)
        assert self.at(scene, datetime(2026, 11, 26, tzinfo=UTC)) == 300
        # Midnight in Cairo: of the 25th in UTC the last two hours are already today.
        assert self.at(scene, datetime(2026, 11, 25, 22, tzinfo=UTC)) == 800
        assert self.at(scene, datetime(2026, 11, 26, 8, tzinfo=UTC)) == 300

    def test_a_key_that_was_idle_is_compared_with_its_last_sample(self, scene: Scene) -> None:
        mirrored(scene, created_time=1, used_quota=900, read_at=NOON)
        sample(scene, NOON.date() - timedelta(days=40), 100)
        assert self.at(scene, datetime(2026, 11, 26, tzinfo=UTC)) == 800

    def test_made_today_means_all(self, scene: Scene) -> None:
        began = datetime(2026, 11, 26, tzinfo=UTC)
        mirrored(scene, created_time=int(began.timestamp()) + 5, used_quota=900, read_at=NOON)
        found = used_since(scene.stage.account.id, scene.stage.key_id, began)
        assert found is not None and (found.units, found.since) == (900, None)

    def test_not_read_today_is_unknown(self, scene: Scene) -> None:
        mirrored(scene, created_time=1, used_quota=900, read_at=NOON - timedelta(days=1))
        sample(scene, NOON.date() - timedelta(days=2), 100)
        assert self.at(scene, datetime(2026, 11, 26, tzinfo=UTC)) is None

    def test_a_counter_that_fell_tells_nothing(self, scene: Scene) -> None:
        mirrored(scene, created_time=1, used_quota=50, read_at=NOON)
        sample(scene, NOON.date() - timedelta(days=1), 100)
        assert self.at(scene, datetime(2026, 11, 26, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("zone", "now", "began"),
    [
        ("UTC", "2026-11-26T00:10", "2026-11-26T00:00"),
        ("Africa/Cairo", "2026-11-25T22:10", "2026-11-25T22:00"),
        # There the clocks skip the midnight of 24 April 2026: the day began at 22:00 UTC, when they showed 01:00.
        ("Africa/Cairo", "2026-04-24T09:00", "2026-04-23T22:00"),
        ("Asia/Kolkata", "2026-11-26T10:00", "2026-11-25T18:30"),
    ],
)
def test_the_day_begins_where_the_reader_is(time_machine: Any, zone: str, now: str, began: str) -> None:
    time_machine.move_to(datetime.fromisoformat(f"{now}+00:00"), tick=False)
    with timezone.override(zone):
        assert midnight().astimezone(UTC).isoformat()[:16] == began
