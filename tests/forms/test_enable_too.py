"""“And enable it”: counts only beside more time or quota that suffices, and wishes nothing by itself."""

from typing import Any

import pytest

from keys.forms.preview import preview_of
from keys.types import KeyWish
from tests.forms.keyforms import NOW_S, as_browser, edited, form_of, key

pytestmark = pytest.mark.dbfree

EXPIRED = {"status": 3, "expired_time": NOW_S - 9}
EXHAUSTED = {"status": 4, "remain_quota": 0}
LATER = {"expiry": "at", "expired_time": "2031-01-01T00:00:00"}
LATER_S = 1_924_988_400


@pytest.mark.parametrize("base", [EXPIRED, EXHAUSTED])
def test_it_is_offered_ticked_for_a_key_that_ran_out(base: dict[str, Any]) -> None:
    assert as_browser(form_of(key(**base)))["and_enable"] == "on"


@pytest.mark.parametrize("base", [{}, {"status": 2}, {"status": 2, "expired_time": NOW_S - 9}, {"status": 7}])
def test_it_is_offered_for_no_other(base: dict[str, Any]) -> None:
    """Whoever disabled a key did so on purpose."""
    assert "and_enable" not in as_browser(form_of(key(**base)))
    form = edited(key(**base), {**LATER, "and_enable": "on", "and_enable-shown": "1"})
    assert form.is_valid() and form.touched == ("expired_time",)


@pytest.mark.parametrize("base", [EXPIRED, EXHAUSTED])
@pytest.mark.parametrize("ticked", ["on", "-"])
def test_by_itself_it_wishes_nothing(base: dict[str, Any], ticked: str) -> None:
    form = edited(key(**base), and_enable=ticked)
    renamed = edited(key(**base), name="New", and_enable=ticked)

    assert form.to_wish() == KeyWish() and renamed.to_wish() == KeyWish({"name": "New"})


@pytest.mark.parametrize(
    ("base", "texts", "fields"),
    [
        (EXPIRED, LATER, {"expired_time": LATER_S, "status": 1}),
        (EXPIRED, {"expiry": "never"}, {"expired_time": -1, "status": 1}),
        (EXPIRED, {**LATER, "and_enable": "-"}, {"expired_time": LATER_S}),
        (EXPIRED, {**LATER, "status": "2"}, {"expired_time": LATER_S, "status": 2}),
        (EXHAUSTED, {"remain_quota": "5"}, {"status": 1}),
        (EXHAUSTED, {"quota_mode": "add", "remain_quota": "5", "quota_unit": "usd"}, {"status": 1}),
        (EXHAUSTED, {"unlimited_quota": "on"}, {"unlimited_quota": True, "status": 1}),
        # More of the one while the other is still missing.
        ({**EXPIRED, "remain_quota": 0}, LATER, {"expired_time": LATER_S}),
        ({**EXHAUSTED, "expired_time": NOW_S - 9}, {"remain_quota": "5"}, {}),
        ({**EXPIRED, "remain_quota": 0}, {**LATER, "remain_quota": "5"}, {"expired_time": LATER_S, "status": 1}),
        ({**EXHAUSTED, "remain_quota": 9}, {"quota_mode": "take", "remain_quota": "12"}, {}),
        ({"status": 4, "remain_quota": -100}, {"quota_mode": "add", "remain_quota": "50"}, {}),
    ],
)
def test_beside_time_or_quota_that_suffices_it_enables(
    base: dict[str, Any], texts: dict[str, str], fields: dict[str, Any]
) -> None:
    form = edited(key(**base), texts)

    assert form.is_valid(), form.errors
    assert form.to_wish().fields == fields
    assert preview_of(form, None).in_two_steps is (fields.get("status") == 1)


@pytest.mark.parametrize("texts", [{"remain_quota": "lots"}, {"quota_mode": "take", "remain_quota": "5"}])
def test_a_refused_amount_enables_nothing(texts: dict[str, str]) -> None:
    form = edited(key(**EXHAUSTED), texts)

    assert set(form.errors) == {"remain_quota"} and form.touched == ()
