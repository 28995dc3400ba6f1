"""`manage.py ledger_role_sql ROLE`: rights on PostgreSQL for a role that adds records and cannot alter any."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from keys.ledger.role import script


class Command(BaseCommand):
    help = "Print the SQL that lets ROLE run the dashboard without owning its tables; for psql, as their owner."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("role", metavar="ROLE")

    def handle(self, *args: Any, role: str, **options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("SQLite has no roles: on it, whoever can write the file can write the ledger")
        if not role or not role.isprintable():
            raise CommandError("that is no name of a role")
        self.stdout.write(script(role, connection.introspection.table_names()), ending="")
