"""What the mirror's tests share: a listing from its beginning to its end, and the mirror held against the sandbox."""

import time
from typing import Any

from django.utils import timezone

from keys.models import Change, Drift, MirrorKey, Team, TeamSync
from keys.services import drift, mirror
from keys.services.syncing import Progress, sync_slice
from keys.types import EDITABLE, Deadline
from tests.road.stage import Stage

BUSY = ("timeout", "connect_timeout", "connect")
"""Trouble that a busy machine makes too, for scaled waits are short; no test brings it about for a listing."""


def sync(team: Team) -> Progress:
    """A whole listing, in as many slices as it takes."""
    timely = 10
    while True:
        progress = sync_slice(team, Deadline.after(30))
        if progress.over and progress.trouble in BUSY and timely:
            timely -= 1
        elif progress.over:
            while not drift.go_on(team, Deadline.after(30)):
                pass
            return progress


def listed(team: Team) -> Progress:
    """A listing without trouble: a page that did not come in time is asked for again."""
    for _ in range(10):
        progress = sync_slice(team, Deadline.after(20))
        if progress.over and not progress.trouble:
            return progress
    raise AssertionError(progress)


def row(stage: Stage, key_id: int | None = None) -> MirrorKey:
    return MirrorKey.objects.get(account_id=stage.account.id, key_id=key_id or stage.key_id)


def state(stage: Stage) -> TeamSync:
    return TeamSync.objects.get(team=stage.team)


def drifts(stage: Stage) -> list[Drift]:
    return list(Drift.objects.filter(team=stage.team).order_by("pk"))


def store_now(stage: Stage) -> None:
    """A reading by id, stored."""
    begun = timezone.now()
    mirror.store(stage.team, [stage.read()], begun)


def unlike(stage: Stage) -> list[str]:
    """Where the mirror is not as the sandbox holds it: by the sandbox's own records, not by what was read."""
    stored: dict[int, dict[str, Any]] = {record["id"]: record for record in stage.sandbox.keys(stage.account)}
    mirrored = {r.key_id: r for r in MirrorKey.objects.filter(team=stage.team, gone_at=None)}
    found = [f"key {key_id} is missing" for key_id in stored.keys() - mirrored.keys()]
    found += [f"key {key_id} is not there any more" for key_id in mirrored.keys() - stored.keys()]
    for key_id in stored.keys() & mirrored.keys():
        have, want = mirrored[key_id].snapshot, stored[key_id]
        found += [f"key {key_id}: {f} {have[f]!r} not {want[f]!r}" for f in EDITABLE if have[f] != want[f]]
    return found


def passed(stage: Stage) -> None:
    """The last moment at which anything of ours was leaving is over."""
    time.sleep(0.01)
    Change.objects.update(sent_until=Change.objects.order_by("-created_at").first().created_at)  # type: ignore[union-attr]


def revived(stage: Stage) -> None:
    """A key that we disabled and somebody else has enabled."""
    sync(stage.team)
    stage.disable()
    passed(stage)
    sync(stage.team)
    stage.sandbox.console_edit(stage.key_id, status=1)
    sync(stage.team)
