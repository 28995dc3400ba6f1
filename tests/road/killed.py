"""Changes made in processes of their own, each of which meets its trouble at its n-th step.

`python -m tests.road.killed` reads one change a line as JSON, makes it in a child made by fork, and answers with a
line. Steps are counted at both ends of the functions below, so every gap between two effects is hit. The product has no
switch for this: the counting wraps the shipped functions here.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import django

STEPS = 0


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def lose_the_database() -> None:
    """From now on every statement fails, as when the server is gone."""
    from django.db import OperationalError, connection

    def gone(*args: Any) -> None:
        raise OperationalError("the database is gone")

    connection.execute_wrappers.append(gone)


TROUBLE: dict[str, Callable[[], None]] = {"kill": die, "database": lose_the_database}


def counted(function: Callable[..., Any], at: int, trouble: Callable[[], None]) -> Callable[..., Any]:
    def step() -> None:
        global STEPS
        STEPS += 1
        if at == STEPS:
            trouble()

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        step()
        answer = function(*args, **kwargs)
        step()
        return answer

    return wrapper


def wrap(at: int, trouble: Callable[[], None]) -> None:
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
        setattr(owner, name, counted(getattr(owner, name), at, trouble))


def one_transaction_around_all() -> Any:
    """The mutant: intent and outcome commit together, at the end."""
    from django.db import transaction

    from keys.ledger import book

    book.transaction = SimpleNamespace(atomic=lambda durable: transaction.atomic())  # type: ignore[attr-defined,assignment]
    book._durable_block = lambda: None
    return transaction.atomic()


def change(asked: dict[str, Any]) -> str:
    """Make one change; what is said of it."""
    from django.conf import settings

    from keys.errors import CometAdminError
    from keys.models import Person, Team
    from keys.services import edit, status
    from keys.services.snapshots import snapshot_from_json
    from keys.types import Actor, ActorKind, KeyWish

    settings.COMETAPI_BASE_URL = asked["base_url"]
    around = one_transaction_around_all() if asked["mutant"] else nullcontext()
    wrap(asked["at"], TROUBLE[asked["trouble"]])
    team, lead = Team.objects.get(pk=asked["team"]), Person.objects.get(pk=asked["lead"])
    actor = Actor(ActorKind.PERSON, str(lead.pk), lead.username, role="lead")
    common = {"person": lead, "actor": actor, "team": team, "key_id": asked["key"], "change_id": UUID(asked["change"])}
    try:
        with around:
            if asked["fields"] == {"status": 2}:
                return str(status.disable_key(**common).outcome)
            base = snapshot_from_json(asked["base"])
            return str(edit.edit_key(**common, base=base, wish=KeyWish(asked["fields"]), reason="").outcome)
    except (CometAdminError, django.db.DatabaseError) as error:
        return type(error).__name__


def main() -> None:
    django.setup()
    from keys.cometapi import client

    client._tls()  # read once, and not by each child
    for line in sys.stdin:
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            said = change(json.loads(line))
            os.write(write, json.dumps({"said": said, "steps": STEPS}).encode())
            os._exit(0)
        os.close(write)
        with os.fdopen(read) as told:
            answer = told.read()
        os.waitpid(child, 0)
        sys.stdout.write((answer or "{}") + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
