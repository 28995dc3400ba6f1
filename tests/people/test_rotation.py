"""`manage.py rotate_sealing_key`: all access tokens sealed anew, in one transaction with its record."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from keys.errors import LedgerUnavailable
from keys.ledger import book
from keys.models import AccessToken
from keys.sealing import open_access_token, seal_access_token
from tests.people import making
from tests.people.making import actions, recorded

pytestmark = pytest.mark.django_db

ONE, TWO = b"1" * 32, b"2" * 32


@pytest.fixture(autouse=True)
def _three_tokens(settings: Any) -> None:
    settings.SEALING_KEYS = {"one": ONE}
    settings.COMETAPI_BASE_URL = "https://old.example.com"
    for slug in ("blue", "green", "red"):
        team = making.team(slug)
        AccessToken.objects.create(team=team, sealed=seal_access_token(team, f"token-{slug}"), set_at=timezone.now())


def rotate(*arguments: str) -> str:
    out = StringIO()
    call_command("rotate_sealing_key", *arguments, stdout=out)
    return out.getvalue().strip()


def opened() -> list[str]:
    return [open_access_token(token) for token in AccessToken.objects.order_by("team__slug")]


def sealed() -> list[str]:
    return list(AccessToken.objects.order_by("pk").values_list("sealed", flat=True))


ALL = ["token-blue", "token-green", "token-red"]


def test_it_seals_with_the_first_key_and_the_old_one_can_go(settings: Any) -> None:
    settings.SEALING_KEYS = {"two": TWO, "one": ONE}

    assert rotate() == "3 of 3 access tokens sealed anew."

    settings.SEALING_KEYS = {"two": TWO}
    assert opened() == ALL
    body = {"sealing_key": "two", "host": "old.example.com", "count": 3}
    assert recorded() == [("sealing_key.rotate", "rotate_sealing_key", "", body)]


def test_again_it_does_nothing(settings: Any) -> None:
    before = sealed()

    assert rotate() == "0 of 3 access tokens sealed anew."
    assert sealed() == before and actions() == []


def test_it_moves_to_another_host_on_purpose_only(settings: Any) -> None:
    before = sealed()
    settings.COMETAPI_BASE_URL = "https://new.example.com"

    for arguments in ([], ["--from-host", "other.example.com"]):
        with pytest.raises(CommandError) as caught:
            rotate(*arguments)
        assert "sealed for host old.example.com" in str(caught.value)
    assert sealed() == before and actions() == []

    assert rotate("--from-host", "old.example.com") == "3 of 3 access tokens sealed anew."
    assert opened() == ALL
    assert rotate("--from-host", "old.example.com") == "0 of 3 access tokens sealed anew."


def test_one_that_does_not_open_stops_all(settings: Any) -> None:
    settings.SEALING_KEYS = {"two": TWO, "one": ONE}
    AccessToken.objects.filter(team__slug="red").update(sealed="junk")
    before = sealed()

    with pytest.raises(CommandError) as caught:
        rotate()

    assert "red" in str(caught.value) and "token-" not in str(caught.value)
    assert sealed() == before and actions() == []


def test_without_its_record_nothing_is_sealed_anew(settings: Any, monkeypatch: Any) -> None:
    settings.SEALING_KEYS = {"two": TWO, "one": ONE}
    before = sealed()

    def unavailable(self: book.Ledger, entry: book.Entry) -> None:
        raise LedgerUnavailable("no")

    monkeypatch.setattr(book.Ledger, "append", unavailable)
    with pytest.raises(CommandError):
        rotate()

    assert sealed() == before


def test_one_is_told_as_one() -> None:
    AccessToken.objects.exclude(team__slug="blue").delete()

    assert rotate() == "0 of 1 access token sealed anew."
