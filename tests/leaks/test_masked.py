"""Where CometAPI shows masks alone: a likely key is made sure of before it is called found."""

from typing import Any

import pytest

from keys.errors import LedgerUnavailable
from keys.models import Record
from keys.services.leaks import strays
from keys.services.leaks.desk import may_handle
from keys.services.verification import verify_whole
from tests.leaks.scene import Scene, set_scene
from tests.mirror.support import sync
from tests.support.databases import RealDatabase


@pytest.fixture
def masked(real_db: RealDatabase, sandbox: Any) -> Scene:
    sandbox.configure(masked=True)
    return set_scene(sandbox)


def test_made_sure_then_found(masked: Scene) -> None:
    incident = masked.paste()
    row = masked.row(incident)
    assert row.found_by == "mask" and len(masked.sandbox.requests("GET", "usage")) == 1
    masked.press(incident)
    assert masked.row(incident).refused_at and masked.stage.stored()["status"] == 2


def test_a_secret_that_was_once_shown_whole_is_found_without_a_question(real_db: RealDatabase, sandbox: Any) -> None:
    scene = set_scene(sandbox)
    sandbox.configure(masked=True)
    sync(scene.stage.team)
    sandbox.fault("503", operation="usage", times=9)

    incident = scene.paste()

    assert scene.row(incident).found_by == "whole"


def test_the_same_ends_are_not_the_same_secret(masked: Scene) -> None:
    secret = masked.secret().removeprefix("sk-")
    likely = secret[:4] + "Zz9" * 13 + "Z" + secret[-4:]
    assert len(likely) == 48
    incident = masked.paste(f"sk-{likely}")
    assert not incident.leaked.filter(team__isnull=False).exists()
    assert strays.strays(incident).count() == 1


def test_unsure_while_cometapi_does_not_answer(masked: Scene) -> None:
    masked.sandbox.fault("503", operation="usage", times=9)
    incident = masked.paste()
    assert masked.row(incident).found_by == "unsure"
    masked.press(incident)
    assert masked.stage.stored()["status"] == 1

    masked.sandbox.clear_faults()
    strays.look_up(actor=masked.actor, incident=incident, teams=may_handle(masked.admin, masked.actor))

    assert masked.row(incident).found_by == "mask"
    masked.press(incident)
    assert masked.stage.stored()["status"] == 2


def test_what_could_not_be_recorded_sends_nothing_not_even_a_question(masked: Scene, settings: Any) -> None:
    masked.sandbox.clear_log()
    ring, settings.LEDGER_KEYS = settings.LEDGER_KEYS, {}
    with pytest.raises(LedgerUnavailable):
        masked.opened(f"KEY={masked.secret()}")
    assert masked.sandbox.requests() == []

    settings.LEDGER_KEYS = ring
    before = Record.objects.count()
    incident = masked.paste()
    assert masked.row(incident).found_by == "mask"
    assert list(Record.objects.order_by("seq").values_list("action", flat=True))[before:] == ["leak.open", "leak.found"]
    assert verify_whole().outcome == "sound"


def test_only_what_matches_is_sent(masked: Scene) -> None:
    masked.sandbox.clear_log()
    masked.paste(f"sk-{'Zz9' * 16}\nAKIAIOSFODNN7EXAMPLE")
    assert masked.sandbox.requests("GET", "usage") == [] and masked.sandbox.requests("GET", "v1_models") == []
