from typing import Any

import pytest

from tests.panic.scene import Scene, set_scene
from tests.road.conftest import dialect, spoken
from tests.support.databases import RealDatabase

__all__ = ["dialect", "spoken"]


@pytest.fixture
def scene(real_db: RealDatabase, sandbox: Any) -> Scene:
    """One dialect (A), for what does not hang on it."""
    return set_scene(sandbox)


@pytest.fixture
def few(real_db: RealDatabase, sandbox: Any) -> Scene:
    """Four ordinary keys, for what costs time with each."""
    return set_scene(sandbox, 3, plain_alone=True)


@pytest.fixture
def everywhere(real_db: RealDatabase, spoken: Any) -> Scene:
    """Each dialect in turn."""
    return set_scene(spoken)
