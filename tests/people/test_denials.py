"""Refusals: recorded at once, the same again within a minute only counted, and the count told by the next record."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from keys.errors import LedgerUnavailable
from keys.ledger import book
from keys.models import Denial, Record
from keys.permissions import Verb
from keys.services import schedule
from keys.services.denials import record_denial, record_failed_sign_in, tell_counted
from keys.types import Actor, ActorKind, Deadline
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


def test_the_end_of_a_flood_is_told_once_its_minute_is_over() -> None:
    zoe, blue = making.person("zoe"), making.team("blue")
    for attempt in range(5):
        record_denial(actor(zoe), Verb.EDIT_KEY, blue, attempt)
    for address in ("192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.1"):
        record_failed_sign_in(anonymous(address))
    tell_counted(Deadline.after(30))
    assert counts() == [1, 1, 1]

    a_minute_later()
    tell_counted(Deadline.after(30))

    told = {
        ("access.denied", "zoe", "Blue"): {"verb": "edit_key", "count": 4},
        ("person.sign_in_failed", "", ""): {"count": 2},
    }
    assert {(action, name, team): body for action, name, team, body in recorded()[3:]} == told
    assert set(Record.objects.filter(seq__gt=3).values_list("actor_id", "address", "key_id")) == {
        (str(zoe.pk), "192.0.2.7", None),
        ("", "192.0.2.1", None),
    }
    a_minute_later()
    tell_counted(Deadline.after(30))
    assert sum(counts()) == 5 + 4 and len(counts()) == 5


def test_the_next_of_a_flood_tells_only_what_is_not_told_yet() -> None:
    for _ in range(3):
        record_failed_sign_in(anonymous("192.0.2.1"))
    a_minute_later()
    tell_counted(Deadline.after(30))
    for _ in range(2):
        record_failed_sign_in(anonymous("192.0.2.1"))
    assert counts() == [1, 2]
    a_minute_later()

    record_failed_sign_in(anonymous("192.0.2.1"))

    assert counts() == [1, 2, 3]


def test_where_there_is_no_time_for_it_it_is_told_the_next_time() -> None:
    for address in ("192.0.2.1", "192.0.2.2") * 3:
        record_failed_sign_in(anonymous(address))
    a_minute_later()

    tell_counted(Deadline.after(0))
    assert counts() == [1, 1]
    tell_counted(Deadline.after(30))
    assert counts() == [1, 1, 2, 2]


def test_the_worker_tells_it() -> None:
    for _ in range(2):
        record_failed_sign_in(anonymous("192.0.2.1"))
    a_minute_later()

    schedule.run_scheduled("denials")

    assert counts() == [1, 1]


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
