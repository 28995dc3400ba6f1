"""The model restriction: composed clean, since CometAPI takes it literally (trap 10)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import rules

pytestmark = pytest.mark.dbfree


@pytest.mark.parametrize(
    ("text", "saved"),
    [
        ("", ""),
        (" \n", ""),
        ("gpt-4o", "gpt-4o"),
        ("gpt-4o, claude-3-5-sonnet-20241022\nunknown/model:v1", "gpt-4o,claude-3-5-sonnet-20241022,unknown/model:v1"),
        ("b a b", "b,a"),
        ("a，b、c", "a,b,c"),
        ('["gpt-4o", "o3"]', "gpt-4o,o3"),
        ('[\n  "gpt-4o",\n  "o3"\n]\n', "gpt-4o,o3"),
        ("['gpt-4o', 'o3',]", "gpt-4o,o3"),
        ("('gpt-4o', 'o3');", "gpt-4o,o3"),
        ("- gpt-4o\n- 'o3'\n* own/model:v1", "gpt-4o,o3,own/model:v1"),
        ("“gpt-4o”, „o3“; «a»", "gpt-4o,o3,a"),
        ('"gpt-4o",gpt-4o', "gpt-4o"),
        ("{`a`}", "a"),
    ],
)
def test_models_are_saved(text: str, saved: str) -> None:
    assert rules.check_models(text) == saved


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (",,", "only commas"),
        ("a\x00b", "invisible"),
        ("a\u202eb", "invisible"),
        ("\ud800", "invisible"),
        ("[]", "no model id here"),
        ("- '-'", "no model id here"),
        ('{"models":["a"]}', 'id models":.* holds a quote or a bracket: write the id alone'),
        ("claude[1m]", r"id claude\[1m\] holds"),
        ("it's", "id it's holds"),
        ("m" * 201, "at most 200"),
        ("m " * 1_001, "at most 1,000"),
        ("m" * 10_000_000, "at most 100,000"),
    ],
)
def test_models_are_refused(text: str, said: str) -> None:
    with pytest.raises(rules.RuleBroken, match=said):
        rules.check_models(text)


@given(st.text(max_size=60))
def test_saved_models_hold_no_blank_and_no_empty_id(text: str) -> None:
    try:
        saved = rules.check_models(text)
    except rules.RuleBroken:
        return
    assert rules.check_models(saved) == saved
    assert all(model_id and model_id == model_id.strip() for model_id in rules.split_models(saved))


def test_stored_ids_are_taken_apart_as_upstream_does() -> None:
    assert rules.split_models("a, b,,c") == ["a", " b", "", "c"]
    assert rules.split_models("") == []


@pytest.mark.parametrize("stored", ["", ",", " , "])
def test_restriction_with_no_model_is_refused(stored: str) -> None:
    rules.check_restriction(False, stored)
    with pytest.raises(rules.RuleBroken, match="refuses every model"):
        rules.check_restriction(True, stored)
    rules.check_restriction(True, stored + "gpt-4o")
