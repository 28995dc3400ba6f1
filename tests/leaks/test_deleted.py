"""Keys deleted at CometAPI while their end is being proven: nothing is said of a counter that nobody can read."""

from keys.models import Incident
from keys.selectors.leak_words import STEPS
from keys.selectors.leaks import level_of, lines_of
from tests.leaks.scene import Scene


def test_a_key_deleted_at_cometapi(scene: Scene) -> None:
    incident = scene.paste()
    scene.sandbox.console_delete(scene.stage.key_id)
    scene.press(incident)
    row = scene.row(incident)
    assert row.gone and row.disabled_at is None
    assert level_of(row) == "refused"


def labels(scene: Scene, incident: Incident) -> dict[str, str]:
    """Level -> how it is told."""
    steps = lines_of(incident, scene.admin)[0].steps
    return {name: str(step.label) for (name, _), step in zip(STEPS, steps, strict=True) if step.at}


def test_deleted_after_the_refusal_its_counter_is_not_called_still(scene: Scene) -> None:
    incident = scene.paste()
    scene.press(incident)
    scene.sandbox.console_delete(scene.stage.key_id)
    assert level_of(scene.hasten(incident)) == "again" and level_of(scene.hasten(incident)) == "last"
    told = labels(scene, incident)
    assert "nothing used up" not in "".join(told.values())
    assert "deleted, so its counter cannot be read" in told["again"] and "deleted" in told["last"]


def test_deleted_after_it_stood_still_once(scene: Scene) -> None:
    incident = scene.paste()
    scene.press(incident)
    assert level_of(scene.hasten(incident)) == "again"
    scene.sandbox.console_delete(scene.stage.key_id)
    assert level_of(scene.hasten(incident)) == "last"
    told = labels(scene, incident)
    assert "nothing used up" in told["again"] and "deleted" in told["last"] and "used up" not in told["last"]
