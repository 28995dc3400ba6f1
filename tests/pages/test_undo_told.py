"""The history says which change took back which."""

import re
from typing import Any

import pytest

from keys.models import Record
from keys.selectors.history import entries_of
from tests.pages.acting import body, edited, opened, pressed, saved, words
from tests.pages.house import House, form_of
from tests.pages.telling import hit
from tests.pages.test_undo import undone

EDIT = {"name": "New", "quota_mode": "add", "remain_quota": "500"}


def of_key(house: House) -> str:
    page = body(house.client("member").get(house.path("plain")))
    return words(page.split('id="key-history"')[1])


def histories(house: House) -> tuple[str, str]:
    return of_key(house), words(house.client("auditor").get("/history/"))


def linked(house: House, seq: int, label: str) -> str:
    """Where the page of a record leads by this label, "" where it does not."""
    page = body(house.client("auditor").get(f"/history/{seq}/"))
    found = re.search(rf'<dt>{label}</dt>\s*<dd><a href="([^"]+)"', page)
    return found[1] if found else ""


def test_an_edit_and_its_undo_lead_to_each_other(house: House) -> None:
    answer = edited(house.client(), house, EDIT)
    house.sandbox.spend(house.keys["plain"], 40)
    undone(house, answer)

    for said in histories(house):
        assert "Undo of record 1" in said and "Undone by record 3" in said, said
    assert linked(house, 1, "Undone by") == linked(house, 2, "Undone by") == "/history/3/"
    assert linked(house, 3, "Undone by") == ""


def test_of_a_disable_too(house: House) -> None:
    undone(house, pressed(house.client(), house, "plain", "disable"))

    for said in histories(house):
        assert "Undo of record 1" in said and "Undone by record 3" in said, said


def test_one_that_failed_undid_nothing(house: House) -> None:
    answer = edited(house.client(), house, {"name": "New"})
    hit(house, "update", "refusal", message="no")
    undone(house, answer)

    for said in histories(house):
        assert "Undo of record 1" in said and "Undone by" not in said
    assert linked(house, 1, "Undone by") == ""


def test_bringing_back_other_settings_is_no_undo(house: House) -> None:
    client = house.client()
    edited(client, house, {"name": "New"})
    edited(client, house, {"name": "Newer", "group": "vip"})
    form = form_of(body(client.get(house.path("plain"), {"restore": "1", "as": "after"})))
    saved(client, house, {**form, "group": "default"})

    assert house.stored("plain")["name"] == "New" and linked(house, 5, "Answers") == "/history/1/"
    assert not any("Und" in said for said in histories(house))


def test_it_costs_no_query_a_row(house: House, django_assert_max_num_queries: Any) -> None:
    client = house.client()
    for name in ("One", "Two", "Three"):
        undone(house, edited(client, house, {"name": name}))
    assert Record.objects.count() == 12

    begun = list(Record.objects.filter(outcome="").order_by("-seq"))
    with django_assert_max_num_queries(1):
        assert [entry.undoes for entry in entries_of(begun)] == [9, None, 5, None, 1, None]
    with django_assert_max_num_queries(2):  # what was undone is not among them
        assert [entry.undoes for entry in entries_of(begun[::2])] == [9, 5, 1]


@pytest.mark.parametrize("text", ['{"answers":"x"}', '{"changed":[1],"answers":1}', "{", '{"answers":-1}'])
def test_damage_breaks_no_page(house: House, text: str) -> None:
    from keys.selectors.undoing import answered, takes_back

    undone(house, edited(house.client(), house, {"name": "New"}))
    first, other = Record.objects.get(seq=1), Record.objects.get(seq=3)
    other.text = text

    assert not takes_back(other, first) and answered([other]) in ({}, {3: 1})
    assert opened(house.client(), house)
