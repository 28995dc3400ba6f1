"""Change ids: the same id with the same content is one change, however often it is sent (a double click)."""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.conf import settings

from keys.models import Change, ChangeState, Team
from keys.services.compare import moved_between
from keys.services.outcome import ChangeIdTaken, Kind, Outcome, Result
from keys.services.snapshots import snapshot_from_json
from keys.types import Actor, Deadline, KeySnapshot


def content_of(kind: Kind, team: Team, key_id: int, asked: Mapping[str, Any], answers: int | None = None) -> str:
    """SHA-256 over what is asked, so that a repeated submission is known from a changed one."""
    asked = asked if answers is None else {**asked, "answers": answers}
    text = json.dumps([str(kind), team.pk, key_id, asked], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def earlier_result(change_id: UUID, content: str, actor: Actor, team: Team, key_id: int) -> Result | None:
    """The outcome of the change that bears this id already; None for a new id. Raises ChangeIdTaken."""
    if not Change.objects.filter(pk=change_id).exists():
        return None
    return wait_for(change_id, content, actor, team, key_id)


def wait_for(change_id: UUID, content: str, actor: Actor, team: Team, key_id: int) -> Result:
    """Wait until the first submission of this id has an outcome and answer with it. Raises ChangeIdTaken."""
    deadline = Deadline.after(settings.WAITS.edit_s)
    while True:
        change = Change.objects.get(pk=change_id)
        same = (change.person_id, change.team_id, change.key_id) == (actor.id, team.pk, key_id)
        if not same or change.content != content:
            raise ChangeIdTaken
        if change.state in (ChangeState.DONE, ChangeState.UNKNOWN):
            return Result.from_json(change.result)
        if deadline.passed:
            return Result(Outcome.UNKNOWN, Kind(change.kind), change_id, why="under_way")
        time.sleep(0.1)


def past_own(seen: KeySnapshot, live: KeySnapshot, change_id: UUID, actor: Actor) -> KeySnapshot:
    """`seen` as the actor's own change of this id left it, as far as that was read: none of it is somebody else's.

    Where nothing was read after it, what it asked for is as it is in `live`, the key as it is now: nobody can tell.
    """
    change = Change.objects.filter(pk=change_id, person_id=actor.id, key_id=seen.id).first()
    if change is None or not change.before:
        return seen
    found = snapshot_from_json(change.found) if change.found else live
    own = moved_between(snapshot_from_json(change.before), snapshot_from_json(change.wanted))
    fields = {field: getattr(found.settings, field) for field in own}
    if "remain_quota" in fields:
        fields["remain_quota"] = found.limit - seen.used_quota  # compared by the limit, as ever
    return replace(seen, settings=replace(seen.settings, **fields))
