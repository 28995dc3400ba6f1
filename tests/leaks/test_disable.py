"""From a pasted secret to proof, level by level: nothing is claimed above what was seen."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from keys.errors import Denied, LedgerUnavailable
from keys.models import Incident, Leaked, Membership, Person, Record, RecordHour, TeamRole
from keys.selectors.leaks import level_of, records_of
from keys.services import schedule
from keys.services.leaks import pressing, proving
from keys.types import Deadline, Waits
from tests.leaks.scene import Scene


def test_paste_press_proof(everywhere: Scene) -> None:
    incident = everywhere.paste()
    row = everywhere.row(incident)
    assert (row.found_by, row.lines, level_of(row)) == ("whole", [1], "found")

    everywhere.press(incident)

    row = everywhere.row(incident)
    assert everywhere.stage.stored()["status"] == 2
    assert level_of(row) == "refused" and row.why == "" and row.accepted_at
    assert incident.state == Incident.State.CONTAINED
    assert everywhere.hasten(incident).again_at
    row = everywhere.hasten(incident)
    assert level_of(row) == "last" and row.next_at is None
    incident.refresh_from_db()
    assert incident.destroyed_at and not incident.leaked.exclude(sealed="").exists()
    expected = ["leak.open", "leak.found", "leak.probe", "leak.contained", "leak.probe", "leak.probe"]
    assert everywhere.actions() == [*expected, "leak.secrets_destroyed"]


def test_several_keys_at_once(scene: Scene, settings: Any) -> None:
    settings.WAITS = Waits()  # eight at once on a busy machine are given their time
    more = [scene.sandbox.add_key(scene.stage.account, name=f"more {n}") for n in range(7)]
    scene.sync()
    incident = scene.paste("\n".join(scene.secret(key) for key in [scene.stage.key_id, *more]))

    scene.press(incident)

    assert {level_of(row) for row in incident.leaked.all()} == {"refused"}
    assert all(scene.sandbox.key(key)["status"] == 2 for key in more)


def test_a_cached_key_is_not_called_refused(scene: Scene) -> None:
    scene.sandbox.configure(cache_s=60.0)
    incident = scene.paste()
    scene.press(incident)

    row = scene.row(incident)
    assert (level_of(row), row.why) == ("disabled", "cached")
    assert scene.sandbox.would_serve(scene.stage.key_id)
    assert incident.state == Incident.State.OPEN


@pytest.mark.parametrize(
    ("fault", "more", "why"),
    [
        ("401_json", {}, "no_answer"),
        ("401_html", {}, "no_answer"),
        ("503", {}, "no_answer"),
        ("stall_before_headers", {}, "no_answer"),
        ("garbage", {}, "no_answer"),
    ],
)
def test_what_is_no_clear_no_proves_nothing(scene: Scene, fault: str, more: dict[str, Any], why: str) -> None:
    incident = scene.paste()
    scene.sandbox.fault(fault, operation="v1_models", times=2, **more)
    scene.press(incident)
    row = scene.row(incident)
    assert (level_of(row), row.why) == ("disabled", why)

    scene.sandbox.clear_faults()
    assert level_of(scene.hasten(incident)) == "refused"


def test_403_is_not_dead(scene: Scene) -> None:
    scene.sandbox.console_edit(scene.stage.key_id, allow_ips="203.0.113.9")
    incident = scene.paste()
    scene.sandbox.configure(cache_s=60.0)
    scene.press(incident)
    assert (level_of(scene.row(incident)), scene.row(incident).why) == ("disabled", "elsewhere")


def test_a_secret_never_seen_accepted_is_not_proven(scene: Scene) -> None:
    scene.sandbox.console_edit(scene.stage.key_id, status=2)
    incident = scene.paste()
    scene.press(incident)
    assert (level_of(scene.row(incident)), scene.row(incident).why) == ("disabled", "never_accepted")


def test_a_key_that_comes_back_to_life(scene: Scene) -> None:
    incident = scene.paste()
    scene.press(incident)
    assert incident.state == Incident.State.CONTAINED
    scene.sandbox.console_edit(scene.stage.key_id, status=1)

    row = scene.hasten(incident)

    assert scene.stage.stored()["status"] == 2
    assert row.revived == 1 and row.again_at is None
    assert "leak.revived" in scene.actions() and "leak.reopen" in scene.actions()
    assert level_of(scene.hasten(incident)) == "refused"


def test_a_key_enabled_here_on_purpose_is_left_alone(scene: Scene) -> None:
    incident = scene.paste()
    scene.press(incident)
    scene.stage.enable()

    row = scene.hasten(incident)

    assert scene.stage.stored()["status"] == 1
    assert (level_of(row), row.why, row.next_at) == ("sent", "enabled_here", None)
    incident.refresh_from_db()
    assert incident.state == Incident.State.OPEN


def test_spending_after_the_refusal_is_told(scene: Scene) -> None:
    incident = scene.paste()
    scene.press(incident)
    scene.sandbox.spend(scene.stage.key_id, 7)

    row = scene.hasten(incident)

    assert (level_of(row), row.why) == ("refused", "spending")
    assert level_of(scene.hasten(incident)) == "again"


def test_upstream_down_then_up_again(scene: Scene) -> None:
    incident = scene.paste()
    scene.sandbox.fault("503", operation="update", times=99)
    scene.press(incident)
    row = scene.row(incident)
    assert level_of(row) in ("sent", "pressed") and row.why
    scene.sandbox.clear_faults()
    assert level_of(scene.hasten(incident)) == "refused"
    assert scene.stage.stored()["status"] == 2


def test_without_a_ledger_nothing_is_sent(scene: Scene, settings: Any) -> None:
    incident = scene.paste()
    scene.sandbox.clear_log()
    settings.LEDGER_KEYS = {}
    with pytest.raises(LedgerUnavailable):
        scene.press(incident)
    assert scene.sandbox.writes() == []
    with pytest.raises(LedgerUnavailable):
        scene.paste()


def test_secrets_are_destroyed_in_time(scene: Scene) -> None:
    incident = scene.paste()
    Incident.objects.update(hold_until=timezone.now())
    pressing.probe_due(Deadline.after(5))
    assert not Leaked.objects.exclude(sealed="").exists()
    record = Record.objects.get(action="leak.secrets_destroyed")
    assert '"secrets":1' in record.text and '"why":"time"' in record.text

    scene.press(incident)
    row = scene.row(incident)
    assert scene.stage.stored()["status"] == 2
    assert (level_of(row), row.why) == ("disabled", "no_secret")


@pytest.fixture
def proven(scene: Scene) -> Incident:
    """Proven to the last level: the secret is destroyed, nothing is due any more."""
    incident = scene.paste()
    scene.press(incident)
    for _ in range(3):
        row = scene.hasten(incident)
    assert row.last_at and row.next_at is None and incident.destroyed_at
    return incident


def after_a_listing(scene: Scene, incident: Incident) -> Leaked:
    scene.sync()
    for _ in range(2):
        pressing.probe_due(Deadline.after(5))
    incident.refresh_from_db()
    return scene.row(incident)


def test_back_to_life_after_the_last_probe(scene: Scene, proven: Incident) -> None:
    scene.sandbox.console_edit(scene.stage.key_id, status=1)

    row = after_a_listing(scene, proven)

    assert scene.stage.stored()["status"] == 2 and proven.state == "open" and proven.revived == 1
    assert (level_of(row), row.why) == ("disabled", "no_secret")
    assert "leak.revived" in scene.actions() and "leak.reopen" in scene.actions()
    assert after_a_listing(scene, proven).epoch == row.epoch, "nothing is due any more"


def test_still_dead_after_the_last_probe(scene: Scene, proven: Incident) -> None:
    scene.sandbox.console_edit(scene.stage.key_id, name="renamed")

    assert after_a_listing(scene, proven).next_at is None and proven.state == "contained"


def test_enabled_here_after_the_last_probe(scene: Scene, proven: Incident) -> None:
    assert scene.stage.enable().outcome == "confirmed"

    row = after_a_listing(scene, proven)

    assert row.why == "enabled_here" and scene.stage.stored()["status"] == 1 and proven.state == "open"


def test_enabled_here_and_disabled_again_before_it_came_back(scene: Scene, proven: Incident) -> None:
    """Whoever enabled it took that back: what revives it now is nobody's purpose here."""
    scene.stage.enable()
    assert scene.stage.disable().outcome == "confirmed"
    scene.sandbox.console_edit(scene.stage.key_id, status=1)

    row = after_a_listing(scene, proven)

    assert row.why != "enabled_here" and scene.stage.stored()["status"] == 2 and row.revived == 1


