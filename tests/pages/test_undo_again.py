"""An undo that failed says so in words that fit it, and the button that undoes is still there."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from keys.models import Change
from tests.pages.acting import HTMX, body, edited, notice, pressed
from tests.pages.house import House
from tests.pages.telling import hit
from tests.pages.test_undo import undo_form, undone


def failed(house: House, answer: Any, target: str) -> Any:
    """The key cannot be read when it is to be undone."""
    hit(house, "get", "502", times=99)
    back = undone(house, answer, target=target)
    house.sandbox.clear_faults()
    return back


@pytest.mark.parametrize("target", ["panel", "row", ""])
def test_an_edit_is_undone_at_the_second_press(house: House, target: str) -> None:
    row = f"key-{house.keys['plain']}"
    answer = edited(house.client(), house, {"name": "New"})

    back = failed(house, answer, row if target == "row" else target)

    said = notice(back)
    assert back.status_code == 503 and "Not sent, nothing changed" in said
    assert "nothing was taken back. Undo it again in a moment." in said and "typed" not in said
    assert "Undo this change" in said and undo_form(back)[0] == undo_form(answer)[0]
    assert (f'hx-target="#{row}"' in body(back)) is (target == "row")
    undone(house, back, target=target)
    assert house.stored("plain")["name"] == "Staging"


@pytest.mark.parametrize("target", ["row", ""])
def test_a_disable_is_undone_at_the_second_press(house: House, target: str) -> None:
    row = f"key-{house.keys['plain']}"
    answer = pressed(house.client(), house, "plain", "disable")

    back = failed(house, answer, row if target else "")

    assert "Undo: enable it again" in notice(back) and "typed" not in notice(back)
    undone(house, back, target=row if target else "")
    assert house.stored("plain")["status"] == 1


def test_an_undo_that_was_refused_is_offered_again(house: House) -> None:
    answer = edited(house.client(), house, {"name": "New"})
    hit(house, "update", "refusal", message="no")

    back = undone(house, answer, target="panel")

    assert back.status_code == 422 and undo_form(back)[0] == undo_form(answer)[0]


def test_one_that_did_not_arrive_is_offered_again_when_that_is_known(house: House) -> None:
    answer = edited(house.client(), house, {"name": "New"})
    hit(house, "update", "503")
    back = undone(house, answer, target="panel")
    assert "Undo" not in notice(back)
    (address,) = [part.split('"')[0] for part in body(back).split('hx-get="') if "undoes=" in part.split('"')[0]]
    past = timezone.now() - timedelta(hours=1)
    Change.objects.filter(state="unknown").update(sent_until=past)

    later = house.client().get(address.replace("&amp;", "&"), headers=HTMX)

    assert "It did not arrive" in notice(later) and undo_form(later)[0] == undo_form(answer)[0]


def test_enabling_that_was_not_sent_speaks_of_no_typing(house: House) -> None:
    hit(house, "get", "502", times=99)

    answer = pressed(house.client(), house, "disabled", "enable")

    assert "Press Enable again in a moment" in notice(answer) and "typed" not in notice(answer)
