"""`manage.py serving_role FILE`: makes the PostgreSQL role that the dashboard serves as, which can alter no record."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.management.base import CommandError, CommandParser
from django.db import connection
from psycopg import sql

from keys.ledger.role import script
from keys.management.trouble import DatabaseCommand


class Command(DatabaseCommand):
    help = (
        "Make the role that the DATABASE_URL in FILE names, with its password, and give it the rights of "
        "ledger_role_sql. Run it as the tables' owner, after every migration; it may be run any number of times."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="holds the DATABASE_URL to serve with")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        if connection.vendor != "postgresql":
            self.stderr.write("SQLite has no roles: nothing was done")
            return
        role, password = _named_in(file)
        if _alters_what_it_likes(role):
            self.stderr.write(
                f"{role} owns the tables, or is a superuser: who has it can take the ledger's guards away"
            )
            return
        with connection.cursor() as cursor:
            cursor.execute(_made(cursor, role, password))
            cursor.execute(script(role, connection.introspection.table_names()))
        self.stdout.write(f"{role} can add records and alter none")


def _named_in(file: Path) -> tuple[str, str]:
    """Role and password. Raises CommandError; nothing of the file is told."""
    try:
        url = urlsplit(file.read_text("utf-8").strip())
        role, password = unquote(url.username or ""), unquote(url.password or "")
    except (OSError, ValueError) as error:
        raise CommandError(f"{file} cannot be read ({type(error).__name__})") from None
    if not role or not role.isprintable():
        raise CommandError(f"{file} names no role of PostgreSQL")
    return role, password


def _alters_what_it_likes(role: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT %s = current_user OR EXISTS (SELECT 1 FROM pg_roles WHERE rolname = %s AND rolsuper)", [role, role]
        )
        return bool(cursor.fetchone()[0])


def _made(cursor: Any, role: str, password: str) -> sql.Composed:
    """The statement that makes it, or gives it this password; hashed here, so that no log of the server holds it."""
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
    verb = sql.SQL("ALTER ROLE" if cursor.fetchone() else "CREATE ROLE")
    statement = sql.SQL("{} {} LOGIN").format(verb, sql.Identifier(role))
    if not password:
        return statement
    connected = connection.connection
    hashed = connected.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    return statement + sql.SQL(" PASSWORD {}").format(sql.Literal(hashed))
