"""A database that refuses to write, as one on a full disk does, on every connection."""

from django.db import connection

from tests.support.databases import is_postgresql


def refuse(table: str, operation: str, when: str = "TRUE") -> None:
    """when: SQL over NEW, for which rows. Until the test's own database is dropped."""
    with connection.cursor() as cursor:
        if is_postgresql():
            cursor.execute(
                "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql "
                "AS $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$"
            )
            then = f"FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION full_disk()"
        else:
            then = f"WHEN {when} BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"
        cursor.execute(f"CREATE TRIGGER full_disk BEFORE {operation} ON {table} {then}")
