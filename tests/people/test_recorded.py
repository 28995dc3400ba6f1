"""No local change without its record, and no record of a change that did not happen (promise 1), for each service."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core import serializers
from django.db import IntegrityError, models

from keys.errors import LedgerUnavailable
from keys.ledger import book
from keys.models import AccessToken, Denial, Membership, Person, Record, Team
from keys.services import access_tokens, memberships, people, teams
from tests.people import making
from tests.people.making import PASSWORD, acting
from tests.support.mutants import mutated
from tests.support.report import Promise
from tests.support.sandbox import Sandbox

pytestmark = pytest.mark.django_db

OWN: tuple[type[models.Model], ...] = (Person, Team, Membership, AccessToken, Denial)


class World:
    """One admin, one person in one team that has an access token."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.ada, self.zoe, self.blue = making.admin(), making.person("zoe"), making.team("blue")
        making.belongs(self.zoe, self.blue)
        self.alice = sandbox.add_account("alice")
        access_tokens.access_token_set(**acting(self.ada), team=self.blue, token=self.alice.token)


def edit_person(w: World) -> None:
    role = {"company_role": "auditor", "is_active": True}
    people.person_edit(**acting(w.ada), subject=w.zoe, name="Zoé", email="", **role)  # type: ignore[arg-type]


def set_header(w: World) -> None:
    teams.team_edit(**acting(w.ada), team=w.blue, name="Blue", groups="vip", send_account_header=True)


CHANGES: dict[str, Callable[[World], object]] = {
    "person_add": lambda w: people.person_add(**acting(w.ada), username="new", password=PASSWORD),
    "person_edit": edit_person,
    "password_reset": lambda w: people.person_password_reset(**acting(w.ada), subject=w.zoe, password="other-horse-42"),
    "own_password": lambda w: people.own_password_set(**acting(w.zoe), password="other-horse-42"),
    "own_time_zone": lambda w: people.own_time_zone_set(**acting(w.zoe), time_zone="Asia/Tokyo"),
    "membership_set": lambda w: memberships.membership_set(**acting(w.ada), subject=w.zoe, team=w.blue, role="lead"),
    "membership_new": lambda w: memberships.membership_set(**acting(w.ada), subject=w.ada, team=w.blue, role="lead"),
    "membership_remove": lambda w: memberships.membership_remove(**acting(w.ada), subject=w.zoe, team=w.blue),
    "team_add": lambda w: teams.team_add(**acting(w.ada), name="Red"),
    "team_add_token": lambda w: teams.team_add(**acting(w.ada), name="Red", token=w.sandbox.add_account("bob").token),
    "team_edit": set_header,
    "token_set": lambda w: access_tokens.access_token_set(
        **acting(w.ada), team=making.team("red"), token=w.sandbox.add_account("bob").token
    ),
    "token_replace": lambda w: access_tokens.access_token_set(**acting(w.ada), team=w.blue, token=w.alice.token),
    "token_forget": lambda w: access_tokens.access_token_forget(**acting(w.ada), team=w.blue),
}


def rows() -> str:
    """Everything that services change, as text. last_login and observed token states are no changes of people's."""
    return json.dumps([serializers.serialize("json", model.objects.order_by("pk")) for model in OWN])  # type: ignore[attr-defined]


@pytest.fixture
def world(sandbox: Sandbox) -> World:
    return World(sandbox)


def prepared(name: str, w: World) -> Callable[[], object]:
    """The change as a call; what it needs beforehand is made now."""
    if name != "token_set":
        return lambda: CHANGES[name](w)
    red, token = making.team("red"), w.sandbox.add_account("bob").token
    return lambda: access_tokens.access_token_set(**acting(w.ada), team=red, token=token)


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_each_change_has_its_record(name: str, world: World) -> None:
    change, before, count = prepared(name, world), rows(), Record.objects.count()

    change()

    assert rows() != before
    assert Record.objects.count() == count + (2 if name == "team_add_token" else 1)


@pytest.mark.prove
@pytest.mark.parametrize("fault", ["append", "after append", "commit"])
def test_a_change_whose_record_cannot_be_written_does_not_happen(
    fault: str, world: World, monkeypatch: Any, promise: Promise
) -> None:
    promise.number, promise.title = "1", f"local changes, ledger broken at: {fault}"
    for name in sorted(CHANGES):
        promise.tried()
        if not undone(name, fault, world, monkeypatch):
            promise.broke(name)


def undone(name: str, fault: str, world: World, monkeypatch: Any) -> bool:
    """Nothing is left of the change when its record breaks at `fault`."""
    change, before, count = prepared(name, world), rows(), Record.objects.count()
    with monkeypatch.context() as broken:
        _break(broken, fault)
        with pytest.raises((LedgerUnavailable, IntegrityError)):
            change()
    return (rows(), Record.objects.count()) == (before, count)


def _break(broken: Any, fault: str) -> None:
    shipped = book.Ledger.append

    def append(self: book.Ledger, entry: book.Entry) -> Record:
        if fault == "append":
            raise LedgerUnavailable("the disk is full")
        shipped(self, entry)
        raise IntegrityError("and then it broke")

    def still_good() -> None:
        raise LedgerUnavailable("the connection is gone")

    if fault == "commit":
        broken.setattr(book, "_still_good", still_good)
    else:
        broken.setattr(book.Ledger, "append", append)


def test_mutant_that_changes_outside_the_ledgers_transaction_is_caught(world: World, monkeypatch: Any) -> None:
    block = "    with book.opened() as ledger:\n"
    with mutated(people._store_password, block, "    subject.save(update_fields=['password'])\n" + block):
        assert not undone("password_reset", "append", world, monkeypatch)
    assert undone("password_reset", "append", world, monkeypatch)


def test_mutant_that_forgets_the_record_is_caught(world: World) -> None:
    mutant = mutated(memberships.membership_remove, "        ledger.append(", "        str(")
    with mutant, pytest.raises(AssertionError):
        test_each_change_has_its_record("membership_remove", world)
