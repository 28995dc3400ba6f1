"""What stands where a key's name is told: never nothing, and nothing that hides."""

import pytest

from keys.spoken import key_name
from tests.pages.house import House

NOTHING = ["", " ", "\u00a0", "\u3000 ", "\u200b", "\ufeff\u2060", "\u3164", "\u2800", "\u00ad", "\u034f"]


@pytest.mark.parametrize("name", NOTHING, ids=ascii)
def test_a_name_that_shows_nothing_is_told_in_words(name: str) -> None:
    assert key_name(name) == "(no name)"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (" Portal ", " Portal "),
        ("测试密钥", "测试密钥"),
        ("\n", "\\u000a"),
        ("a\u202eb", "a\\u202eb"),
        ("0", "0"),
        ("👩‍💻", "👩‍💻"),
    ],
)
def test_a_name_that_shows_something_is_told_as_it_is(name: str, shown: str) -> None:
    assert key_name(name) == shown


@pytest.mark.parametrize("name", ["", " ", "\u200b"], ids=ascii)
def test_a_key_without_a_name_to_see_can_be_pressed_in_the_list(house: House, name: str) -> None:
    house.sandbox.console_edit(house.keys["plain"], name=name)

    html = house.client("lead").get(house.list_path).content.decode()

    row = html[html.index(f'id="key-{house.keys["plain"]}"') :].partition("</tbody>")[0]
    assert ">(no name)</" in row
