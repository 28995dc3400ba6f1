"""Promise 14, lists: what a page of 50 keys costs among 10,000 and among 100,000.

Baseline: a bare Django list view of the same table (newest 50 rows, one plain template loop, no sign-in, no counts), in
the same run, turn by turn. CPU time of this process is told beside the clock's, since other work on the machine adds to
the latter alone. Upstream is not there at all: the address of CometAPI leads nowhere.

Exits 1 where the promise is broken: a page with more queries than promised; a plain one (what an index leads to) that
takes more CPU time at the median among the fewest keys, or that takes more than MOST_GROWTH times as long among the
most, each held against the bare view beside it, since a busy machine slows down both. A text, an address and the order
by status, which moves with time, read every key: their time is told.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.environment import base_environment

RUNS = int(os.environ.get("BENCH_RUNS", "40"))
SIZES = tuple(int(size) for size in os.environ.get("BENCH_KEYS", "10000,100000").split(","))
PLAIN = (
    ("newest first", ""),
    ("a deep page", "?page={deep}"),
    ("status", "?status=expired"),
    ("spent most", "?sort=-used"),
    ("by name", "?sort=name"),
    ("least left", "?sort=left"),
    ("expires soonest", "?sort=expires"),
    ("by group", "?sort=group"),
    ("open ones first", "?sort=restricted"),
    ("used last", "?sort=-last_used"),
)
READ_ALL = (("search", "?q=bill"), ("an address", "?address=10.1.2.3"), ("by status", "?sort=status"))
BARE = "{% for key in keys %}<p>{{ key.name }} {{ key.masked }} {{ key.status }} {{ key.used_quota }}</p>{% endfor %}"
MOST_MS, MOST_QUERIES, MOST_GROWTH = 40, 15, 1.5


class Measured(NamedTuple):
    """One page, at the median: CPU time in milliseconds, and how many times as long as the bare view by the clock."""

    cpu_ms: float
    ratio: float
    queries: int


def timed(function: Callable[[], Any]) -> tuple[float, float]:
    """(clock, CPU), in milliseconds."""
    clock, cpu = time.perf_counter(), time.process_time()
    function()
    return (time.perf_counter() - clock) * 1000, (time.process_time() - cpu) * 1000


def fill(count: int) -> Any:
    from django.db import connection

    from keys.models import Membership, MirrorKey, Person, Team, TeamRole
    from tests.listing.making import listed, many

    team = Team.objects.create(slug=f"team-{count}", name=f"Team of {count}", account_id=count)
    MirrorKey.objects.bulk_create(many(team, count, first=count * 10), batch_size=2_000)
    listed(team)
    lead = Person.objects.create_user(f"lead-{count}")
    Membership.objects.create(person=lead, team=team, role=TeamRole.LEAD)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    return team, lead


def bare(team: Any) -> Any:
    from django.http import HttpResponse
    from django.template import Context, Template

    from keys.models import MirrorKey

    template = Template(BARE)

    def view(request: Any) -> HttpResponse:
        keys = MirrorKey.objects.filter(team=team, gone_at=None).order_by("-key_id")[:50]
        return HttpResponse(template.render(Context({"keys": keys})))

    return view


def measure(count: int, database: str) -> dict[str, Measured]:
    from django.db import connection
    from django.test import Client, RequestFactory
    from django.test.utils import CaptureQueriesContext

    team, lead = fill(count)
    client, view, request = Client(), bare(team), RequestFactory().get("/")
    client.force_login(lead)
    found = {}
    for name, query in (*PLAIN, *READ_ALL):
        address = f"/teams/{team.slug}/keys/{query.format(deep=count // 50)}"
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        count_of_queries = len(queries)
        ours, theirs = [], []
        for _ in range(RUNS):
            theirs.append(timed(partial(view, request)))
            ours.append(timed(partial(client.get, address)))
        report(f"{name}, {count:,} keys on {database}", ours, theirs, count_of_queries)
        ratio = statistics.median(one[0] / other[0] for one, other in zip(ours, theirs, strict=True))
        found[name] = Measured(statistics.median(cpu for _, cpu in ours), ratio, count_of_queries)
    return found


def report(what: str, ours: list[tuple[float, float]], theirs: list[tuple[float, float]], queries: int) -> None:
    clock, cpu = (statistics.median(one[part] for one in ours) for part in (0, 1))
    plain = statistics.median(one[0] for one in theirs)
    say(
        f"{what}: {clock:.1f} ms ({cpu:.1f} ms of CPU), bare view {plain:.1f} ms, ratio {clock / plain:.1f}, "
        f"{queries} queries"
    )


def say(text: str) -> None:
    sys.stdout.write(f"list, {text}\n")
    sys.stdout.flush()


def broken(by_size: list[dict[str, Measured]]) -> list[str]:
    """What of the promise does not hold, in words. by_size: from the fewest keys to the most."""
    few, many = by_size[0], by_size[-1]
    faults = []
    for name, measured in [pair for found in by_size for pair in found.items()]:
        if measured.queries > MOST_QUERIES:
            faults.append(f"{name}: {measured.queries} queries, at most {MOST_QUERIES} are promised")
    for name, _ in PLAIN:
        if few[name].cpu_ms > MOST_MS:
            faults.append(f"{name}: {few[name].cpu_ms:.1f} ms of CPU, at most {MOST_MS} are promised")
        growth = many[name].ratio / few[name].ratio
        if growth > MOST_GROWTH:
            faults.append(f"{name}: {growth:.2f} times as long among more keys, at most {MOST_GROWTH} is promised")
    return faults


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        database = os.environ.get("DATABASE_URL", f"sqlite:///{Path(name) / 'bench.sqlite3'}")
        os.environ.update({**base_environment(), "DATABASE_URL": database, "COMETAPI_BASE_URL": "http://127.0.0.1:9"})
        os.environ["DJANGO_SETTINGS_MODULE"] = "cometadmin.settings"
        import django
        from django.conf import settings
        from django.core.management import call_command

        django.setup()
        settings.ALLOWED_HOSTS = ["*"]
        settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
        by_size = [measure(count, database.split(":", 1)[0]) for count in sorted(SIZES)]
    faults = broken(by_size)
    for fault in faults:
        say(f"BROKEN: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
