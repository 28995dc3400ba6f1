"""One's own names for sets of filters: kept as they stand in the address, nobody else's business."""

import pytest

from keys.models import Person, SavedView
from tests.pages.house import House

SECRET = "sk-" + "aB3dE5gH7jK9" * 4


def add(house: House, name: str, query: str, username: str = "lead", team: str = "atlas") -> str:
    answer = house.client(username).post("/views/", {"name": name, "query": query, "team": team})
    assert answer.status_code == 303
    return str(answer["Location"])


def test_a_view_is_kept_and_shown_to_its_owner_alone(house: House) -> None:
    there = add(house, "  Soon   gone ", "?expiring=14&sort=expires&page=3")

    assert there == f"{house.list_path}?expiring=14&sort=expires"
    assert SavedView.objects.values_list("name", "query").get() == ("Soon gone", "expiring=14&sort=expires")
    html = house.client().get(house.list_path).content.decode()
    assert f'href="{house.list_path}?expiring=14&amp;sort=expires"' in html and "Soon gone" in html
    assert "Soon gone" in house.client().get("/keys/").content.decode()
    assert "Soon gone" not in house.client("member").get(house.list_path).content.decode()


def test_the_same_name_stands_for_the_new_filters(house: House) -> None:
    add(house, "Mine", "?status=disabled")
    add(house, "Mine", "?status=expired")

    assert SavedView.objects.get().query == "status=expired"


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("", "?gone=yes"),
        ("x" * 61, "?gone=yes"),
        ("a\u202eb", "?gone=yes"),
        (SECRET, "?gone=yes"),
        ("fine", "?status=alive"),
        ("fine", f"?q={SECRET}"),
        ("fine", "?what=ever"),
    ],
)
def test_what_cannot_be_kept_is_not(name: str, query: str, house: House) -> None:
    there = add(house, name, query)

    assert not SavedView.objects.exists() and SECRET not in there
    html = house.client().get(there).content.decode()
    assert SECRET[5:20] not in html


def test_there_is_an_end_to_them(house: House) -> None:
    lead = Person.objects.get(username="lead")
    SavedView.objects.bulk_create(SavedView(person=lead, name=f"v{n}", query="") for n in range(30))

    add(house, "one more", "?gone=yes")

    assert SavedView.objects.count() == 30


def test_a_team_that_one_does_not_see_is_not_led_to(house: House) -> None:
    assert add(house, "x", "?gone=yes", team="hidden") == "/keys/?gone=yes"
    assert add(house, "y", "", team="//evil.example") == "/keys/?"


def test_delete_ones_own_and_nobody_elses(house: House) -> None:
    add(house, "Mine", "?gone=yes")
    pk = SavedView.objects.get().pk

    assert house.client("member").post(f"/views/{pk}/delete/").status_code == 404
    assert SavedView.objects.exists()
    assert house.client().post(f"/views/{pk}/delete/", {"team": "atlas"})["Location"] == house.list_path
    assert not SavedView.objects.exists()
    assert house.client().post(f"/views/{pk}/delete/").status_code == 404
