"""Triggers that refuse to alter records. A nuisance to an intruder; the chain is the proof.

They are laid again after every migration, since SQLite drops them when it rebuilds a table.
"""

from typing import Any

from django.apps import apps
from django.db import connection as default_connection
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.signals import post_migrate

from keys.ledger import chain
from keys.ledger.triggers import POSTGRESQL, SQLITE, Guard
from keys.models import LedgerHead, Record


def lay_after_migrations() -> None:
    """Have the guards laid, and the head row made, after every `migrate`."""
    post_migrate.connect(_after_migration, sender=apps.get_app_config("keys"), dispatch_uid="keys.ledger.guards")


def _after_migration(using: str, **_: Any) -> None:
    connection = connections[using]
    if LedgerHead._meta.db_table in connection.introspection.table_names():
        begin(using)
        lay(connection)


def begin(using: str = "default") -> None:
    """Make the head row of a ledger without records. One that has records but no head stays so: that is damage."""
    heads = LedgerHead.objects.using(using)
    if not heads.exists() and not Record.objects.using(using).exists():
        heads.create(pk=1, seq=0, link=chain.GENESIS)


def lay(connection: BaseDatabaseWrapper) -> None:
    """Create every guard that is missing or not as it should be."""
    with connection.cursor() as cursor:
        for guard in _lacking(connection):
            for statement in guard.statements:
                cursor.execute(statement)


def missing(connection: BaseDatabaseWrapper | None = None) -> list[str]:
    """Names of the guards that are not there, switched off, or not as they were laid."""
    return [guard.name for guard in _lacking(connection or default_connection)]


def count() -> int:
    """How many guards there are to be."""
    return len(POSTGRESQL if default_connection.vendor == "postgresql" else SQLITE)


def _lacking(connection: BaseDatabaseWrapper) -> list[Guard]:
    postgresql = connection.vendor == "postgresql"
    there = _postgresql_guards(connection) if postgresql else _sqlite_guards(connection)
    return [guard for guard in (POSTGRESQL if postgresql else SQLITE) if there.get(guard.name) != guard.seen_as]


def _sqlite_guards(connection: BaseDatabaseWrapper) -> dict[str, object]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        return dict(cursor.fetchall())


def _postgresql_guards(connection: BaseDatabaseWrapper) -> dict[str, object]:
    """By name: table, when it fires (bits of pg_trigger.tgtype), whether it is on and without condition, its body."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT t.tgname, c.relname, t.tgtype, t.tgenabled IN ('O', 'A') AND t.tgqual IS NULL, p.prosrc
               FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
               WHERE NOT t.tgisinternal AND pg_table_is_visible(c.oid)"""
        )
        return {name: (table, bits, on, body) for name, table, bits, on, body in cursor.fetchall()}
