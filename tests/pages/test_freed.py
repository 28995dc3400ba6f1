"""A key that an unknown change holds is freed by whoever saves or presses, where one reading can end that change."""

from collections.abc import Callable
from typing import Any

import pytest

from keys.models import Change, Drift
from tests.mirror.support import sync
from tests.pages.acting import edited, notice, opened, pressed, saved, words
from tests.pages.house import House


def unknown(house: House, key: str) -> None:
    """An edit that was carried out, with no answer and no reading to say so."""
    house.sandbox.fault("500_after", operation="update", times=1)
    house.sandbox.fault("503", operation="get", skip=2, times=99)
    answer = edited(house.client(), house, {"name": "Held"}, key=key)
    assert answer.status_code == 202, notice(answer)
    house.sandbox.clear_faults()


def save(house: House, form: dict[str, Any]) -> Any:
    return saved(house.client(), house, {**form, "name": "New"}, key="disabled")


def enable(house: House, form: dict[str, Any]) -> Any:
    return pressed(house.client(), house, "disabled", "enable")


@pytest.mark.parametrize("act", [save, enable])
def test_what_reading_can_end_holds_nobody(house: House, act: Callable[[House, dict[str, Any]], Any]) -> None:
    form = opened(house.client(), house, "disabled")
    unknown(house, "disabled")

    answer = act(house, form)

    assert Change.objects.order_by("created_at").values_list("outcome", flat=True)[0] == "applied"
    assert "under way" not in words(answer)
    if act is enable:
        assert answer.status_code == 200 and house.stored("disabled")["status"] == 1
    else:  # its form is older than the edit that was just found out: that one is not overwritten unseen
        assert answer.status_code == 409 and house.stored("disabled")["name"] == "Held"


def test_what_reading_can_end_holds_no_drift_either(house: House) -> None:
    """The edit found out by that is not overwritten: only what reads as the drift left it is put back."""
    sync(house.team)
    house.sandbox.console_edit(house.keys["disabled"], status=1, group="vip")
    sync(house.team)
    drift = Drift.objects.get()
    unknown(house, "disabled")

    answer = house.client().post(f"/teams/atlas/drift/{drift.pk}/put-back/", follow=True)

    assert "Try again" not in words(answer)
    drift.refresh_from_db()
    stored = house.stored("disabled")
    assert (drift.state, stored["status"], stored["group"], stored["name"]) == ("put_back", 2, "", "Held")