def test_back_to_life_in_a_closed_incident_is_left_to_drift(scene: Scene, proven: Incident) -> None:
    pressing.close(person=scene.admin, actor=scene.actor, incident=proven)
    scene.sandbox.console_edit(scene.stage.key_id, status=1)

    after_a_listing(scene, proven)

    assert proven.state == "closed" and scene.stage.stored()["status"] == 1


def test_back_to_life_in_an_incident_closed_before_its_last_probe_is_left_alone(scene: Scene) -> None:
    incident = scene.paste()
    scene.press(incident)
    pressing.close(person=scene.admin, actor=scene.actor, incident=incident)
    scene.sandbox.console_edit(scene.stage.key_id, status=1)

    row = scene.hasten(incident)

    assert incident.state == "closed" and scene.stage.stored()["status"] == 1
    assert (row.why, row.next_at, row.revived) == ("no_secret", None, 0)


def test_without_a_worker_who_opens_the_page_finds_it_back_to_life(scene: Scene, proven: Incident) -> None:
    scene.sandbox.console_edit(scene.stage.key_id, status=1)
    scene.sync()

    pressing.go_on(proven, Deadline.after(5))

    proven.refresh_from_db()
    assert scene.stage.stored()["status"] == 2 and proven.state == "open"


def test_a_second_press_is_harmless(scene: Scene) -> None:
    incident = scene.paste()
    scene.press(incident)
    count = Record.objects.count()
    scene.press(incident)
    assert Record.objects.count() == count


