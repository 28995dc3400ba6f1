"""One process that appends as fast as it can: `python -m tests.ledger.writer NAME THREADS RECORDS [MUTANT]`.

Prints one line for every append that failed. MUTANT: `deferred` or `last_row`, a deliberately wrong variant.
"""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator

import django


@contextlib.contextmanager
def wrong(mutant: str) -> Iterator[None]:
    from django.db import connections

    from keys.ledger import book
    from tests.support.mutants import mutated

    if mutant == "deferred":
        connections.settings["default"]["OPTIONS"]["transaction_mode"] = "DEFERRED"
    if mutant != "last_row":
        yield
        return
    last_row = '"SELECT seq FROM keys_record ORDER BY seq DESC LIMIT 1" + for_update)'
    with mutated(book._lock, "_LOCK + for_update)", f'{last_row}; cursor.execute("SELECT 1")'):
        yield


def write(name: str, records: int) -> None:
    """Alternately a record with own data beside it, and an intent with its outcome."""
    from django.db import connection

    from keys.ledger import book
    from keys.models import Team
    from tests.ledger.making import change, entry

    for n in range(records // 2):
        try:
            with book.opened() as ledger:
                team = Team.objects.create(slug=f"{name}-{n}", name=name)
                ledger.append(entry(team=team, body={"changed": {"slug": ["", team.slug]}}))
            change(team, 1, outcome=None)
        except Exception as error:  # whatever it is, the test wants to see it
            print(f"{type(error).__name__}: {error}", flush=True)  # noqa: T201
    connection.close()


def main(name: str, threads: int, records: int, mutant: str = "") -> None:
    with wrong(mutant):
        running = [threading.Thread(target=write, args=(f"{name}-{n}", records)) for n in range(threads)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "cometadmin.settings"
    django.setup()
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
