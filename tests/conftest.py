"""Shared fixtures. The environment is set before Django reads its settings."""

import os
import tempfile
from collections.abc import Generator, Iterator
from typing import Any

import hypothesis
import pytest

from tests.support.environment import WAIT_SCALE, base_environment

os.environ.update(base_environment())
os.environ.setdefault("DATABASE_URL", f"sqlite:///{tempfile.gettempdir()}/never-opened.sqlite3")  # says which kind
os.environ["DJANGO_SETTINGS_MODULE"] = "cometadmin.settings"
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # sync Playwright keeps an event loop in the test's thread

import django  # noqa: E402

django.setup()  # now, so that the conftest files below may import tables

from tests.support.databases import RealDatabase, fresh_copy, make_template, use  # noqa: E402
from tests.support.report import Promise  # noqa: E402

FLUSHING = {"transactional_db", "django_db_reset_sequences", "django_db_serialized_rollback", "live_server"}
ENDED = pytest.StashKey[bool]()

# A busy machine is no bug. Random cases print how to repeat them, and nothing is kept between runs.
hypothesis.settings.register_profile("here", deadline=None, print_blob=True, database=None)
hypothesis.settings.load_profile("here")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--scale", choices=("small", "full"), default="small", help="how often promises are attacked")


def pytest_configure(config: pytest.Config) -> None:
    from django.conf import settings

    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.WHITENOISE_AUTOREFRESH = True  # no reading of all static files for each test's client
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        mark = item.get_closest_marker("django_db")
        asked = FLUSHING & set(getattr(item, "fixturenames", ()))
        if asked or (mark and (mark.kwargs.get("transaction") or mark.args)):
            raise pytest.UsageError(f"{item.nodeid}: needs a flush, which the ledger refuses; use the fixture real_db")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[ENDED] = report.passed
    return report


def pytest_report_header(config: pytest.Config) -> str:
    return f"waits scaled by {WAIT_SCALE}; database {os.environ['DATABASE_URL'].split(':', 1)[0]}"


@pytest.fixture(scope="session")
def scale(request: pytest.FixtureRequest) -> str:
    return str(request.config.getoption("--scale"))


@pytest.fixture(scope="session", autouse=True)
def plain_rendering(django_test_environment: None) -> None:
    """Django's test environment copies the context of every template for `response.context`, which no test reads."""
    from django.template import base

    template: Any = base.Template
    template._render = lambda self, context: self.nodelist.render(context)


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
    row.unfinished = not row.failures and not request.node.stash.get(ENDED, False)
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
