"""Owner, purpose and tags of a key: written by who may edit it, recorded, shown, found; never sent anywhere."""

import json
from typing import Any

import pytest

from keys.models import KeyNote, MirrorKey, Record
from tests.listing.making import listed
from tests.pages.house import House, form_of

SECRET = "sk-" + "aB3dE5gH7jK9" * 4
HTMX = {"HX-Request": "true"}
TYPED = {"owner": "Anna  Berg", "purpose": "The shop's search", "tags": "Prod, eu;search\u060cPROD"}


def form(house: House, name: str = "plain", username: str = "lead") -> dict[str, str]:
    answer = house.client(username).get(house.path(name, "note/"))
    assert answer.status_code == 200
    html = answer.content.decode()
    start = html.index('<form class="stack" method="post" action="' + house.path(name, "note/"))
    found: dict[str, str] = form_of(html[start:].replace('<form class="stack"', '<form id="key-form"', 1))
    return found


def save(house: House, typed: dict[str, str], name: str = "plain", headers: dict[str, str] | None = None) -> Any:
    return house.client().post(house.path(name, "note/"), {**form(house, name), **typed}, headers=headers)


def test_it_is_saved_and_recorded_and_nothing_is_sent(house: House) -> None:
    answer = save(house, TYPED)

    assert (answer.status_code, answer["Location"]) == (303, house.path("plain"))
    kept = KeyNote.objects.get()
    assert (kept.owner, kept.purpose, kept.tag_list) == ("Anna Berg", "The shop's search", ["prod", "eu", "search"])
    record = Record.objects.get(action="key.note")
    assert (record.actor, record.team, record.key_id, record.key_name) == (
        "lead",
        "Atlas",
        house.keys["plain"],
        "Staging",
    )
    assert json.loads(record.text)["body"] == {
        "changed": {"owner": ["", "Anna Berg"], "purpose": ["", "The shop's search"], "tags": ["", "prod,eu,search"]}
    }
    assert house.sandbox.writes() == []


def test_saved_unchanged_makes_no_record(house: House) -> None:
    save(house, TYPED)

    assert save(house, {}).status_code == 303
    assert Record.objects.filter(action="key.note").count() == 1


def test_it_is_shown_on_the_keys_page_and_found_in_the_list(house: House) -> None:
    save(house, TYPED)

    html = house.client("member").get(house.path("plain")).content.decode()

    assert "Anna Berg" in html and "The shop&#x27;s search" in html and 'href="/keys/?tag=search"' in html
    assert "Save owner, purpose and tags" not in html
    for query in ("?owner=anna berg", "?tag=EU", "?q=shop's", "?q=anna berg"):
        found = house.client().get(house.list_path + query).content.decode()
        assert found.count("<tbody id=") == 1 and "Anna Berg" in found, query


def test_htmx_gets_the_part_beside_the_key(house: House) -> None:
    answer = save(house, TYPED, headers=HTMX)

    html = answer.content.decode()
    assert answer.status_code == 200 and html.lstrip().startswith('<section class="stack" id="note"')
    assert "Saved." in html and "Anna Berg" in html


@pytest.mark.parametrize(
    ("field", "text", "says"),
    [
        ("owner", "x" * 101, "at most 100 characters"),
        ("purpose", "x" * 301, "at most 300 characters"),
        ("owner", "a\u202eb", "Control characters"),
        ("purpose", "a\x07b", "Control characters"),
        ("owner", SECRET, "This looks like a secret"),
        ("purpose", f"key {SECRET}", "This looks like a secret"),
        ("tags", SECRET, "This looks like a secret"),
        ("tags", "x" * 41, "at most 20 tags of at most 40"),
        ("tags", " ".join(f"t{n}" for n in range(21)), "at most 20 tags of at most 40"),
    ],
)
def test_what_cannot_be_kept_is_said_and_nothing_else_is_lost(field: str, text: str, says: str, house: House) -> None:
    answer = save(house, {**TYPED, field: text})

    html = answer.content.decode()
    assert answer.status_code == 422 and says in html
    assert SECRET[5:20] not in html and ("The shop&#x27;s search" in html) == (field != "purpose")
    assert not KeyNote.objects.exists() and not Record.objects.filter(action="key.note").exists()


def test_somebody_elses_note_is_not_overwritten_unseen(house: House) -> None:
    old = form(house)
    save(house, {"owner": "Theirs"})

    answer = house.client().post(house.path("plain", "note/"), {**old, "owner": "Mine"})

    html = answer.content.decode()
    assert answer.status_code == 409 and "Theirs" in html and 'value="Mine"' in html
    assert KeyNote.objects.get().owner == "Theirs"
    again = html[html.index('<form class="stack" method="post" action="' + house.path("plain", "note/")) :]
    fields = form_of(again.replace('<form class="stack"', '<form id="key-form"', 1))
    assert house.client().post(house.path("plain", "note/"), fields).status_code == 303
    assert KeyNote.objects.get().owner == "Mine"


@pytest.mark.parametrize(("username", "status"), [("member", 403), ("auditor", 403), ("other", 404), ("admin", 303)])
def test_who_may(username: str, status: int, house: House) -> None:
    answer = house.client(username).post(house.path("plain", "note/"), {**form(house), "owner": "x"})

    assert answer.status_code == status
    assert KeyNote.objects.exists() == (status == 303)


def test_a_key_that_is_not_there_has_no_note(house: House) -> None:
    answer = house.client().post(f"{house.list_path}999999/note/", {"owner": "x", "saw": ""})

    assert answer.status_code == 404 and not KeyNote.objects.exists()


def test_without_a_mirror_the_key_is_asked_for(house: House) -> None:
    MirrorKey.objects.all().delete()
    listed(house.team)

    assert save(house, TYPED).status_code == 303
    assert Record.objects.get(action="key.note").key_name == "Staging"


def test_other_methods_are_refused(house: House) -> None:
    assert house.client().put(house.path("plain", "note/")).status_code == 405
