from typing import Any

import pytest

from tests.listing.making import mirror_sandbox
from tests.pages.house import House, furnish
from tests.support.databases import RealDatabase


@pytest.fixture
def house(real_db: RealDatabase, sandbox: Any) -> House:
    """The furnished house, and the mirror of its team as a full listing leaves it."""
    furnished = furnish(sandbox)
    mirror_sandbox(sandbox, furnished.team)
    sandbox.clear_log()
    return furnished
