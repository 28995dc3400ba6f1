"""Where a leak was seen, and notes: nobody's words are written over by a page that is older than they are."""

from typing import Any

import pytest

from keys.models import Incident, Record
from tests.leaks.pasting import leak, pasted, secret
from tests.pages.acting import body, no_secret, words
from tests.pages.house import House, form_of

COMMIT = "3f786850e387550fdab836ed7e6dc881de23001b"
GITHUB = "https://github.com/acme/tools"


@pytest.fixture
def old(house: House) -> dict[str, str]:
    """The form of a page that was opened before anybody wrote anything."""
    pasted(house, secret(house))
    return form_of(body(house.client("admin").get(leak())), "note-form")


def post(house: House, form: dict[str, str], **typed: str) -> Any:
    return house.client("admin").post(leak() + "note/", {**form, **typed})


def source() -> str:
    return Incident.objects.latest("pk").source


def test_a_note_leaves_the_source_that_somebody_wrote_meanwhile(house: House, old: dict[str, str]) -> None:
    assert post(house, old, source=GITHUB).status_code == 303
    assert post(house, old, note="rotated on the server").status_code == 303
    assert source() == GITHUB
    assert "rotated on the server" in words(house.client("admin").get(leak()))


def test_two_sources_at_once_are_told_and_then_put_together(house: House, old: dict[str, str]) -> None:
    post(house, old, source=GITHUB)
    answer = post(house, old, source="a chat", note="kept")
    assert answer.status_code == 422 and source() == GITHUB
    assert f"Somebody else wrote meanwhile: “{GITHUB}”" in words(answer)
    again = form_of(body(answer), "note-form")
    assert (again["source"], again["note"], again["saw"]) == ("a chat", "kept", GITHUB)

    assert post(house, again, source=f"{GITHUB}, a chat").status_code == 303
    assert source() == f"{GITHUB}, a chat"


def test_the_same_source_from_two_is_no_conflict(house: House, old: dict[str, str]) -> None:
    post(house, old, source=GITHUB)
    assert post(house, old, source=f" {GITHUB} ").status_code == 303 and source() == GITHUB


def test_a_source_that_was_emptied_meanwhile(house: House, old: dict[str, str]) -> None:
    post(house, old, source=GITHUB)
    now = form_of(body(house.client("admin").get(leak())), "note-form")
    post(house, now, source="")
    assert source() == ""
    answer = post(house, now, source="a chat")
    assert answer.status_code == 422 and "Somebody else emptied this meanwhile" in words(answer)


@pytest.mark.parametrize("way", ["blob", "commit", "tree", "raw", "blame"])
def test_an_address_of_a_commit_can_be_recorded(house: House, old: dict[str, str], way: str) -> None:
    seen = f"{GITHUB}/{way}/{COMMIT}/.env#L3"
    assert post(house, old, source=seen).status_code == 303
    assert source() == seen and seen in body(house.client("admin").get(leak()))
    assert Record.objects.filter(action="leak.note").count() == 1


def test_an_address_of_a_commit_stays_as_it_was_typed(house: House, old: dict[str, str]) -> None:
    seen = f"{GITHUB}/blob/{COMMIT}/.env"
    answer = post(house, old, source=seen, note=f"it was {secret(house)}")
    assert answer.status_code == 422 and form_of(body(answer), "note-form")["source"] == seen
    no_secret(house, body(answer))


@pytest.mark.parametrize("rest", [f"/x/{COMMIT}", f"/blob/{COMMIT}0", f"/blob/{COMMIT}/sk-{'Zz9' * 16}"])
def test_what_is_no_address_of_a_commit_is_refused(house: House, old: dict[str, str], rest: str) -> None:
    answer = post(house, old, source=GITHUB + rest)
    assert answer.status_code == 422 and "looks like a secret" in words(answer) and source() == ""
    assert COMMIT not in body(answer)
