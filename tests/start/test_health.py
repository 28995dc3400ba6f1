"""/healthz and /readyz: for load balancers, without sign-in."""

import sqlite3
from pathlib import Path

from tests.start import product
from tests.start.product import Server


def test_health_tells_alive_from_ready(server: Server, keys: Path, migrated: Path, tmp_path: Path) -> None:
    database = product.copied(migrated, tmp_path)
    env = product.sound(keys, database)
    with product.serving(env, tmp_path / "log"):
        before = product.get(int(env["PORT"]), "/readyz")
        with sqlite3.connect(database) as connection:
            connection.execute("DROP TABLE keys_ledgerhead")
        after = product.get(int(env["PORT"]), "/readyz")
        alive = product.get(int(env["PORT"]), "/healthz")

    assert (before.status, before.text) == (200, '{"status": "ready"}')
    assert (after.status, after.text) == (503, '{"status": "database not ready"}')
    assert (alive.status, alive.text) == (200, '{"status": "alive"}')


def test_health_needs_no_sign_in_and_answers_reading_alone(server: Server) -> None:
    assert product.get(server.port, "/healthz").headers.get("Set-Cookie") is None
    assert product.get(server.port, "/healthz", None, b"a=b").status in (403, 405)