def test_its_records_are_looked_for_from_the_paste_on_alone(scene: Scene) -> None:
    scene.paste()
    RecordHour.objects.update(hour=F("hour") - timedelta(hours=3))  # that was long ago
    before = Record.objects.count()
    assert before
    incident = scene.paste()
    scene.press(incident)
    with CaptureQueriesContext(connection) as asked:
        records = records_of(incident, scene.admin)
    assert [record.seq for record in records] == list(range(before + 1, before + 1 + len(records))) and len(records) > 4
    of_records = [query["sql"] for query in asked if "LIKE" in query["sql"] and "keys_record" in query["sql"]]
    assert len(of_records) == 1 and of_records[0].count(f'"seq" >= {before + 1}') == 2
    RecordHour.objects.all().delete()
    assert records_of(incident, scene.admin) == records, "an index that is behind leaves nothing out"


def test_a_member_cannot(scene: Scene) -> None:
    member = Person.objects.create_user("member")
    Membership.objects.create(person=member, team=scene.stage.team, role=TeamRole.MEMBER)
    with pytest.raises(Denied):
        scene.paste(person=member)
    incident = scene.paste()
    with pytest.raises(Denied):
        scene.press(incident, member)
    assert scene.stage.stored()["status"] == 1


def test_tried_before_anybody_presses(scene: Scene) -> None:
    incident = scene.paste()
    row = scene.row(incident)
    assert row.accepted_at and row.next_at is None and level_of(row) == "found"
    assert scene.sandbox.writes() == []


def test_a_press_waits_for_no_process_that_was_killed(scene: Scene) -> None:
    incident = scene.paste()
    later = timezone.now() + timedelta(hours=1)
    incident.leaked.update(pressed_at=timezone.now(), next_at=timezone.now(), busy_until=later)
    pressing.probe_due(Deadline.after(5))
    assert scene.stage.stored()["status"] == 1  # somebody may be at it

    scene.press(incident)

    assert level_of(scene.row(incident)) == "refused"


@pytest.mark.parametrize("place", ["_after", "_prove", "_reached"])
def test_a_process_killed_in_the_middle_is_taken_over(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    incident = scene.paste()

    def killed(*args: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(proving, place, killed)
        scene.press(incident)
    assert level_of(scene.row(incident)) in ("pressed", "disabled")
    assert level_of(scene.hasten(incident)) == "refused"
    assert scene.stage.stored()["status"] == 2


def test_the_worker_goes_on_without_the_browser(scene: Scene) -> None:
    incident = scene.paste()
    scene.press(incident)
    incident.leaked.update(next_at=timezone.now())
    schedule.run_scheduled("leaks")
    assert level_of(scene.row(incident)) == "again"


def test_a_disable_that_failed_can_be_pressed_again(scene: Scene) -> None:
    incident = scene.paste()
    scene.sandbox.fault("refusal", operation="update", times=99)
    scene.press(incident)
    assert (level_of(scene.row(incident)), scene.row(incident).why) == ("sent", "disable_refused")
    scene.sandbox.clear_faults()
    scene.press(incident)
    assert level_of(scene.row(incident)) == "refused"
