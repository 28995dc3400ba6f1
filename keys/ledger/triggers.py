"""The guards themselves, in each database's words, and how each is seen in its catalogue.

On SQLite, inserting is refused beside whatever is already there under any unique constraint: its INSERT OR REPLACE
deletes the old row without firing a delete trigger. PostgreSQL has nothing like it: ON CONFLICT updates, and is
refused. The head row may only go up; by more than one when a dump is loaded.
"""

from dataclasses import dataclass

RECORD, HEAD = "keys_record", "keys_ledgerhead"
REFUSAL = "the ledger is append-only"

_UNIQUE = (("seq",), ("previous",), ("link",), ("team_id", "team_n"), ("team_id", "key_id", "key_n"))
TAKEN = " OR ".join(
    f"EXISTS (SELECT 1 FROM keys_record WHERE {' AND '.join(f'{column} = NEW.{column}' for column in columns)})"  # noqa: S608
    for columns in _UNIQUE
)
"""Something is already there that REPLACE would remove."""

BACK = "NEW.id <> OLD.id OR NEW.seq < OLD.seq OR (NEW.seq = OLD.seq AND NEW.link <> OLD.link)"
"""The head row would not go up."""

# Bits of pg_trigger.tgtype
_ROW, _BEFORE, _DELETE, _UPDATE, _TRUNCATE = 1, 2, 8, 16, 32


@dataclass(frozen=True, slots=True)
class Guard:
    """statements: what lays it, replacing an older one. seen_as: what the catalogue then says of it."""

    name: str
    statements: tuple[str, ...]
    seen_as: object


def _sqlite(name: str, event: str, table: str, refused_when: str) -> Guard:
    action = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    create = f"CREATE TRIGGER {name} BEFORE {event} ON {table} WHEN {refused_when} {action}"
    return Guard(name, (f"DROP TRIGGER IF EXISTS {name}", create), create)


def _postgresql(name: str, event: str, table: str, refused_when: str, bits: int) -> Guard:
    returned = "OLD" if event == "DELETE" else "NEW"
    body = f"BEGIN IF {refused_when} THEN RAISE EXCEPTION '{REFUSAL}'; END IF; RETURN {returned}; END"
    function = f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $guard${body}$guard$"
    each = "STATEMENT" if event == "TRUNCATE" else "ROW"
    drop = f"DROP TRIGGER IF EXISTS {name} ON {table}"
    create = f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH {each} EXECUTE FUNCTION {name}()"
    return Guard(name, (function, drop, create), (table, bits, True, body))


SQLITE: tuple[Guard, ...] = (
    _sqlite("record_no_update", "UPDATE", RECORD, "true"),
    _sqlite("record_no_delete", "DELETE", RECORD, "true"),
    _sqlite("record_no_replace", "INSERT", RECORD, TAKEN),
    _sqlite("head_only_up", "UPDATE", HEAD, BACK),
    _sqlite("head_no_delete", "DELETE", HEAD, "true"),
    _sqlite("head_no_replace", "INSERT", HEAD, "EXISTS (SELECT 1 FROM keys_ledgerhead)"),
)

POSTGRESQL: tuple[Guard, ...] = (
    _postgresql("record_no_update", "UPDATE", RECORD, "true", _ROW | _BEFORE | _UPDATE),
    _postgresql("record_no_delete", "DELETE", RECORD, "true", _ROW | _BEFORE | _DELETE),
    _postgresql("record_no_truncate", "TRUNCATE", RECORD, "true", _BEFORE | _TRUNCATE),
    _postgresql("head_only_up", "UPDATE", HEAD, BACK, _ROW | _BEFORE | _UPDATE),
    _postgresql("head_no_delete", "DELETE", HEAD, "true", _ROW | _BEFORE | _DELETE),
    _postgresql("head_no_truncate", "TRUNCATE", HEAD, "true", _BEFORE | _TRUNCATE),
)
