"""The PostgreSQL script for a role that runs the dashboard without owning its tables: it can add records, and neither
alter nor remove any, nor take the guards away.
"""

from collections.abc import Iterable

from keys.ledger.triggers import HEAD, RECORD

HEADER = """-- Rights of the role {role} on this database. Run it as the tables' owner, after every migration:
--   manage.py ledger_role_sql {role} | psql ...
-- Make the role before: CREATE ROLE {role} LOGIN PASSWORD '...'; migrate as the owner, serve as {role}.
BEGIN;"""


def script(role: str, tables: Iterable[str], schema: str = "public") -> str:
    """tables: of the whole project. role is quoted, whatever it is called."""
    name = quoted(role)
    others = ", ".join(quoted(table) for table in sorted(tables) if table not in (RECORD, HEAD))
    statements = [
        f"REVOKE CREATE ON SCHEMA {quoted(schema)} FROM PUBLIC, {name}",
        f"GRANT USAGE ON SCHEMA {quoted(schema)} TO {name}",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA {quoted(schema)} FROM PUBLIC, {name}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {others} TO {name}",
        f"GRANT SELECT, INSERT ON {quoted(RECORD)} TO {name}",
        f"GRANT SELECT, UPDATE ON {quoted(HEAD)} TO {name}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {quoted(schema)} TO {name}",
    ]
    told = role if role.isidentifier() else name
    return "\n".join([HEADER.format(role=told), *(f"{statement};" for statement in statements), "COMMIT;", ""])


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
