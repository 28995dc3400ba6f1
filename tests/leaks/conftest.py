from typing import Any

import pytest

from keys.services import syncing
from keys.types import Deadline
from tests.leaks.scene import Scene, set_scene
from tests.pages.house import House, furnish
from tests.road.conftest import dialect, spoken
from tests.support.databases import RealDatabase

__all__ = ["dialect", "spoken"]


@pytest.fixture
def scene(real_db: RealDatabase, sandbox: Any) -> Scene:
    """One dialect (A), for what does not hang on it."""
    return set_scene(sandbox)


@pytest.fixture
def everywhere(real_db: RealDatabase, spoken: Any) -> Scene:
    """Each dialect in turn."""
    return set_scene(spoken)


@pytest.fixture
def house(real_db: RealDatabase, sandbox: Any) -> House:
    house = furnish(sandbox)
    assert syncing.sync_slice(house.team, Deadline.after(20)).over
    return house
