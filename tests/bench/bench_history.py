"""Promise 16: the history of a large ledger, each filter's median against a page by primary key of the same table.

`python -m tests.bench.bench_history [records]`, 1,000,000 when not said. The records are made by the product's own
columns and index, with their chain left out: searching does not look at it. `BENCH_DATABASE` keeps them between runs.
"""

import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.environment import base_environment

RUNS = 7
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
YEARS = timedelta(days=1050)
WORDS = [
    "new",
    "office",
    "moved",
    "partner",
    "rotation",
    "cost",
    "cut",
    "batch",
    "night",
    "shift",
    "agreed",
    "ticket",
    "leaver",
    "audit",
    "quarter",
]
ALONE_MS, TOGETHER_MS = 100, 500

ALONE = {
    "nothing": "",
    "time": "since=2025-03-01&until=2025-03-31",
    "long ago": "until=2024-01-31",
    "team": "team=t1",
    "small team": "team=t39",
    "key": "key=4",
    "person": "person=p7",
    "person who does little": "person=p150",
    "action": "action=key.edit",
    "rare action": "action=team.edit",
    "outcome": "outcome=confirmed",
    "rare outcome": "outcome=other",
    "field": "field=allow_ips",
    "rare field": "field=cross_group_retry",
    "request": "request=00000000-0000-0000-0000-000000001234",
    "team, time": "team=t1&since=2025-03-01&until=2025-03-31",
    "key, time": "team=t1&key=4&since=2025-03-01&until=2025-03-31",
    "person, time": "person=p7&since=2025-03-01&until=2025-03-31",
    "action, time": "action=key.disable&since=2025-03-01&until=2025-03-31",
    "outcome, time": "outcome=refused&since=2025-03-01&until=2025-03-31",
    "team, action": "team=t1&action=team.edit",
    "last page of a team": "team=t1&before=2000",
}
TOGETHER = {
    "text, month": "text=leaver&since=2025-03-01&until=2025-03-31",
    "text that is nowhere": "text=xyzzy",
    "text that is nowhere, month": "text=xyzzy&since=2025-03-01&until=2025-03-31",
    "value": "value=203.0.113.7",
    "value that is nowhere": "value=192.0.2.255/31",
    "value, month": "value=203.0.113.77&since=2025-03-01&until=2025-03-31",
    "field, value": "field=allow_ips&value=203.0.113.77",
    "team, field, value": "team=t1&field=allow_ips&value=203.0.113.77",
    "person, outcome": "person=p150&outcome=other",
    "action, outcome": "action=key.enable&outcome=other",
    "field, outcome": "field=cross_group_retry&outcome=refused",
    "all at once": "team=t1&person=p7&action=key.edit&outcome=refused&field=name&since=2025-01-01&until=2025-06-30",
}


