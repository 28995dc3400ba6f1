"""Promise 16: the history of a large ledger, each filter's median against a page by primary key of the same table.

`python -m tests.bench.bench_history [records]`, 1,000,000 when not said. The records are valid ones, by the product's
own chain, columns and index; so exports of them are measured too. `BENCH_DATABASE` keeps them between runs.
"""

import os
import random
import resource
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
GROWN_MB = 64
"""How much more memory streaming all of it may hold; a million records are some thousand."""

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
EXPORTED = ["", "team=t1", "outcome=confirmed", "field=cross_group_retry", "text=xyzzy", "since=2025-03-01"]


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
    from keys.models import LedgerHead, Person, Record, Team

    Team.objects.bulk_create(Team(pk=n + 1, slug=f"t{n}", name=f"Team {n}") for n in range(40))
    Person.objects.bulk_create(Person(pk=n + 1, username=f"p{n}") for n in range(400))
    batch: list[Record] = []
    for record in chained(count):
        batch.append(record)
        if len(batch) == 5_000 or record.seq >= count:
            Record.objects.bulk_create(batch)
            LedgerHead.objects.filter(pk=1).update(seq=record.seq, link=record.link)
            batch.clear()
    finding.reindex()


def analyze() -> None:
    """What PostgreSQL does by itself within a minute: until then it guesses how many records a filter meets."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def chained(count: int) -> Iterator[Any]:
    """The same as records of one chain, as `book` would have written them."""
    from django.conf import settings

    from keys.ledger import chain
    from keys.ledger.columns import columns_of
    from keys.models import Record

    key, secret = next(iter(settings.LEDGER_KEYS.items()))
    link = chain.GENESIS
    blank = {"v": chain.VERSION, "actor_role": "lead", "key_name": "", "reason": "", "team_n": None, "key_n": None}
    for said in records(count, random.Random(7)):  # noqa: S311
        seq, moment = said.pop("seq"), said.pop("time")
        said = {**blank, **said, "nonce": f"{seq:032x}", "time": f"{moment:%Y-%m-%dT%H:%M:%S}.000000Z"}
        text = chain.canonical(said)
        digest, previous = chain.digest_of(text), link
        link = chain.link_of(previous, seq, digest)
        about = {"text": text, "digest": digest, "previous": previous, "link": link, "seal_key": key}
        yield Record(**{**columns_of(said), "time": moment}, **about, seq=seq, seal=chain.seal_of(secret, link))


def timed(ask: Any) -> tuple[float, float]:
    """Medians of some runs, in ms: by the wall clock, and of this process alone (with SQLite, all there is)."""
    times = []
    for _ in range(RUNS):
        begun = time.perf_counter(), time.process_time()
        ask()
        times.append(((time.perf_counter() - begun[0]) * 1000, (time.process_time() - begun[1]) * 1000))
    return statistics.median(wall for wall, _ in times), statistics.median(own for _, own in times)


def report(limits: dict[str, dict[str, str]], count: int) -> list[str]:
    """limits: milliseconds -> what is asked for, by name. The names of those that took longer."""
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

    slow = []
    for title, queries in limits.items():
        for name, query in queries.items():
            found, (took, own) = ask(query), timed(lambda query=query: ask(query))
            stopped = f", looked down to {found.looked_down_to:,}" if found.looked_down_to else ""
            late = "" if took <= int(title) else f"  OVER {title} ms"
            slow += [name] if late else []
            times = f"{took:8.1f} ms, own {own:6.1f}  ratio {took / plain:6.1f}"
            said = f"{times}  {name}: {len(found.records)} entries{stopped}{late}"
            sys.stdout.write(said + "\n")
    return slow


def exports() -> float:
    """How long it takes to find what an export holds, and to stream all of it. Promised is flat memory alone: how
    many megabytes more the process held at most for that."""
    from zoneinfo import ZoneInfo

    from django.http import QueryDict

    from keys.forms.history import HistoryForm
    from keys.models import Person
    from keys.selectors.chosen import choose
    from keys.selectors.history_filter import HistoryFilter
    from keys.services.export_lines import pieces_of
    from keys.services.exporting import Format, begin_export
    from tests.people.making import SYSTEM

    boss = Person.objects.get(username="boss")
    for query in EXPORTED:
        form = HistoryForm(QueryDict(query), reader=boss, zone=ZoneInfo("UTC"))
        assert form.is_valid(), form.errors
        begun = time.perf_counter()
        found = choose(boss, form.to_filter())
        took = time.perf_counter() - begun
        sys.stdout.write(f"{took:8.1f} s to find the {len(found.seqs):,} records of an export of {query or 'all'}\n")
    begun, held = time.perf_counter(), peak_mb()
    export = begin_export(person=None, actor=SYSTEM, wanted=HistoryFilter(), form=Format.JSON_LINES)
    found_in = time.perf_counter() - begun
    size = sum(map(len, pieces_of(export, Format.JSON_LINES)))
    took, grown = time.perf_counter() - begun, peak_mb() - held
    sys.stdout.write(
        f"{took:8.1f} s for all as JSON Lines, {found_in:.1f} of them until the first byte: {size / 2**20:,.0f} MB, "
        f"{export.count / took:,.0f} records a second; {grown:,.0f} MB more memory than before\n"
    )
    return grown


def peak_mb() -> float:
    """What this process has held at most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def verdict(slow: list[str], grown: float) -> int:
    """The exit code; what broke the promise is said."""
    if slow:
        sys.stdout.write(f"FAILED: over what is promised: {', '.join(slow)}\n")
    if grown > GROWN_MB:
        sys.stdout.write(f"FAILED: an export took {grown:,.0f} MB of memory ({GROWN_MB} at most)\n")
    return 1 if slow or grown > GROWN_MB else 0


def main() -> int:
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
            analyze()
        slow = report({str(ALONE_MS): ALONE, str(TOGETHER_MS): TOGETHER}, Record.objects.count())
        return verdict(slow, exports())


if __name__ == "__main__":
    sys.exit(main())
