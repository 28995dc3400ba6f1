"""Refusals: recorded at once, the same again within a minute only counted, and the count told by the next record."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from keys.errors import LedgerUnavailable
from keys.ledger import book
from keys.models import Denial
from keys.permissions import Verb
from keys.services.denials import record_denial, record_failed_sign_in
from keys.types import Actor, ActorKind
from tests.people import making
from tests.people.making import actor, recorded

pytestmark = pytest.mark.django_db


def a_minute_later() -> None:
    Denial.objects.update(since=timezone.now() - timedelta(seconds=61))


def counts() -> list[int]:
    return [body["count"] for _, _, _, body in recorded()]


def test_a_flood_is_one_record_a_minute_with_its_count() -> None:
    zoe, blue = actor(making.person("zoe"), ""), making.team("blue")

    for _ in range(5):
        record_denial(zoe, Verb.EDIT_KEY, blue, 7)
    assert recorded() == [("access.denied", "zoe", "Blue", {"verb": "edit_key", "count": 1})]
    a_minute_later()
    record_denial(zoe, Verb.EDIT_KEY, blue, 8)
    a_minute_later()
    record_denial(zoe, Verb.EDIT_KEY, blue)

    assert counts() == [1, 5, 1]


def test_other_people_teams_and_verbs_are_told_apart() -> None:
    zoe, pat, blue = making.person("zoe"), making.person("pat"), making.team("blue")

    record_denial(actor(zoe), Verb.EDIT_KEY, blue)
    record_denial(actor(pat), Verb.EDIT_KEY, blue)
    record_denial(actor(zoe), Verb.DISABLE_KEY, blue)
    record_denial(actor(zoe), Verb.EDIT_KEY, making.team("red"))
    record_denial(actor(zoe), Verb.EDIT_KEY, None)

    assert counts() == [1, 1, 1, 1, 1]


def anonymous(address: str) -> Actor:
    return Actor(ActorKind.ANONYMOUS, "", "", address=address)


def test_failed_sign_ins_count_by_address() -> None:
    for address in ("192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.1"):
        record_failed_sign_in(anonymous(address))
    a_minute_later()
    record_failed_sign_in(anonymous("192.0.2.1"))

    assert counts() == [1, 1, 3]
    assert {action for action, *_ in recorded()} == {"person.sign_in_failed"}


def test_what_cannot_be_recorded_is_not_counted_either(monkeypatch: Any) -> None:
    def unavailable(self: book.Ledger, entry: book.Entry) -> None:
        raise LedgerUnavailable("no")

    monkeypatch.setattr(book.Ledger, "append", unavailable)
    with pytest.raises(LedgerUnavailable):
        record_failed_sign_in(anonymous("192.0.2.1"))

    assert not Denial.objects.exists()


def test_old_counters_that_are_told_are_forgotten() -> None:
    record_failed_sign_in(anonymous("192.0.2.1"))
    for _ in range(2):
        record_failed_sign_in(anonymous("192.0.2.2"))
    Denial.objects.update(since=timezone.now() - timedelta(days=2))

    record_failed_sign_in(anonymous("192.0.2.3"))

    assert sorted(Denial.objects.values_list("more", flat=True)) == [0, 1]
