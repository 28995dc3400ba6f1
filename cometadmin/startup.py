"""The one function that checks the start, and the words in which faults are told: one line each on stderr, exit 2.

Django's own system checks do not run under gunicorn, and a settings exception prints 80 lines.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

NEED_NO_SETTINGS: Final = frozenset({"help", "version", "--help", "-h", "--version", "make_keys"})
NEED_NO_SECRETS: Final = frozenset(
    {
        "check",
        "collectstatic",
        "compilemessages",
        "createcachetable",
        "makemessages",
        "makemigrations",
        "migrate",
        "sandbox",
        "showmigrations",
        "sqlmigrate",
    }
)
CHECK_MORE: Final = frozenset({"serve", "worker"})
RECORDS_LOOKED_AT: Final = 1000


def tell(faults: Iterable[str]) -> None:
    """One line a fault on stderr."""
    for fault in faults:
        sys.stderr.write(" ".join(fault.split()) + "\n")


def settings_faults() -> list[str]:
    return [str(fault) for fault in settings.SETTINGS_FAULTS]


def refuse_command(arguments: Sequence[str]) -> None:
    """Exit 2 with one line a fault when this command cannot be run with the settings given.

    A missing secret stops only what uses secrets; a malformed setting stops everything but help and `make_keys`.
    `serve` and `worker` are let through: they check more than the settings.
    """
    command = arguments[0] if arguments else "help"
    if command in NEED_NO_SETTINGS or command in CHECK_MORE or {"--help", "-h"} & set(arguments):
        return
    faults = [str(f) for f in settings.SETTINGS_FAULTS if not (f.missing and command in NEED_NO_SECRETS)]
    if faults:
        tell(faults)
        sys.exit(2)


def check_start() -> list[str]:
    """Everything that would make a started dashboard unsafe or useless, in plain lines; [] when it may start.

    Settings first; the database only with sound settings, and each step only when the one before it found nothing.
    """
    steps: tuple[Callable[[], list[str]], ...] = (settings_faults, _unreachable, _unmigrated, _unsound)
    for step in steps:
        try:
            faults = step()
        except DatabaseError as error:
            faults = [f"DATABASE_URL: the database refused to be checked: {_words(error)}"]
        if faults:
            return faults
    return []


def _unreachable() -> list[str]:
    # Without the pool, which would try again and again and then speak of a timeout instead of the reason.
    probe = connection.copy()
    probe.settings_dict["OPTIONS"].pop("pool", None)
    try:
        probe.ensure_connection()
    except DatabaseError as error:
        return [f"DATABASE_URL: the database cannot be reached: {_words(error)}"]
    finally:
        probe.close()
    return []


def _unmigrated() -> list[str]:
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    told = f"{missing} migration" + "s" * (missing != 1)
    return [f"DATABASE_URL: the database lacks {told}; run `manage.py migrate`"] if missing else []


def _unsound() -> list[str]:
    from keys import sealing  # models are not there when manage.py imports this file
    from keys.ledger import guards

    return [
        *_transactions(),
        *(_sqlite() if connection.vendor == "sqlite" else _postgresql()),
        *_cache_table(),
        *_guards(guards.missing()),
        *sealing.seals_open(),
        *_ledger_keys(),
        *_checkpoint_keys(),
    ]


def _transactions() -> list[str]:
    faults = []
    if connection.settings_dict["ATOMIC_REQUESTS"]:
        faults.append("DATABASE_URL: ATOMIC_REQUESTS is on; a killed request would take its records along; remove it")
    if not connection.settings_dict["AUTOCOMMIT"]:
        faults.append("DATABASE_URL: AUTOCOMMIT is off; nothing would be committed on time; remove it")
    return faults


def _sqlite() -> list[str]:
    found = {name: _ask(f"PRAGMA {name}") for name in ("journal_mode", "synchronous", "foreign_keys")}
    faults = []
    if found["journal_mode"] != "wal":
        faults.append(f"DATABASE_URL: SQLite's journal_mode is {found['journal_mode']}, not wal; use a local disk")
    if found["synchronous"] not in ("2", "3"):
        faults.append("DATABASE_URL: SQLite's synchronous is not FULL; records could be lost with the power")
    if found["foreign_keys"] != "1":
        faults.append("DATABASE_URL: SQLite's foreign_keys are off")
    if connection.settings_dict["OPTIONS"].get("transaction_mode") != "IMMEDIATE":
        faults.append("DATABASE_URL: SQLite's transaction_mode is not IMMEDIATE; writers would fail, not queue")
    with transaction.atomic():  # takes the write lock, so that a file that cannot be written is found now
        pass
    return faults


def _postgresql() -> list[str]:
    faults = []
    with transaction.atomic():
        levels = {_ask("SHOW transaction_isolation"), _ask("SHOW default_transaction_isolation")}
    for level in levels - {"read committed"}:
        faults.append(f"DATABASE_URL: PostgreSQL's isolation is {level}, not read committed; set it for this database")
    if _ask("SHOW synchronous_commit") == "off":
        faults.append("DATABASE_URL: PostgreSQL's synchronous_commit is off; records could be lost with the power")
    if _ask("SHOW transaction_read_only") == "on":
        faults.append("DATABASE_URL: this PostgreSQL is read-only, perhaps a replica")
    return faults


def _ask(question: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(question)
        row = cursor.fetchone()
    return str(row[0]).lower() if row else ""


def _cache_table() -> list[str]:
    table = settings.CACHES["default"]["LOCATION"]
    if table in connection.introspection.table_names():
        return []
    return [f"DATABASE_URL: the table {table!r} is missing; run `manage.py createcachetable`"]


def _guards(missing: Sequence[str]) -> list[str]:
    if not missing:
        return []
    return [f"DATABASE_URL: the ledger's guards are missing ({', '.join(missing)}); run `manage.py migrate`"]


def _ledger_keys() -> list[str]:
    """Whether our ledger keys are those that sealed the records: the newest and the first, not all of a million.

    One that fits any of its records is right: a single damaged record is for `verify_ledger` to find.
    """
    from keys.models import Record

    columns = Record.objects.order_by("-seq").values_list("seq", "link", "seal", "seal_key")
    sealed: dict[str, list[tuple[int, str, str]]] = {}
    for seq, link, seal, key_id in (*columns[:RECORDS_LOOKED_AT], *columns.reverse()[:1]):
        sealed.setdefault(key_id, []).append((seq, link, seal))
    faults = []
    for key_id, records in sorted(sealed.items()):
        key, seq = settings.LEDGER_KEYS.get(key_id), records[0][0]
        if key is None:
            faults.append(f"LEDGER_KEYS: lacks the key {key_id!r} that sealed record {seq}; add it again")
        elif not any(_sealed_by(key, link, seal) for _, link, seal in records):
            faults.append(f"LEDGER_KEYS: the key {key_id!r} is not the one that sealed record {seq}; restore it")
    return faults


def _checkpoint_keys() -> list[str]:
    """Whether the key that signed the newest checkpoint is still there: else nobody could compare it any more."""
    from keys.ledger import checkpoint
    from keys.models import Checkpoint
    from keys.services.checkpoints import as_signed

    newest = Checkpoint.objects.order_by("-seq").first()
    if newest is None or as_signed(newest).signed_by(checkpoint.public_keys(settings.CHECKPOINT_KEYS)):
        return []
    if newest.key not in settings.CHECKPOINT_KEYS:
        return [f"CHECKPOINT_KEYS: lacks the key {newest.key!r} that signed the newest checkpoint; add it again"]
    return [f"CHECKPOINT_KEYS: the key {newest.key!r} is not the one that signed the newest checkpoint; restore it"]


def _sealed_by(key: bytes, link: str, seal: str) -> bool:
    from keys.ledger import chain

    try:
        return chain.seal_of(key, link) == seal
    except ValueError:  # a link that is no longer hexadecimal
        return False


def _words(error: Exception) -> str:
    """The first line of what a database driver says; it holds no password."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]
