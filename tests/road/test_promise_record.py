"""Promise 1: no change without a record. The process is killed at every step of a write; then the truth is told."""

import json
import subprocess
import sys
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


def run_killed(stage: Stage, database: RealDatabase, fields: dict[str, Any], die_at: int) -> tuple[UUID, str]:
    """Make one change in a process that kills itself at `die_at`; its change id and what it printed."""
    change = uuid4()
    asked = {
        "team": stage.team.pk,
        "lead": stage.lead.pk,
        "key": stage.key_id,
        "change": str(change),
        "fields": fields,
        "base": snapshot_to_json(stage.read()),
        "die_at": die_at,
    }
    env = {
        **database.environment,
        "COMETAPI_BASE_URL": stage.sandbox.url,
        "DJANGO_SETTINGS_MODULE": "cometadmin.settings",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.road.killed"],
        input=json.dumps(asked),
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in (0, -9), done.stderr
    return change, done.stdout


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
@pytest.mark.parametrize("fields", [{"name": "killed"}, {"status": 2}], ids=["edit", "disable"])
def test_killed_at_every_step(
    real_db: RealDatabase, sandbox: Any, promise: Promise, scale: str, fields: dict[str, Any]
) -> None:
    promise.number, promise.title = "1", f"no change without a record ({'edit' if 'name' in fields else 'disable'})"
    first = set_up(sandbox)
    rounds = 1 if scale == "small" else 25
    for _ in range(rounds):
        for die_at in range(1, LAST_STEP, 3 if scale == "small" else 1):
            stage = first.on(sandbox.add_key(first.account, name="alive", remain_quota=1000))
            change_id, _printed = run_killed(stage, real_db, fields, die_at)
            promise.tried()
            for missing in unrecorded(stage):
                promise.broke(f"step {die_at}: {missing}")
            lie = told_the_truth(stage, change_id, fields)
            if lie:
                promise.broke(f"step {die_at}: {lie}")
            after = stage.edit(wish(group="vip"))
            if after.outcome is not Outcome.CONFIRMED:
                promise.broke(f"step {die_at}: the next edit was {after.outcome}")


def test_a_write_without_a_kill_walks_fewer_steps_than_are_tried(stage: Stage, real_db: RealDatabase) -> None:
    _change, printed = run_killed(stage, real_db, {"name": "alive"}, 0)

    assert 20 <= int(printed) < LAST_STEP


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
