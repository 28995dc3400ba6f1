"""An edit that is saved between the reading and the request of a disable, which waits for nobody.

Where CometAPI knows a request for the status alone (dialect B) nothing is lost; elsewhere it writes all
back as it had read it, and its record says so.
"""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from keys.models import Change
from keys.services import journal, perform, settle, status
from keys.services.outcome import Kind, Outcome, Result
from keys.types import Waits
from tests.road.drive import beside
from tests.road.stage import Stage, wish
from tests.road.test_late_edits import let_waits_pass

A_WHILE_S = 60
NEW: dict[str, Any] = {"name": "new", "allow_ips": "203.0.113.0/24"}


@pytest.fixture(autouse=True)
def _unhurried(settings: Any) -> None:
    """A disable does not give up while something else is done between its reading and its request."""
    settings.WAITS = Waits()


def disabled_while(stage: Stage, happens: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> Result:
    """Disable the key; `happens` comes once it has been read for that, and before its intent."""
    shipped = perform.begin

    def begin(*given: Any) -> Any:
        monkeypatch.setattr(perform, "begin", shipped)
        happens()
        return shipped(*given)

    monkeypatch.setattr(perform, "begin", begin)
    return stage.disable()


def saved_while_a_disable_reads(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> tuple[Outcome, Result]:
    edited: list[Result] = []
    base = stage.read()
    disabled = disabled_while(stage, lambda: edited.append(stage.edit(wish(**NEW), base=base)), monkeypatch)
    assert disabled.outcome is Outcome.CONFIRMED and stage.stored()["status"] == 2
    return edited[0].outcome, disabled


def test_what_a_disable_takes_back_is_told(everywhere: Stage, dialect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = everywhere.stored()

    edited, disabled = saved_while_a_disable_reads(everywhere, monkeypatch)

    lost = {} if dialect == "B" else {field: (new, before[field]) for field, new in NEW.items()}
    assert (edited, dict(disabled.altered)) == (Outcome.CONFIRMED, lost)
    now = everywhere.stored()
    assert {field: now[field] for field in NEW} == (NEW if dialect == "B" else {field: before[field] for field in NEW})


def test_enabling_offers_it(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    saved_while_a_disable_reads(stage, monkeypatch)

    offer = status.put_back_offer(stage.team, stage.key_id, stage.read())

    assert {field: want for field, (_, want) in offer.items()} == NEW


def test_an_edit_that_ends_after_the_disable_is_told_when_that_is_settled(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = stage.read()
    begun, read_back, over = threading.Event(), threading.Event(), threading.Event()
    shipped = journal.outcome

    def outcome(road: Any, *given: Any) -> Any:
        if road.kind is Kind.EDIT:
            read_back.set()
            assert over.wait(A_WHILE_S)
        return shipped(road, *given)

    monkeypatch.setattr(journal, "outcome", outcome)
    with beside(lambda: stage.edit(wish(name="new"), base=base) if begun.wait(A_WHILE_S) else None) as edited:

        def until_read_back() -> None:
            begun.set()
            assert read_back.wait(A_WHILE_S)

        disabled = disabled_while(stage, until_read_back, monkeypatch)
        over.set()

    assert edited[0] is not None
    assert (edited[0].outcome, disabled.outcome) == (Outcome.CONFIRMED, Outcome.CONFIRMED)
    assert (disabled.altered, disabled.earlier_may_arrive) == ({}, True)
    let_waits_pass()
    settle.settle_key(team=stage.team, key_id=stage.key_id)
    disable = Change.objects.get(kind="disable")
    assert disable.result["altered"] == {"name": ["new", base.settings.name]}
    assert stage.records()[-1].action == "key.settle"


@pytest.mark.parametrize("field", ["name", "allow_ips"])
def test_what_others_write_meanwhile_is_not_called_ours(
    stage: Stage, field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The console writes what the edit wrote: after it was read back, and before the disable lands."""
    stage.edit(wish(**NEW), base=stage.read())

    disabled = disabled_while(
        stage, lambda: stage.sandbox.console_edit(stage.key_id, **{field: "198.51.100.7"}), monkeypatch
    )

    assert disabled.altered == {}
