"""`manage.py createsuperuser` makes an admin, with a record; Django's own would make somebody who may do nothing."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from keys.models import CompanyRole, Person
from tests.people.making import PASSWORD, actions, recorded

pytestmark = pytest.mark.django_db


def create(**options: Any) -> None:
    call_command("createsuperuser", stdout=StringIO(), **options)


def test_it_makes_an_admin(monkeypatch: Any) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)

    create(username="root", email="root@example.com", interactive=False)

    root = Person.objects.get()
    assert root.company_role == CompanyRole.ADMIN and root.check_password(PASSWORD)
    assert not root.is_superuser and not root.is_staff
    ((action, actor, _, body),) = recorded()
    assert (action, actor, body["person"]) == ("person.add", "createsuperuser", "root")


def test_asked_on_a_terminal(monkeypatch: Any) -> None:
    answers = iter([PASSWORD, PASSWORD])
    monkeypatch.setattr("keys.management.commands.createsuperuser.getpass", lambda _prompt: next(answers))
    monkeypatch.setattr("builtins.input", lambda _prompt: "root")

    create()

    assert Person.objects.get().company_role == CompanyRole.ADMIN


def test_two_passwords_that_differ_make_nobody(monkeypatch: Any) -> None:
    answers = iter([PASSWORD, "other"])
    monkeypatch.setattr("keys.management.commands.createsuperuser.getpass", lambda _prompt: next(answers))

    with pytest.raises(CommandError):
        create(username="root")
    assert not Person.objects.exists()


@pytest.mark.parametrize(
    ("username", "password"), [("", PASSWORD), ("root", ""), ("a b", PASSWORD), ("root", "tiny-9")]
)
def test_what_cannot_be_makes_nobody(username: str, password: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", password)

    with pytest.raises(CommandError) as caught:
        create(username=username, interactive=False)

    assert not Person.objects.exists() and actions() == []
    assert not password or password not in str(caught.value)
