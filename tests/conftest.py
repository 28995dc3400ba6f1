"""Shared fixtures. The environment is set before Django reads its settings."""

import os
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.environment import WAIT_SCALE, base_environment

os.environ.update(base_environment())
os.environ.setdefault("DATABASE_URL", f"sqlite:///{tempfile.mkdtemp(prefix='db')}/unused.sqlite3")
os.environ["DJANGO_SETTINGS_MODULE"] = "cometadmin.settings"
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # sync Playwright keeps an event loop in the test's thread

import django  # noqa: E402

django.setup()  # now, so that the conftest files below may import tables

from tests.support.databases import RealDatabase, fresh_copy, make_template, use  # noqa: E402
from tests.support.report import Promise  # noqa: E402


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--scale", choices=("small", "full"), default="small", help="how often promises are attacked")


def pytest_configure(config: pytest.Config) -> None:
    from django.conf import settings

    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]


def pytest_report_header(config: pytest.Config) -> str:
    return f"waits scaled by {WAIT_SCALE}; database {os.environ['DATABASE_URL'].split(':', 1)[0]}"


@pytest.fixture(scope="session")
def scale(request: pytest.FixtureRequest) -> str:
    return str(request.config.getoption("--scale"))


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any) -> str:
    with django_db_blocker.unblock():
        return make_template(tmp_path_factory.mktemp("db"), os.environ.get("PYTEST_XDIST_WORKER", "main"))


@pytest.fixture(scope="session")
def django_db_setup(template: str) -> None:
    """pytest-django's `db` works inside a transaction on the template, and rolls back."""
    use(template)


@pytest.fixture
def real_db(template: str, django_db_blocker: Any) -> Iterator[RealDatabase]:
    """A database of this test's own, to commit to from threads and processes."""
    with django_db_blocker.unblock(), fresh_copy(template) as database:
        yield database


@pytest.fixture
def promise(request: pytest.FixtureRequest) -> Iterator[Promise]:
    """The promise that this test attacks; the test sets its number and title."""
    row = Promise("", request.node.name)
    yield row
    row.close()


@pytest.fixture
def sandbox(settings: Any) -> Iterator[Any]:
    """CometAPI's stand-in, dialect A, and the product pointed at it."""
    from keys.cometapi.client import close_pool
    from tests.support.sandbox import Sandbox

    with Sandbox.start() as running:
        settings.COMETAPI_BASE_URL = running.url
        yield running
    close_pool()
