"""A clean database is a fresh copy of a template, never a flush: the ledger's guards refuse that, and they stay on."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from django.core.management import call_command
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from tests.support.environment import base_environment


@dataclass(frozen=True)
class RealDatabase:
    """One test's own database. url: for DATABASE_URL of a process that the test starts."""

    url: str
    name: str

    @property
    def environment(self) -> dict[str, str]:
        """For `manage.py` in a process of its own, on this very database."""
        keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "COVERAGE_FILE") if name in os.environ}
        return {**keep, **base_environment(), "DATABASE_URL": self.url}


def is_postgresql() -> bool:
    return connection.vendor == "postgresql"


def make_template(folder: Path, worker: str) -> str:
    """Migrate an empty database once; its name."""
    name = f"template_{worker}_{uuid4().hex[:8]}" if is_postgresql() else str(folder / f"template-{worker}.sqlite3")
    if is_postgresql():
        _administer(f'CREATE DATABASE "{name}"')
    use(name)
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    _close()
    return name


def use(name: str) -> None:
    """Point Django's one connection at another database."""
    _close()
    for wrapper in _wrappers():
        wrapper.settings_dict["NAME"] = name
    connections.settings["default"]["NAME"] = name


@contextmanager
def fresh_copy(template: str) -> Iterator[RealDatabase]:
    """A copy of the template to commit to, dropped afterwards; the template is back in use then."""
    if is_postgresql():
        name = f"test_{uuid4().hex[:12]}"
        _close()
        _administer(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        host = connection.settings_dict.get("OPTIONS", {}).get("host") or connection.settings_dict["HOST"]
        url = f"postgres://postgres@/{name}?host={host}"
    else:
        folder = Path(tempfile.mkdtemp(prefix="db"))
        name = str(folder / "test.sqlite3")
        _close()
        shutil.copyfile(template, name)
        url = f"sqlite:///{name}"
    use(name)
    try:
        yield RealDatabase(url, name)
    finally:
        use(template)
        _drop(name)


def _drop(name: str) -> None:
    if is_postgresql():
        _administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    else:
        shutil.rmtree(Path(name).parent, ignore_errors=True)


def _administer(sql: str) -> None:
    import psycopg

    options = connection.settings_dict
    host = options.get("OPTIONS", {}).get("host") or options["HOST"]
    with psycopg.connect(dbname="postgres", user=options["USER"] or "postgres", host=host, autocommit=True) as raw:
        raw.execute(sql)


def _wrappers() -> list[BaseDatabaseWrapper]:
    return [connections["default"]]


def _close() -> None:
    connection.close()
    if is_postgresql() and hasattr(connection, "close_pool"):
        connection.close_pool()
