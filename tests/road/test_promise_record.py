"""Promise 1: no change without a record. Killed, or without its database, at every step of a write; then the truth."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from keys.models import Change, ChangeState, Record
from keys.services import settle
from keys.services.outcome import Outcome
from keys.services.snapshots import snapshot_to_json
from tests.road.stage import Stage, set_up, wish
from tests.support.databases import RealDatabase
from tests.support.report import Promise

LAST_STEP = 34
EDIT, DISABLE = {"name": "killed"}, {"status": 2}


class Makers:
    """The process that makes changes in children of its own."""

    def __init__(self, database: RealDatabase) -> None:
        env = {**database.environment, "DJANGO_SETTINGS_MODULE": "cometadmin.settings"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.road.killed"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=env,
            text=True,
            bufsize=1,
        )

    def make(
        self, stage: Stage, fields: dict[str, Any], at: int, trouble: str = "kill", mutant: bool = False
    ) -> tuple[UUID, dict[str, Any]]:
        """One change that meets its trouble at step `at` (0: never); its change id, and what it said if it lived."""
        change = uuid4()
        asked = {
            "team": stage.team.pk,
            "lead": stage.lead.pk,
            "key": stage.key_id,
            "change": str(change),
            "fields": fields,
            "base": snapshot_to_json(stage.read()),
            "base_url": stage.sandbox.url,
            "at": at,
            "trouble": trouble,
            "mutant": mutant,
        }
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(asked) + os.linesep)
        answer = json.loads(self.process.stdout.readline())
        return change, answer


@pytest.fixture
def makers(real_db: RealDatabase) -> Iterator[Makers]:
    started = Makers(real_db)
    yield started
    assert started.process.stdin
    started.process.stdin.close()
    started.process.wait(30)


def unrecorded(stage: Stage) -> list[str]:
    """Requests that can change a key without an intent committed before they began."""
    found = []
    for request in stage.sandbox.writes():
        begun = datetime.fromtimestamp(request["began"], tz=timezone.get_default_timezone())
        intents = Record.objects.filter(key_id=request["key_id"], outcome="", action__in=("key.edit", "key.disable"))
        if not intents.filter(time__lte=begun).exists():
            found.append(f"{request['method']} {request['n']}")
    return found


def let_time_pass(change: Change) -> None:
    past = timedelta(hours=1)
    sent = change.sent_until - past if change.sent_until else None
    Change.objects.filter(pk=change.pk).update(created_at=change.created_at - past, sent_until=sent)


def told_the_truth(stage: Stage, change_id: UUID, fields: dict[str, Any]) -> str:
    """What settling says of the killed change against what the sandbox knows; "" when it is true."""
    change = Change.objects.filter(pk=change_id).first()
    landed = all(stage.stored()[name] == value for name, value in fields.items())
    if change is None:
        return "landed without a change" if landed else ""
    if change.state != ChangeState.DONE:
        let_time_pass(change)
        settle.settle_key(team=stage.team, key_id=stage.key_id)
        change.refresh_from_db()
    said = change.outcome in ("confirmed", "applied")
    if change.state != ChangeState.DONE:
        return f"still {change.state}"
    if fields == {"status": 2}:
        # A disable that was cut off is sent again by settling: then the key must read disabled, whoever did it.
        return "" if stage.stored()["status"] == 2 or change.outcome == "not_sent" else f"said {change.outcome}"
    return "" if said == landed else f"said {change.outcome}, landed {landed}"


@pytest.mark.prove
@pytest.mark.parametrize("trouble", ["kill", "database"])
@pytest.mark.parametrize("fields", [EDIT, DISABLE], ids=["edit", "disable"])
def test_trouble_at_every_step(
    makers: Makers, sandbox: Any, promise: Promise, scale: str, fields: dict[str, Any], trouble: str
) -> None:
    promise.number = "1"
    promise.title = f"no change without a record ({'edit' if fields == EDIT else 'disable'}, {trouble})"
    first = set_up(sandbox)
    for _ in range(31 if scale == "full" else 1):
        for at in range(1, LAST_STEP, 1 if scale == "full" else 3):
            stage = first.on(sandbox.add_key(first.account, name="alive", remain_quota=1000))
            change_id, told = makers.make(stage, fields, at, trouble)
            promise.tried()
            for words in broken_by(stage, change_id, fields, str(told.get("said", ""))):
                promise.broke(f"step {at}: {words}")
            sandbox.clear_log()  # each is judged by its own requests


def broken_by(stage: Stage, change_id: UUID, fields: dict[str, Any], said: str) -> list[str]:
    """What was wrong with one change that met trouble: unrecorded, told falsely, settled falsely, or the key held."""
    wrong = [*unrecorded(stage)]
    landed = all(stage.stored()[name] == value for name, value in fields.items())
    if said in ("confirmed", "applied") and not landed:
        wrong.append(f"said {said}, and it never landed")
    if said in ("refused", "not_sent", "LedgerUnavailable") and landed:
        wrong.append(f"said {said}, and it landed")
    if lie := told_the_truth(stage, change_id, fields):
        wrong.append(lie)
    after = stage.edit(wish(group="vip"))
    if after.outcome is not Outcome.CONFIRMED:
        wrong.append(f"the next edit was {after.outcome}")
    return wrong


def test_a_write_without_trouble_walks_fewer_steps_than_are_tried(stage: Stage, makers: Makers) -> None:
    _change, told = makers.make(stage, {"name": "alive"}, 0)

    assert told["said"] == "confirmed" and 20 <= told["steps"] < LAST_STEP


@pytest.mark.prove
def test_the_mutant_of_one_transaction_around_all_is_caught(makers: Makers, sandbox: Any, promise: Promise) -> None:
    promise.number, promise.title = "1", "mutant: one transaction around all"
    first = set_up(sandbox)
    missed = []
    for at in range(1, LAST_STEP, 3):
        stage = first.on(sandbox.add_key(first.account, name="alive", remain_quota=1000))
        makers.make(stage, EDIT, at, mutant=True)
        promise.tried()
        missed += unrecorded(stage)
        sandbox.clear_log()
    assert missed
    promise.caught("one transaction around all")


def test_the_ledger_gone_means_nothing_is_sent(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import DatabaseError

    from keys.errors import LedgerUnavailable
    from keys.services import leases

    def gone(**kwargs: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(leases, "take", gone)

    with pytest.raises(LedgerUnavailable):
        stage.edit(wish(name="new"))

    assert stage.puts() == []


def test_the_database_gone_before_sending_sends_nothing_and_claims_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import DatabaseError

    from keys.services import leases

    def gone(*args: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(leases, "start_sending", gone)

    result = stage.edit(wish(name="new"))

    assert (result.outcome, result.why) == (Outcome.UNKNOWN, "not_recorded")
    assert stage.puts() == []


def test_the_mutant_that_records_after_the_call_is_caught(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutant: the PUT leaves before the intent is written."""
    from keys.services import perform

    shipped = perform._intend

    def sends_first(road: Any, live: Any, plan: Any, epoch: Any, waits: Any) -> Any:
        from keys.services.access_tokens import client_for
        from keys.types import Deadline

        client_for(road.team).put_key(road.key_id, plan.wanted, Deadline.after(5))
        return shipped(road, live, plan, epoch, waits)

    monkeypatch.setattr(perform, "_intend", sends_first)
    stage.edit(wish(name="new"))

    assert unrecorded(stage) != []
