"""The door: who comes in, who does not, and what the ledger says of it; what people mistype is never kept."""

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from keys.errors import LedgerUnavailable
from keys.ledger import book
from keys.models import Person, Record
from tests.people import making
from tests.people.making import PASSWORD, actions, recorded

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_attempts_before() -> None:
    cache.clear()


@pytest.fixture
def zoe() -> Person:
    return making.person("zoe", first_name="Zoé")


def sign_in(client: Client, login: str = "zoe", password: str = PASSWORD, **extra: Any) -> Any:
    return client.post("/accounts/login/", {"login": login, "password": password}, **extra)


def inside(client: Client) -> bool:
    return bool(client.get("/profile/").status_code == 200)


def test_the_right_password_lets_in_and_is_recorded(client: Client, zoe: Person) -> None:
    response = client.post("/accounts/login/?next=/teams/", {"login": "zoe", "password": PASSWORD})

    assert (response.status_code, response["Location"]) == (302, "/teams/")
    assert inside(client)
    record = Record.objects.get()
    assert (record.action, record.actor, record.actor_id) == ("person.sign_in", "Zoé", str(zoe.pk))
    assert record.address == "127.0.0.1" and len(record.request_id) == 32


def test_a_wrong_password_is_recorded_with_who_and_without_it(client: Client, zoe: Person) -> None:
    response = sign_in(client, password="canary-wrong-horse")

    assert response.status_code == 422 and not inside(client)
    assert "canary-wrong-horse" not in response.content.decode()
    assert recorded() == [("person.sign_in_failed", "Zoé", "", {"count": 1})]


def test_a_password_typed_into_the_name_box_is_not_recorded(client: Client, zoe: Person) -> None:
    assert sign_in(client, login="canary-green-horse", password="x").status_code == 422

    record = Record.objects.get()
    assert (record.action, record.actor, record.actor_kind) == ("person.sign_in_failed", "", "anonymous")
    assert "canary" not in record.text


def test_the_same_failure_is_recorded_once_a_minute(client: Client, zoe: Person) -> None:
    for _ in range(3):
        sign_in(client, password="wrong")

    assert actions() == ["person.sign_in_failed"]


def test_too_many_failures_are_refused_even_with_the_right_password(client: Client, zoe: Person) -> None:
    for _ in range(5):
        sign_in(client, password="wrong")

    response = sign_in(client)

    assert response.status_code == 422 and not inside(client)
    assert "Too many" in response.content.decode() and actions() == ["person.sign_in_failed"]


def test_who_is_switched_off_stays_out(client: Client) -> None:
    making.person("gone", is_active=False)

    response = sign_in(client, login="gone")

    assert (response.status_code, response["Location"]) == (302, "/accounts/inactive/")
    assert "switched off" in client.get("/accounts/inactive/").content.decode()
    assert not inside(client) and recorded()[0][:2] == ("person.sign_in_failed", "gone")


def _broken(self: book.Ledger, entry: book.Entry) -> None:
    raise LedgerUnavailable("no")


def test_without_a_record_nobody_comes_in(client: Client, zoe: Person, monkeypatch: Any) -> None:
    monkeypatch.setattr(book.Ledger, "append", _broken)

    assert sign_in(client).status_code == 503
    assert sign_in(client, password="wrong").status_code == 503
    assert not inside(client)


def test_leaving_is_recorded_and_never_refused(client: Client, zoe: Person, monkeypatch: Any) -> None:
    sign_in(client)
    assert client.get("/accounts/logout/").status_code == 200 and inside(client)
    assert client.post("/accounts/logout/").status_code == 302 and not inside(client)
    assert actions() == ["person.sign_in", "person.sign_out"]

    sign_in(client)
    monkeypatch.setattr(book.Ledger, "append", _broken)
    assert client.post("/accounts/logout/").status_code == 302 and not inside(client)


def change(client: Client, old: str, new: str, again: str = "") -> Any:
    return client.post("/accounts/password/change/", {"oldpassword": old, "password1": new, "password2": again or new})


def test_ones_own_password(client: Client, zoe: Person) -> None:
    client.force_login(zoe)
    elsewhere = Client()
    elsewhere.force_login(zoe)

    for refused in (
        change(client, "wrong", "new-horse-42"),
        change(client, PASSWORD, "short"),
        change(client, PASSWORD, "new-horse-42", "other-horse-42"),
    ):
        assert refused.status_code == 422 and "new-horse-42" not in refused.content.decode()
    assert actions() == []
    response = change(client, PASSWORD, "new-horse-42")

    assert (response.status_code, response["Location"]) == (302, "/profile/")
    zoe.refresh_from_db()
    assert zoe.check_password("new-horse-42") and inside(client) and not inside(elsewhere)
    assert recorded() == [("person.password_change", "Zoé", "", {"person": "zoe", "person_id": str(zoe.pk)})]


@pytest.mark.parametrize(
    "door", ["signup", "email", "password/reset", "password/set", "reauthenticate", "login/code", "confirm-email"]
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_every_other_door_of_allauth_is_closed(door: str, method: str, client: Client, zoe: Person) -> None:
    for person in (None, zoe):
        if person:
            client.force_login(person)
        assert getattr(client, method)(f"/accounts/{door}/").status_code == 404


def test_no_answer_as_json(client: Client, zoe: Person) -> None:
    for response in (
        client.get("/accounts/login/", HTTP_ACCEPT="application/json"),
        sign_in(client, password="wrong", HTTP_ACCEPT="application/json"),
    ):
        assert response["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("charset", ["utf-8", "utf-7", "utf-16"])
def test_broken_bytes_are_refused(charset: str, client: Client) -> None:
    body = b"login=+2AA-&password=+2AA-"
    response = client.generic("POST", "/accounts/login/", body, f"application/x-www-form-urlencoded; charset={charset}")

    assert response.status_code in (400, 422)


@pytest.mark.parametrize("login", ["x\x00", "x" * 5000, "٣", "𝟙"])
def test_odd_names_are_refused(login: str, client: Client) -> None:
    assert sign_in(client, login=login).status_code in (400, 422)


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_one_is_not_sent_elsewhere(target: str, client: Client, zoe: Person) -> None:
    response = client.post("/accounts/login/", {"login": "zoe", "password": PASSWORD, "next": target})

    assert (response.status_code, response["Location"]) == (302, "/")


@pytest.mark.parametrize("there", ["http://[", "//[::1", "http://a]b", "http://\u2100.com", "http://x:99999999/"])
def test_no_way_on_that_is_no_address_breaks_the_door(client: Client, zoe: Person, there: str) -> None:
    assert client.get("/accounts/login/", {"next": there}).status_code == 200
    answer = client.post("/accounts/login/", {"next": there, "login": "zoe", "password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/")
