from dataclasses import replace
from typing import Any

import pytest

from tests.leaks.scene import Scene, set_scene
from tests.mirror.support import listed
from tests.pages.house import House, furnish
from tests.road.conftest import dialect, spoken
from tests.support.databases import RealDatabase

__all__ = ["dialect", "spoken"]


@pytest.fixture(autouse=True)
def _time_to_try(settings: Any) -> None:
    """Scaled, the try before a disable is given up within a third of a second: a stall of the machine's own."""
    settings.WAITS = replace(settings.WAITS, leak_try_s=2.0)


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
    listed(house.team)
    return house
