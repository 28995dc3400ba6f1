"""The sandbox over real sockets, and a pool of this test's own."""

from collections.abc import Iterator
from typing import Any

import pytest

from keys.cometapi.client import close_pool
from keys.types import Waits
from tests.support.sandbox import Account, Sandbox


@pytest.fixture(autouse=True)
def _own_pool(settings: Any) -> Iterator[None]:
    settings.WAITS = Waits()
    close_pool()
    yield
    close_pool()


@pytest.fixture
def stand_in() -> Iterator[Sandbox]:
    with Sandbox.start() as running:
        yield running


@pytest.fixture
def account(stand_in: Sandbox) -> Account:
    return stand_in.add_account("atlas")
