"""CometAPI's rate limit is for `/api` (trap 17): that a secret is tried waits for no budget and spends none."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from keys.cometapi import keyed
from keys.errors import NotSent, RateLimited
from keys.models import RateBudget
from keys.types import Deadline
from tests.leaks.scene import Scene


def budget(settings: Any) -> RateBudget:
    return RateBudget.objects.get(host=urlsplit(settings.COMETAPI_BASE_URL).netloc)


def test_a_secret_is_tried_though_the_rate_budget_is_spent(scene: Scene, settings: Any) -> None:
    settings.COMETAPI_RATE = (1, 600.0)
    secret = scene.secret(scene.stage.key_id).removeprefix("sk-")
    keyed.usage_of(secret, Deadline.after(5))
    with pytest.raises(NotSent) as spent:
        keyed.usage_of(secret, Deadline.after(1))
    assert spent.value.kind == "rate_budget"
    before = budget(settings).busy_until

    assert keyed.models_with(secret, Deadline.after(5)) is keyed.Verdict.ACCEPTED

    assert budget(settings).busy_until == before


def test_a_429_for_a_tried_secret_holds_nobody_else(scene: Scene, settings: Any) -> None:
    secret = scene.secret(scene.stage.key_id).removeprefix("sk-")
    for operation, held in (("v1_models", False), ("usage", True)):
        scene.sandbox.clear_faults()
        scene.sandbox.fault("429", operation=operation, retry_after="20")
        with pytest.raises(RateLimited):
            (keyed.usage_of if held else keyed.models_with)(secret, Deadline.after(2))
        assert (budget(settings).paused_until > 0) is held, operation
