"""A team with keys in every state, listed into the mirror, and the worker's urgent lane in the test's hands."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone

from keys.models import Change, Job, Panic, PanicItem, Record
from keys.services import jobs, schedule
from keys.services.panic import pressing
from keys.types import Lane
from tests.mirror.support import sync
from tests.road.stage import Stage, set_up


@dataclass
class Scene:
    """ids: all keys of the team; `before`: those that read disabled before anybody pressed."""

    stage: Stage
    sandbox: Any
    ids: list[int]
    before: set[int] = field(default_factory=set)

    def press(self, typed: int | None = None, reason: str = "") -> Panic:
        number = pressing.count(self.stage.team).to_disable if typed is None else typed
        own: dict[str, Any] = {"person": self.stage.lead, "actor": self.stage.actor, "team": self.stage.team}
        return pressing.press(**own, typed=number, reason=reason)

    def undo(self, panic: Panic) -> Panic:
        own: dict[str, Any] = {"person": self.stage.lead, "actor": self.stage.actor, "team": self.stage.team}
        return pressing.undo(**own, panic=panic)

    def slice(self, lane: Lane = Lane.URGENT) -> bool:
        """One slice of what the lane has to do, as the worker does it. False: nothing was due."""
        job = jobs.claim(lane)
        if job:
            schedule.run_job(job)
        return job is not None

    def work(self, panic: Panic, *, check: bool = True, slices: int = 200) -> Panic:
        """To the end; the clock is not waited for: what is due later is due now, the check only if asked for."""
        lane = Lane.ORDINARY if panic.undoes_id else Lane.URGENT
        for _ in range(slices):
            panic.refresh_from_db()
            if panic.phase == Panic.Phase.OVER or (panic.phase == Panic.Phase.CHECKING and not check):
                return panic
            self.hasten(panic)
            self.slice(lane)
        raise AssertionError(f"not over: {panic.phase}, {dict(self.states(panic))}, {panic.trouble}")

    def hasten(self, panic: Panic) -> None:
        now = timezone.now()
        Job.objects.filter(pk=panic.job_id or 0, status=Job.Status.QUEUED).update(due_at=now)
        Panic.objects.filter(pk=panic.pk, check_at__isnull=False).update(check_at=now)
        Change.objects.filter(recheck_at__isnull=False).update(recheck_at=now)

    def states(self, panic: Panic) -> Counter[str]:
        return Counter(panic.items.values_list("state", flat=True))

    def item(self, panic: Panic, key_id: int) -> PanicItem:
        return panic.items.get(key_id=key_id)

    def enabled(self) -> set[int]:
        """Ground truth: keys that do not read disabled in the sandbox."""
        return {record["id"] for record in self.sandbox.keys(self.stage.account) if record["status"] != 2}

    def killed(self) -> None:
        """As if the process at it had died: no sign of life for long, and all that it had sent has long left us."""
        past = timedelta(minutes=5)
        # All changes, so that which came before which stays true.
        Change.objects.update(created_at=F("created_at") - past)
        Change.objects.filter(state__in=("intent", "sending")).update(sent_until=timezone.now() - past)
        # A process that is taken for dead may give one more sign of life in between.
        assert any(self._reaped(past) for _ in range(100))

    def _reaped(self, past: timedelta) -> bool:
        Job.objects.filter(status=Job.Status.RUNNING).update(heartbeat_at=timezone.now() - past)
        return jobs.reap() == 1

    def job(self, panic: Panic) -> Job:
        return Job.objects.get(pk=panic.job_id or 0)

    def records(self, action: str) -> list[Record]:
        return list(Record.objects.filter(action=action).order_by("seq"))

    def calls(self) -> Counter[str]:
        return Counter(entry["operation"] for entry in self.sandbox.requests())


def set_scene(sandbox: Any, more: int = 6, *, plain_alone: bool = False) -> Scene:
    """more: how many keys with nothing odd about them there are besides the first."""
    stage = set_up(sandbox)
    now = int(timezone.now().timestamp())
    odd: list[dict[str, Any]] = [
        {"name": "expired", "expired_time": now - 1000},
        {"name": "exhausted", "remain_quota": 0, "used_quota": 10},
        {"name": "overspent", "remain_quota": -5},
        {"name": "lost group", "group": "nobody has it"},
        {"name": "ü" * 40},
    ]
    plain = [{"name": f"key {number}", "remain_quota": 1000 + number} for number in range(more)]
    ids = [sandbox.add_key(stage.account, **fields) for fields in [*([] if plain_alone else odd), *plain]]
    before = {sandbox.add_key(stage.account, name="long since disabled", status=2)}
    sync(stage.team)
    sandbox.clear_log()
    return Scene(stage, sandbox, [stage.key_id, *ids, *before], before)
