"""One change made in a process of its own that kills itself at its n-th step: `python -m tests.road.killed`.

Steps are counted at both ends of the functions below, so every gap between two effects is hit. The product has no
switch for this: the counting wraps the shipped functions here.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any
from uuid import UUID

import django

STEPS = 0


def counted(function: Callable[..., Any], die_at: int) -> Callable[..., Any]:
    def step() -> None:
        global STEPS
        STEPS += 1
        if die_at == STEPS:
            os.kill(os.getpid(), signal.SIGKILL)

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        step()
        answer = function(*args, **kwargs)
        step()
        return answer

    return wrapper


def wrap(die_at: int) -> None:
    from keys.cometapi.client import CometClient
    from keys.ledger.book import Ledger
    from keys.services import journal, leases, perform

    places: list[tuple[Any, str]] = [
        (perform, "guard"),
        (CometClient, "get_key"),
        (CometClient, "put_key"),
        (Ledger, "append"),
        (leases, "take"),
        (leases, "start_sending"),
        (journal, "close"),
        (journal, "result_of"),
        (journal, "outcome"),
        (perform, "_intend"),
    ]
    for owner, name in places:
        setattr(owner, name, counted(getattr(owner, name), die_at))


def main() -> None:
    asked = json.loads(sys.stdin.read())
    django.setup()
    wrap(asked["die_at"])
    from keys.models import Person, Team
    from keys.services import edit, status
    from keys.services.snapshots import snapshot_from_json
    from keys.types import Actor, ActorKind, KeyWish

    team, lead = Team.objects.get(pk=asked["team"]), Person.objects.get(pk=asked["lead"])
    actor = Actor(ActorKind.PERSON, str(lead.pk), lead.username, role="lead")
    common = {"person": lead, "actor": actor, "team": team, "key_id": asked["key"]}
    change_id = UUID(asked["change"])
    if asked["fields"] == {"status": 2}:
        status.disable_key(**common, change_id=change_id)
    else:
        base = snapshot_from_json(asked["base"])
        edit.edit_key(**common, base=base, wish=KeyWish(asked["fields"]), change_id=change_id, reason="")
    sys.stdout.write(str(STEPS))


if __name__ == "__main__":
    main()