def records(count: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    """The columns of `count` records: changes of two, and single ones, spread over three years and forty teams."""
    seq = 0
    ordinals: dict[tuple[int, ...], int] = {}
    while seq < count:
        team = min(int(chance.expovariate(0.12)), 39)
        for said in told_by(chance, team, seq):
            seq += 1
            about = {"team_id": said["team_id"], "key_id": said["key_id"]}
            numbers = {}
            for name, ids in (("team_n", (about["team_id"],)), ("key_n", tuple(about.values()))):
                if None not in ids:
                    numbers[name] = ordinals[ids] = ordinals.get(ids, 0) + 1
            moment = BEGIN + YEARS * (seq / count)
            yield {**said, **numbers, "seq": seq, "time": moment.replace(microsecond=0)}


def told_by(chance: random.Random, team: int, seq: int) -> Iterator[dict[str, Any]]:
    person = min(int(chance.expovariate(0.03)), 399)
    about = {
        "actor_kind": "person",
        "actor_id": str(person + 1),
        "actor": f"p{person}",
        "address": "192.0.2.7",
        "request_id": f"{seq:032d}",
        "team_id": team + 1,
        "team": f"Team {team}",
        "key_id": None,
    }
    kind = chance.random()
    if kind > 0.85:
        action = "team.edit" if kind > 0.9999 else "access.denied" if kind > 0.95 else "person.sign_in"
        alone = {"team_id": None, "team": ""} if action == "person.sign_in" else {}
        yield {**about, **alone, "action": action, "outcome": "", "change": "", "body": {"count": 1}}
        return
    action = "key.edit" if kind < 0.7 else "key.disable" if kind < 0.8 else "key.enable"
    outcome = chance.choices(["confirmed", "refused", "differs", "other"], [950, 30, 19, 1])[0]
    key = {"key_id": chance.randrange(1, 200), "key_name": "key", "action": action, "change": f"change-{seq}"}
    key["reason"] = " ".join(chance.choices(WORDS, k=4)) if chance.random() < 0.6 else ""
    yield {**about, **key, "outcome": "", "body": {"changed": changed(chance), "before": SETTINGS, "wanted": SETTINGS}}
    yield {**about, **key, "outcome": outcome, "body": {"found": SETTINGS, "steps": [], "window_ms": 80}}


SETTINGS = {
    "name": "staging",
    "allow_ips": "203.0.113.0/24",
    "group": "default",
    "model_limits": "m" * 300,
    "status": 1,
}


def changed(chance: random.Random) -> dict[str, list[Any]]:
    fields = chance.choices(["name", "allow_ips", "remain_quota", "cross_group_retry"], [50, 30, 20, 0.1], k=2)
    return {f: [f"203.0.113.{chance.randrange(256)}", f"198.51.100.{chance.randrange(256)}"] for f in set(fields)}


def fill(count: int) -> None:
    from keys.ledger import finding
    from keys.models import Person, Record, Team

    Team.objects.bulk_create(Team(pk=n + 1, slug=f"t{n}", name=f"Team {n}") for n in range(40))
    Person.objects.bulk_create(Person(pk=n + 1, username=f"p{n}") for n in range(400))
    batch = []
    for said in records(count, random.Random(7)):  # noqa: S311
        body = said.pop("body")
        link = f"{said['seq']:064x}"
        batch.append(
            Record(**said, text=json.dumps({"body": body, "x": "x" * 300}), link=link, previous="p" + link[1:])
        )
        if len(batch) == 5_000:
            Record.objects.bulk_create(batch)
            batch.clear()
    Record.objects.bulk_create(batch)
    finding.reindex()


def timed(ask: Any) -> tuple[float, float]:
    """Medians of some runs, in ms: by the wall clock, and of this process alone (with SQLite, all there is)."""
    times = []
    for _ in range(RUNS):
        begun = time.perf_counter(), time.process_time()
        ask()
        times.append(((time.perf_counter() - begun[0]) * 1000, (time.process_time() - begun[1]) * 1000))
    return statistics.median(wall for wall, _ in times), statistics.median(own for _, own in times)


def report(limits: dict[str, dict[str, str]], count: int) -> None:
    from zoneinfo import ZoneInfo

    from django.http import QueryDict

    from keys.forms.history import HistoryForm
    from keys.models import CompanyRole, Person, Record
    from keys.selectors.history import entries_of
    from keys.selectors.search import find

    boss, _ = Person.objects.get_or_create(username="boss", defaults={"pk": 10**6, "company_role": CompanyRole.ADMIN})
    plain, plain_own = timed(lambda: list(Record.objects.filter(seq__lt=count // 2).order_by("-seq")[:50]))
    sys.stdout.write(
        f"{count:,} records; a page of 50 by primary key: {plain:.1f} ms, of this process {plain_own:.1f}\n"
    )

    def ask(query: str) -> Any:
        given = QueryDict(query)
        form = HistoryForm(given, reader=boss, zone=ZoneInfo("UTC"))
        assert form.is_valid(), (query, form.errors)
        found = find(boss, form.to_filter(), int(given["before"]) if "before" in given else None)
        entries_of(found.records)
        return found

    for title, queries in limits.items():
        for name, query in queries.items():
            found, (took, own) = ask(query), timed(lambda query=query: ask(query))
            stopped = f", looked down to {found.looked_down_to:,}" if found.looked_down_to else ""
            late = "" if took <= int(title) else f"  OVER {title} ms"
            times = f"{took:8.1f} ms, own {own:6.1f}  ratio {took / plain:6.1f}"
            said = f"{times}  {name}: {len(found.records)} entries{stopped}{late}"
            sys.stdout.write(said + "\n")


def main() -> None:
    count = int(sys.argv[1].replace(",", "")) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        kept = os.environ.get("BENCH_DATABASE", f"sqlite:///{Path(name) / 'bench.sqlite3'}")
        os.environ.update({**base_environment(), "DATABASE_URL": os.environ.get("DATABASE_URL", kept)})
        os.environ["DJANGO_SETTINGS_MODULE"] = "cometadmin.settings"
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        from keys.models import Record

        if not Record.objects.exists():
            fill(count)
        report({str(ALONE_MS): ALONE, str(TOGETHER_MS): TOGETHER}, Record.objects.count())


if __name__ == "__main__":
    main()
