"""A page of the list takes at most fifteen queries (promise 14), whoever looks and whatever is looked for."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from keys.models import Job, MirrorKey, TeamSync, WorkerLane
from keys.selectors import counting
from keys.selectors.mirror import SORTS
from keys.types import Lane
from tests.listing.making import listed, many
from tests.pages.house import House

MOST = 15
ASKED = (
    "",
    "?status=disabled",
    "?q=a",
    "?address=203.0.113.9",
    "?q=a&address=203.0.113.9&tag=eu",
    "?gone=yes",
    "?low=9",
)


@pytest.mark.parametrize("state", ["idle", "alone", "queued"])
@pytest.mark.parametrize("query", ASKED)
def test_no_page_takes_more(query: str, state: str, house: House) -> None:
    now = timezone.now()
    listed(house.team, running_since=now if state == "alone" else None)
    if state == "queued":
        WorkerLane.objects.create(name="w", lane=Lane.ORDINARY, started_at=now, heartbeat_at=now + timedelta(hours=1))
        Job.objects.create(kind="sync", team=house.team, created_at=now, due_at=now)

    for username in ("lead", "member", "auditor", "admin"):
        client = house.client(username)
        for path in (house.list_path, "/keys/"):
            counting._KEPT.clear()
            for kept in (False, True):
                with CaptureQueriesContext(connection) as queries:
                    assert client.get(path + query).status_code == 200
                told = "\n".join(one["sql"][:120] for one in queries)
                assert len(queries) <= MOST, f"{username} at {path}, {kept=}: {len(queries)}\n{told}"


def test_more_keys_take_no_more(house: House) -> None:
    client, counts = house.client(), []
    for first in (20_000, 30_000):
        with CaptureQueriesContext(connection) as queries:
            client.get(house.list_path + "?q=prod")
        counts.append(len(queries))
        MirrorKey.objects.bulk_create(many(house.team, 200, first=first))
        TeamSync.objects.update(mark="00000000-0000-4000-8000-000000000000")

    assert counts[0] == counts[1]


@pytest.mark.parametrize("sort", sorted(SORTS.keys() - {"status", "team"}))
def test_each_order_is_read_out_of_an_index_of_its_own(sort: str, house: House) -> None:
    """But by status, which moves with time. Without statistics, as a database is that nobody has looked after."""
    MirrorKey.objects.bulk_create(many(house.team, 2_000, first=20_000))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE keys_mirrorkey")
    client = house.client()

    with CaptureQueriesContext(connection) as queries:
        client.get(f"{house.list_path}?sort={sort}")

    (page,) = (one["sql"] for one in queries if "LIMIT 50" in one["sql"] and "keys_mirrorkey" in one["sql"])
    with connection.cursor() as cursor:
        cursor.execute(("EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN ") + page)
        plan = "\n".join(str(line[-1]) for line in cursor.fetchall())
    names = {"created": "number", "expires": "expiry", "last_used": "last_use", "restricted": "restriction"}
    index = "mirror_team_used" if sort == "used" else f"mirror_by_{names.get(sort, sort)}"
    assert index in plan, plan
