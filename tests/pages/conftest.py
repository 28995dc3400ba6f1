from typing import Any

import pytest

from tests.pages.house import House, furnish
from tests.support.databases import RealDatabase


@pytest.fixture
def house(real_db: RealDatabase, sandbox: Any) -> House:
    """A database of its own, since what is saved is committed."""
    return furnish(sandbox)
