"""Rows of the mirror, made straight in the table: from the sandbox's records, or made up."""

import random
import time
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from keys.models import Drift, KeyNote, MirrorKey, Team, TeamSync, UsageSample
from keys.redact import escape_visible
from keys.types import EDITABLE

DAY = 86_400
COUNTERS = ("created_time", "accessed_time", "used_quota")
DEFAULTS: Mapping[str, Any] = {
    "name": "key",
    "status": 1,
    "expired_time": -1,
    "remain_quota": 5_000_000,
    "unlimited_quota": False,
    "model_limits_enabled": False,
    "model_limits": "",
    "allow_ips": None,
    "group": "default",
    "cross_group_retry": False,
    "created_time": 1_700_000_000,
    "accessed_time": 1_700_000_000,
    "used_quota": 0,
}


def mirrored(team: Team, key_id: int, **fields: Any) -> MirrorKey:
    """One row, saved. Fields as CometAPI names them; `masked` and `gone_at` besides."""
    row = as_row(team, key_id, fields)
    row.save(force_insert=True)
    altered(team)
    return row


def altered(team: Team) -> None:
    """Rows were written past the mirror's one writer: what is counted of them is to be counted anew, as that has it."""
    TeamSync.objects.filter(team=team).update(mark=uuid4())


def as_row(team: Team, key_id: int, fields: Mapping[str, Any]) -> MirrorKey:
    values = {**DEFAULTS, **{name: value for name, value in fields.items() if name in DEFAULTS}}
    masked = fields.get("masked", f"abcd**********{key_id:04d}"[-18:])
    texts = {
        name: escape_visible(values[name] or "", keep="\n") for name in ("name", "model_limits", "allow_ips", "group")
    }
    account_id = fields.get("user_id", team.account_id or 1)
    searched = (texts["name"], str(key_id), masked, texts["group"], texts["model_limits"])
    return MirrorKey(
        team=team,
        account_id=account_id,
        key_id=key_id,
        snapshot={**values, "id": key_id, "user_id": account_id, "masked": masked},
        **{**{name: values[name] for name in (*EDITABLE, *COUNTERS)}, **texts},
        masked=masked,
        haystack="\n".join(searched).casefold(),
        first_seen_at=timezone.now(),
        read_at=timezone.now(),
        gone_at=fields.get("gone_at"),
    )


def listed(team: Team, when: datetime | None = None, **fields: Any) -> TeamSync:
    """The team's mirror as it stands after a full listing."""
    fields = {"listed_at": when or timezone.now(), "tried_at": when or timezone.now(), **fields}
    return TeamSync.objects.update_or_create(team=team, defaults=fields)[0]


def mirror_sandbox(sandbox: Any, team: Team) -> None:
    """Everything that the sandbox has for this team, as a full listing would leave it."""
    MirrorKey.objects.filter(team=team).delete()
    rows = (as_row(team, record["id"], {**record, "masked": record["key"]}) for record in sandbox.keys(team.account_id))
    MirrorKey.objects.bulk_create(rows)
    listed(team)


def furnish_mirror(house: Any) -> None:
    """The house's team as read three hours ago, with everything that may stand beside a key; and what it spent."""
    mirror_sandbox(house.sandbox, house.team)
    now = timezone.now()
    listed(house.team, now - timedelta(hours=3), tried_at=now, trouble="timeout", message="CometAPI did not answer.")
    account = house.team.account_id
    for name, owner, tags in (("plain", "Anna Berg", ",eu,prod,"), ("arabic", "", ",search,")):
        texts = {"owner": owner, "tags": tags, "purpose": "The shop's search"}
        folded = {"owner_folded": owner.casefold(), "haystack": f"{owner} {tags}".casefold()}
        KeyNote.objects.create(account_id=account, key_id=house.keys[name], **texts, **folded)
    MirrorKey.objects.filter(key_id=house.keys["chinese"]).update(gone_at=now - timedelta(days=2))
    MirrorKey.objects.update(created_time=1_700_000_000)
    drift = {"account_id": account, "key_id": house.keys["restricted"], "weaker": ["allow_ips"]}
    Drift.objects.create(team=house.team, **drift, found_at=now, changed={}, record_seq=1)
    rng, used = random.Random(3), 0
    for ago in range(33, -1, -1):
        used += rng.randrange(2_000_000) if ago % 7 < 5 else 40_000
        sample = {"account_id": account, "key_id": house.keys["plain"], "day": now.date() - timedelta(days=ago)}
        UsageSample.objects.create(**sample, used_quota=used)


def forget_everything() -> None:
    """As on the first day."""
    Team.objects.all().delete()


def many(team: Team, count: int, first: int = 1, seed: int = 1) -> Iterable[MirrorKey]:
    """As a company might have them: states, groups, allowlists and models of every kind."""
    rng, now = random.Random(seed), int(time.time())
    lists = [f"10.{rng.randrange(256)}.{rng.randrange(256)}.0/24\n198.51.100.{rng.randrange(256)}" for _ in range(200)]
    models = ["gpt-4o,claude-sonnet-4", "gpt-5-mini", "text-embedding-3-large"]
    for key_id in range(first, first + count):
        created = now - rng.randrange(700) * DAY
        yield as_row(
            team,
            key_id,
            {
                "name": f"{rng.choice(('search', 'billing', 'chat', 'ingest'))}-{rng.choice(('prod', 'dev'))}-{key_id}",
                "status": rng.choice((1, 1, 1, 1, 1, 1, 2, 3, 4)),
                "expired_time": rng.choice((-1, -1, now + rng.randrange(400) * DAY, now - rng.randrange(90) * DAY)),
                "remain_quota": rng.randrange(50_000_000),
                "unlimited_quota": rng.random() < 0.1,
                "used_quota": rng.randrange(100_000_000),
                "group": rng.choice(("default", "vip", "auto", "")),
                "allow_ips": rng.choice((None, None, rng.choice(lists))),
                "model_limits_enabled": rng.random() < 0.3,
                "model_limits": rng.choice(("", *models)),
                "created_time": created,
                "accessed_time": rng.choice((0, created, now - rng.randrange(200) * DAY)),
            },
        )
