from collections.abc import Iterator
from typing import Any

import pytest

from tests.road.stage import Stage, set_up
from tests.support.databases import RealDatabase


@pytest.fixture(params=["A", "B", "C"])
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def spoken(dialect: str, settings: Any) -> Iterator[Any]:
    """The sandbox in each dialect in turn."""
    from keys.cometapi.client import close_pool
    from tests.support.sandbox import Sandbox

    with Sandbox.start(dialect=dialect) as running:
        settings.COMETAPI_BASE_URL = running.url
        yield running
    close_pool()


@pytest.fixture
def stage(real_db: RealDatabase, sandbox: Any) -> Stage:
    """One dialect (A), for what does not hang on it."""
    return set_up(sandbox)


@pytest.fixture
def everywhere(real_db: RealDatabase, spoken: Any) -> Stage:
    """Each dialect in turn."""
    return set_up(spoken)
