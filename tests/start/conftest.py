"""Keys and an empty, migrated database, made once by the product's own commands; each test gets a copy."""

import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.start import product
from tests.start.product import Server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Processes of their own, with databases of their own: nothing here is run again on PostgreSQL but what says so."""
    for item in items:
        if item.path.parent == Path(__file__).parent and not item.get_closest_marker("postgres"):
            item.add_marker(pytest.mark.dbfree)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("start") / "keys"
    assert product.run(["make_keys", str(folder)], {}).code == 0
    return folder


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables and no rows. Made without any secret, as `migrate` promises."""
    database = tmp_path_factory.mktemp("start") / "migrated.sqlite3"
    env = {"DATABASE_URL": f"sqlite:///{database}"}
    for arguments in (["migrate", "--verbosity", "0"], ["createcachetable"]):
        done = product.run(arguments, env)
        assert (done.code, done.err) == (0, "")
    return database


@pytest.fixture(scope="session")
def collected() -> None:
    """Static files lie at one place for all; several runs of tests must not write them at once."""
    var = product.ROOT / "var"
    var.mkdir(exist_ok=True)
    with (var / "static.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert product.run(["collectstatic", "--no-input", "--verbosity", "0"], {}).code == 0


@pytest.fixture
def env(keys: Path, migrated: Path, collected: None, tmp_path: Path) -> dict[str, str]:
    """With this environment, `serve` starts."""
    return product.sound(keys, product.copied(migrated, tmp_path))


@pytest.fixture(scope="module")
def server(keys: Path, migrated: Path, collected: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A dashboard by plain http on this machine."""
    folder = tmp_path_factory.mktemp("served")
    database = product.copied(migrated, folder)
    env = {**product.sound(keys, database), "LOG_LEVEL": "DEBUG"}
    with product.serving(env, folder / "log"):
        yield Server(int(env["PORT"]), folder / "log", database)


@pytest.fixture(scope="module")
def behind_proxy(
    keys: Path, migrated: Path, collected: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A dashboard as in production, behind one proxy that ends TLS: every test here is that proxy."""
    folder = tmp_path_factory.mktemp("proxied")
    database = product.copied(migrated, folder)
    env = {**product.sound(keys, database), "TRUSTED_PROXY_COUNT": "1"}
    del env["PLAIN_HTTP"]
    with product.serving(env, folder / "log"):
        yield Server(int(env["PORT"]), folder / "log", database)
