"""The catalogue is read once for all, and a stale one is better than none."""

from typing import Any

import pytest

from keys.services import catalogue as rooms
from keys.services.catalogue import catalogue, remembered
from tests.support.sandbox import Sandbox

pytestmark = pytest.mark.django_db


def asked(sandbox: Sandbox) -> int:
    return len(sandbox.requests(operation="models"))


def test_it_is_read_once_and_remembered(sandbox: Sandbox) -> None:
    assert remembered() is None and asked(sandbox) == 0

    first, second = catalogue(), catalogue()

    assert asked(sandbox) == 1 and first == second == remembered()
    assert "gpt-5" in first.ids and first.trouble == "" and first.read_at is not None


def test_an_old_one_is_read_anew(sandbox: Sandbox, monkeypatch: Any) -> None:
    first = catalogue()
    monkeypatch.setattr(rooms, "FRESH_S", 0)

    second = catalogue()

    assert asked(sandbox) == 2 and first.read_at and second.read_at and second.read_at > first.read_at


def test_a_stale_one_is_used_and_said_while_upstream_is_down(sandbox: Sandbox, monkeypatch: Any) -> None:
    first = catalogue()
    monkeypatch.setattr(rooms, "FRESH_S", 0)
    sandbox.fault("503", operation="models", times=99)

    second = catalogue()

    assert second.models == first.models and second.read_at == first.read_at and "503" in second.trouble


def test_nobody_waits_twice_for_what_is_down(sandbox: Sandbox) -> None:
    sandbox.fault("html_200", operation="models", times=99)
    first = catalogue()
    count = asked(sandbox)

    assert catalogue() == first and asked(sandbox) == count
    assert (first.models, first.read_at) == ((), None) and first.trouble


@pytest.mark.parametrize("kind", ["huge_body", "gzip_bomb", "json_list", "302", "429", "garbage", "401_html"])
def test_no_fault_is_an_error(kind: str, sandbox: Sandbox) -> None:
    sandbox.fault(kind, operation="models", times=99)

    assert catalogue().models == () and catalogue().trouble


def test_another_upstream_has_its_own(sandbox: Sandbox, settings: Any) -> None:
    catalogue()
    settings.COMETAPI_BASE_URL = "http://127.0.0.1:9"

    assert remembered() is None
