"""Many records at once, by the writer's own arithmetic, where a transaction each would take too long.

Each has 900 bytes of text or more, as a change of a key has.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from keys.ledger import chain
from keys.ledger.columns import columns_of
from keys.ledger.finding import reindex
from keys.models import LedgerHead, Record
from tests.ledger.making import key_fields

BEGUN = datetime(2026, 1, 5, tzinfo=UTC)
BATCH = 2_000


def fill(count: int, teams: int = 20, keys: int = 25) -> None:
    """Bring a ledger that was begun by this to `count` records: changes, an intent and its outcome, a minute each."""
    head = LedgerHead.objects.get(pk=1)
    key_id, secret = next(iter(settings.LEDGER_KEYS.items()))
    previous = head.link
    batch: list[Record] = []
    for seq, said in enumerate(_said(count, teams, keys), start=1):
        if seq <= head.seq:
            continue
        text = chain.canonical(said)
        digest = chain.digest_of(text)
        link = chain.link_of(previous, seq, digest)
        columns = columns_of(json.loads(text))
        given = {**columns, "time": datetime.fromisoformat(columns["time"]), "text": text, "digest": digest}
        batch.append(
            Record(**given, seq=seq, previous=previous, link=link, seal=chain.seal_of(secret, link), seal_key=key_id)
        )
        previous = link
        if len(batch) == BATCH or seq == count:
            with transaction.atomic():
                Record.objects.bulk_create(batch)
                LedgerHead.objects.filter(pk=1).update(seq=seq, link=link)
            batch = []
    reindex()


def _said(count: int, teams: int, keys: int) -> Iterator[dict[str, Any]]:
    team_n: dict[int, int] = defaultdict(int)
    key_n: dict[tuple[int, int], int] = defaultdict(int)
    for n in range(count):
        of_change = n // 2
        team, key = 1 + of_change % teams, 1 + of_change // teams % keys
        team_n[team] += 1
        key_n[team, key] += 1
        yield {
            **_about(n, team, key),
            "team_n": team_n[team],
            "key_n": key_n[team, key],
            "outcome": "confirmed" if n % 2 else "",
            "body": _body(n),
        }


def _about(n: int, team: int, key: int) -> dict[str, Any]:
    return {
        "v": chain.VERSION,
        "nonce": f"{n:032x}",
        "time": f"{BEGUN + timedelta(minutes=n):%Y-%m-%dT%H:%M:%S}.123000Z",
        "action": "key.edit",
        "actor_kind": "person",
        "actor_id": str(100 + n // 2 % 60),
        "actor": f"Lea Müller {n // 2 % 60}",
        "actor_role": "lead",
        "address": "192.0.2.7",
        "request_id": f"{n:032x}",
        "team_id": team,
        "team": f"Team {team}",
        "key_id": key,
        "key_name": f"staging {key}",
        "change": f"00000000-0000-4000-8000-{n // 2:012d}",
        "reason": "the new office" if n % 14 else "an old reason\nof two lines",
    }


def _body(n: int) -> dict[str, Any]:
    before = key_fields(remain_quota=n)
    if n % 2:
        return {"kind": "edit", "found": before, "window_ms": 80, "message": "m" * 300}
    return {"kind": "edit", "before": before, "wanted": before, "changed": {"remain_quota": [n, n + 1]}}
