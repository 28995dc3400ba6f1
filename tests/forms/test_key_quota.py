"""The amount that the form showed, beside another unit or way: the same quota is no change, and nothing is guessed."""

import pytest

from tests.forms.keyforms import as_browser, edited, form_of, key


@pytest.mark.parametrize("amount", ["4", "4.00", "$4.0", "4.000000"])
def test_the_same_in_dollars_is_no_change(amount: str) -> None:
    form = edited(key(remain_quota=2_000_000), remain_quota=amount, quota_unit="usd")

    assert form.is_valid() and form.touched == ()


def test_nothing_is_nothing_in_either_unit() -> None:
    form = edited(key(remain_quota=0), quota_unit="usd")

    assert form.is_valid() and form.touched == ()


@pytest.mark.parametrize(("way", "left"), [("add", 200_000), ("take", 0)])
def test_saved_again_the_amount_that_was_shown_is_meant(way: str, left: int) -> None:
    first = edited(key(), quota_mode=way)
    assert not first.is_valid() and "save again" in str(first.errors["remain_quota"])

    again = form_of(key(), {**as_browser(first), "quota_meant": first.quota_meant})

    assert again.is_valid() and again.after.remain_quota == left


def test_in_another_unit_saving_again_means_nothing() -> None:
    first = edited(key(remain_quota=2_000_000), quota_unit="usd")
    assert not first.is_valid() and "give it in USD" in str(first.errors["remain_quota"])

    again = form_of(key(remain_quota=2_000_000), {**as_browser(first), "quota_meant": first.quota_meant})

    assert not again.is_valid() and first.quota_meant == ""


def test_only_a_way_of_ours_is_handed_on() -> None:
    assert edited(key(), quota_meant="<script>").quota_meant == ""
