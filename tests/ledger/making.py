"""Makes records for the ledger's tests: every kind of column filled, hostile text too."""

import random
import uuid
from typing import Any

from keys.ledger import book
from keys.ledger.actions import Action
from keys.models import Record, Team
from keys.types import Actor, ActorKind

LEA = Actor(ActorKind.PERSON, "900007", "Léa Müller", "lead", "192.0.2.7", "0123456789abcdef0123456789abcdef")
NOBODY = Actor(ActorKind.ANONYMOUS, "", "", "", "192.0.2.9", "proxy-77")
HOSTILE = "\u202egnp.\x00\ud800<b>\\ =cmd()\x1b[31m"


def key_fields(**other: Any) -> dict[str, Any]:
    """Settings and counters of a key as a body holds them."""
    return {
        "name": "staging",
        "status": 1,
        "expired_time": -1,
        "remain_quota": 500_000,
        "unlimited_quota": False,
        "model_limits_enabled": False,
        "model_limits": "",
        "allow_ips": "203.0.113.0/24\n198.51.100.7",
        "group": "default",
        "cross_group_retry": False,
        "used_quota": 5,
        "created_time": 1_700_000_000,
        "accessed_time": 1_700_000_001,
        "masked": "abcd**********wxyz",
        "user_id": 7,
        **other,
    }


def entry(**other: Any) -> book.Entry:
    return book.Entry(**{"action": Action.SIGN_IN, "actor": LEA, **other})


def append(**other: Any) -> Record:
    """One record in a transaction of its own."""
    with book.opened() as ledger:
        return ledger.append(entry(**other))


def change(team: Team, key_id: int, *, outcome: str | None = "confirmed", name: str = "staging") -> tuple[Record, ...]:
    """An intent and, unless None, its outcome."""
    about = {
        "action": Action.KEY_EDIT,
        "team": team,
        "key_id": key_id,
        "key_name": name,
        "change": str(uuid.uuid4()),
        "reason": "new office",
    }
    intent = append(
        **about,
        body={
            "kind": "edit",
            "before": key_fields(),
            "wanted": key_fields(name=name),
            "changed": {"name": ["staging", name]},
        },
    )
    if outcome is None:
        return (intent,)
    return intent, append(
        **about, outcome=outcome, body={"kind": "edit", "found": key_fields(name=name), "window_ms": 80}
    )


def ledger_of(count: int, seed: int = 1) -> list[Team]:
    """At least `count` records over three teams: changes, open ones too, sign-ins and refusals."""
    chance = random.Random(seed)
    teams = [Team.objects.create(slug=f"t{n}", name=f"Team {n} {HOSTILE[:4]}".replace("\x00", "")) for n in range(3)]
    while Record.objects.count() < count:
        kind = chance.random()
        if kind < 0.7:
            outcome = chance.choice(["confirmed", "differs", "refused", "unknown", None])
            change(
                chance.choice(teams),
                chance.randrange(1, 6),
                outcome=outcome,
                name=chance.choice(["ops", HOSTILE, "名"]),
            )
        elif kind < 0.85:
            append(action=Action.DENIED, actor=NOBODY, team=chance.choice(teams), body={"verb": "edit_key", "count": 2})
        else:
            append(reason=chance.choice(["", "night shift"]))
    return teams
