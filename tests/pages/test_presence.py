"""Who else has this key's form open: said quietly, for a minute, to whoever may edit it; never recorded."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from keys.models import KeyOpen, Membership, Person, Record, TeamRole
from keys.services.presence import note_open
from tests.pages.acting import HTMX, body, words
from tests.pages.house import House


def opens(house: House, username: str, key: str = "plain") -> str:
    answer = house.client(username).post(house.path(key, "open/"), headers=HTMX)
    assert answer.status_code == 200
    return words(answer)


def second_lead(house: House) -> None:
    Membership.objects.create(person=Person.objects.get(username="admin"), team=house.team, role=TeamRole.LEAD)
    Membership.objects.filter(person__username="member").update(role=TeamRole.LEAD)


def test_each_is_told_of_the_others(house: House) -> None:
    second_lead(house)

    assert opens(house, "lead") == ""
    assert opens(house, "admin") == "lead has this key open too."
    assert opens(house, "lead") == "admin has this key open too."
    assert opens(house, "member") == "lead, admin have this key open too."
    assert "member, lead have this key open too." in words(house.client("admin").get(house.path("plain")))


def test_of_this_key_alone(house: House) -> None:
    opens(house, "lead", "arabic")

    assert opens(house, "admin") == ""


def test_after_a_minute_it_is_over_and_forgotten(house: House) -> None:
    opens(house, "lead")
    KeyOpen.objects.update(seen_at=timezone.now() - timedelta(seconds=61))

    assert opens(house, "admin") == ""
    assert KeyOpen.objects.count() == 1


def test_it_is_no_record_and_sends_nothing(house: House) -> None:
    house.sandbox.clear_log()

    opens(house, "lead")

    assert house.sandbox.requests() == [] and not Record.objects.exists()


def test_looking_alone_notes_nobody(house: House) -> None:
    answer = house.client().get(house.path("plain", "open/"), headers=HTMX)

    assert answer.status_code == 200 and not KeyOpen.objects.exists()
    assert 'data-csrf="' in body(answer)


@pytest.mark.parametrize(("username", "status"), [("member", 403), ("auditor", 403), ("other", 404)])
def test_who_may_not_edit_is_not_told(house: House, username: str, status: int) -> None:
    assert house.client(username).post(house.path("plain", "open/"), headers=HTMX).status_code == status
    assert not KeyOpen.objects.exists()


def test_signed_out_is_told_to_sign_in(house: House) -> None:
    assert Client().post(house.path("plain", "open/"), headers=HTMX).status_code == 401


@pytest.mark.parametrize(("key_id", "status"), [(0, 200), (2**63, 404), (10**30, 404)])
def test_a_number_that_no_key_can_have(house: House, key_id: int, status: int) -> None:
    answer = house.client().post(f"{house.list_path}{key_id}/open/", headers=HTMX)

    assert answer.status_code == status and not KeyOpen.objects.exists()


def test_names_stay_text(house: House) -> None:
    Person.objects.filter(username="lead").update(first_name="<b>", last_name="x")
    note_open(Person.objects.get(username="lead"), house.team, house.keys["plain"])

    answer = house.client("admin").get(house.path("plain"))

    assert "&lt;b&gt; x has this key open too." in body(answer)
