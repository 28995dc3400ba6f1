"""An edit that is saved between the reading and the request of a disable, which waits for nobody.

Where CometAPI knows a request for the status alone (dialect B) nothing is lost; elsewhere it writes all
back as it had read it, and its record says so.
"""

import pytest

from keys.models import Change
from keys.services import settle, status
from keys.services.outcome import Outcome
from tests.road.drive import beside
from tests.road.stage import Stage, wish
from tests.road.test_late_edits import let_waits_pass


def saved_while_a_disable_reads(stage: Stage) -> tuple[Outcome, dict[str, tuple[object, object]]]:
    """How the edit ended, and what the disable says that it altered besides."""
    base = stage.read()
    reading = stage.sandbox.pause("after", operation="get")
    with beside(stage.disable) as disabled:
        assert stage.sandbox.wait_paused(reading)
        edited = stage.edit(wish(name="new", allow_ips="203.0.113.0/24"), base=base)
        stage.sandbox.release(reading)
    assert disabled[0].outcome is Outcome.CONFIRMED and stage.stored()["status"] == 2
    return edited.outcome, dict(disabled[0].altered)


def test_what_a_disable_takes_back_is_told(everywhere: Stage, dialect: str) -> None:
    before = everywhere.stored()

    edited, altered = saved_while_a_disable_reads(everywhere)

    lost = {} if dialect == "B" else {"name": ("new", before["name"]), "allow_ips": ("203.0.113.0/24", None)}
    assert (edited, altered) == (Outcome.CONFIRMED, lost)
    now = everywhere.stored()
    assert {field: now[field] for field in lost} == {field: old for field, (_, old) in lost.items()}


def test_enabling_offers_it(stage: Stage) -> None:
    saved_while_a_disable_reads(stage)

    offer = status.put_back_offer(stage.team, stage.key_id, stage.read())

    assert {field: want for field, (_, want) in offer.items()} == {"name": "new", "allow_ips": "203.0.113.0/24"}


def test_an_edit_that_ends_after_the_disable_is_told_when_that_is_settled(stage: Stage) -> None:
    base = stage.read()
    reading = stage.sandbox.pause("after", operation="get")
    with beside(stage.disable) as disabled:
        assert stage.sandbox.wait_paused(reading)
        reading_back = stage.sandbox.pause("after", operation="get", skip=1)
        with beside(lambda: stage.edit(wish(name="new"), base=base)) as edited:
            assert stage.sandbox.wait_paused(reading_back)
            stage.sandbox.release(reading)
            while not Change.objects.filter(kind="disable", state="done").exists():
                assert stage.sandbox.wait_paused(reading_back)
            stage.sandbox.release(reading_back)

    assert (edited[0].outcome, disabled[0].outcome) == (Outcome.CONFIRMED, Outcome.CONFIRMED)
    assert (disabled[0].altered, disabled[0].earlier_may_arrive) == ({}, True)
    let_waits_pass()
    settle.settle_key(team=stage.team, key_id=stage.key_id)
    disable = Change.objects.get(kind="disable")
    assert disable.result["altered"] == {"name": ["new", base.settings.name]}
    assert stage.records()[-1].action == "key.settle"


@pytest.mark.parametrize("field", ["name", "allow_ips"])
def test_what_others_write_meanwhile_is_not_called_ours(stage: Stage, field: str) -> None:
    """The console writes what the edit wrote: after it was read back, and before the disable lands."""
    base = stage.read()
    stage.edit(wish(name="new", allow_ips="203.0.113.0/24"), base=base)
    reading = stage.sandbox.pause("after", operation="get")
    with beside(stage.disable) as disabled:
        assert stage.sandbox.wait_paused(reading)
        stage.sandbox.console_edit(stage.key_id, **{field: "198.51.100.7"})
        stage.sandbox.release(reading)

    assert disabled[0].altered == {}
