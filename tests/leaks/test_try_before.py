"""The secret is tried once before its key is disabled: without that, nothing can be proven after."""

import time
from dataclasses import replace
from typing import Any

from keys.cometapi import keyed
from keys.models import Incident
from keys.selectors.leaks import level_of
from keys.types import Deadline, Waits
from tests.leaks.scene import Scene


def at_once(scene: Scene) -> Incident:
    """Pressed before the page has tried the secret by itself."""
    incident = scene.opened(f"KEY={scene.secret()}\n")
    assert incident
    scene.press(incident)
    return incident


def test_a_try_that_starts_late_is_waited_for(scene: Scene, settings: Any, monkeypatch: Any) -> None:
    settings.WAITS, models_with = Waits(), keyed.models_with

    def late(secret: str, deadline: Deadline) -> keyed.Verdict:
        time.sleep(0.5)
        return models_with(secret, deadline)

    monkeypatch.setattr(keyed, "models_with", late)
    assert level_of(scene.row(at_once(scene))) == "refused"


def test_a_try_without_an_answer_holds_the_disable_back_no_longer_than_that(scene: Scene, settings: Any) -> None:
    settings.WAITS = replace(Waits(), leak_try_s=0.2)
    scene.sandbox.fault("stall_before_headers", operation="v1_models")
    incident = at_once(scene)
    tried, sent = (
        next(one["began"] for one in scene.sandbox.requests() if one["operation"] == operation)
        for operation in ("v1_models", "update")
    )
    assert sent - tried < 4 < Waits().look_s
    assert (level_of(scene.row(incident)), scene.row(incident).why) == ("disabled", "never_accepted")
