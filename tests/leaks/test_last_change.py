"""Who changed a leaked key last: what was read as changed counts, here or elsewhere; not what came to nothing."""

from keys.models import Incident, Record
from keys.selectors.leaks import lines_of
from keys.services import drift
from keys.types import Deadline
from tests.leaks.scene import Scene
from tests.road.stage import wish


def last(scene: Scene, incident: Incident) -> Record | None:
    return lines_of(incident, scene.admin)[0].last_change


def test_nobody_has_changed_it(scene: Scene) -> None:
    assert last(scene, scene.paste()) is None


def test_what_was_refused_is_no_change_and_the_leaks_own_disable_stands_among_its_steps(scene: Scene) -> None:
    saved = scene.stage.edit(wish(name="by the lead"))
    scene.sandbox.fault("refusal", operation="update", times=1)
    scene.stage.edit(wish(group="vip"))
    incident = scene.paste()
    scene.press(incident)
    assert scene.row(incident).disabled_at

    found = last(scene, incident)
    assert found and (found.change, found.outcome) == (str(saved.change_id), "confirmed")


def test_what_was_changed_elsewhere_counts(scene: Scene) -> None:
    scene.sandbox.console_edit(scene.stage.key_id, allow_ips="203.0.113.9")
    scene.sync()
    assert drift.go_on(scene.stage.team, Deadline.after(20))
    found = last(scene, scene.paste())

    assert found and found.action == "key.drift"
