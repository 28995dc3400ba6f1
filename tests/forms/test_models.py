"""What is chosen, what the catalogue offers, and what ticks do to the text: untouched ticks touch nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.forms import models
from keys.types import Model
from tests.forms.keyforms import edited, form_of, key

pytestmark = pytest.mark.dbfree

CATALOGUE = (Model("gpt-5", "openai"), Model("gpt-4o", "openai"), Model("Claude", "anthropic"), Model("lone"))
ids = st.lists(st.sampled_from(["a", "b", "c", "d", "gpt-5"]), max_size=6, unique=True)


def test_what_is_chosen_is_held_against_the_catalogue() -> None:
    form = edited(key(), model_limits="gpt-5, own/model:v1  gpt-5", model_limits_enabled="on")

    found = models.picks(form, CATALOGUE)

    assert [(p.text, p.provider, p.unknown) for p in found.picks] == [
        ("gpt-5", "openai", False),
        ("own/model:v1", "", True),
    ]
    assert found.unknown == 1 and not found.off


def test_a_pasted_json_list_is_taken_apart() -> None:
    form = edited(key(), model_limits='["gpt-5", "gpt-4o"]', model_limits_enabled="on")

    found = models.picks(form, CATALOGUE)

    assert form.to_wish().fields == {"model_limits_enabled": True, "model_limits": "gpt-5,gpt-4o"}
    assert [(p.text, p.provider, p.unknown) for p in found.picks] == [
        ("gpt-5", "openai", False),
        ("gpt-4o", "openai", False),
    ]
    assert models.without('["gpt-5", "gpt-4o"]', models.token_of("gpt-5"))[0] == "gpt-4o"
    assert models.retaken('["gpt-5"]', ["gpt-5"], ["gpt-4o"])[0] == "gpt-4o"


def test_ids_that_a_key_has_in_quotes_are_shown_so_and_keep_nobody_from_its_other_fields() -> None:
    base = key(model_limits_enabled=True, model_limits='["gpt-5","it\'s"]')

    found = models.picks(edited(base, name="New"), CATALOGUE)

    assert edited(base, name="New").to_wish().fields == {"name": "New"}
    assert [(p.text, p.unknown, bool(p.fault)) for p in found.picks] == [
        ('["gpt-5"', True, False),
        ('"it\'s"]', False, True),
    ]
    assert models.picks(form_of(base), CATALOGUE) == found
    assert models.without('["gpt-5","it\'s"]', found.picks[0].token) == ('"it\'s"]', 'Removed ["gpt-5".')


def test_without_a_catalogue_nothing_is_called_unknown() -> None:
    found = models.picks(form_of(key(model_limits="a, b")), None)

    assert [(p.text, p.unknown) for p in found.picks] == [("a", False), ("b", False)] and found.off


def test_a_long_text_is_said_and_not_taken_apart() -> None:
    found = models.picks(edited(key(), model_limits="m " * 1_001), CATALOGUE)

    assert found.picks == () and "at most 1,000" in found.unread


def test_shelves_are_in_order() -> None:
    found = models.shelves(CATALOGUE, {"gpt-5"})

    assert [(s.name, [(o.id, o.chosen) for o in s.offers], s.chosen) for s in found] == [
        ("anthropic", [("Claude", False)], 0),
        ("openai", [("gpt-4o", False), ("gpt-5", True)], 1),
        ("", [("lone", False)], 0),
    ]


def test_one_is_taken_out() -> None:
    assert models.without("a, b c", models.token_of("b")) == ("a\nc", "Removed b.")
    assert models.without("a, b", models.token_of("x")) == ("a, b", "")
    assert models.without("m " * 1_001, models.token_of("m")) == ("m " * 1_001, "")


@pytest.mark.parametrize(("text", "were", "ticked", "after"), [
    ("own, gpt-5", ["gpt-5"], ["gpt-5"], "own, gpt-5"),
    ("own, gpt-5", ["gpt-5"], [], "own"),
    ("own, gpt-5", ["gpt-5"], ["gpt-5", "gpt-4o"], "own\ngpt-5\ngpt-4o"),
    ("", [], ["b", "a", "b"], "b\na"),
    ("a", [], ["a"], "a"),
    ("a", ["b"], [], "a"),
])  # fmt: skip
def test_ticks_are_taken_over(text: str, were: list[str], ticked: list[str], after: str) -> None:
    assert models.retaken(text, were, ticked)[0] == after


@given(ids, ids)
def test_what_the_catalogue_does_not_have_stays(text: list[str], ticked: list[str]) -> None:
    offered = {"a", "b", "c"}
    were = [model_id for model_id in text if model_id in offered]
    ticks = [model_id for model_id in ticked if model_id in offered]

    after, said = models.retaken(", ".join(text), were, ticks)

    assert set(after.replace(",", " ").split()) == (set(text) - offered) | set(ticks)
    assert said or after == ", ".join(text)
