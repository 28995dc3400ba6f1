from typing import Any

import pytest

from tests.road.stage import Stage, set_up
from tests.start.conftest import collected
from tests.support.databases import RealDatabase

__all__ = ["collected", "stage"]


@pytest.fixture
def stage(real_db: RealDatabase, sandbox: Any) -> Stage:
    """One team with one key; the waits are those of the run."""
    return set_up(sandbox)
