"""The database refuses a row of ours: nothing is sent that is not on record, and the page says what to do by hand."""

from typing import Any

from keys.models import Incident, Leaked
from tests.leaks.pasting import leak, pasted, secret
from tests.mirror.support import sync
from tests.pages.acting import body, words
from tests.pages.house import House
from tests.support.refusing import refuse


def pressed(house: House) -> Any:
    return house.client("admin").post(leak() + "disable/")


def halves(answer: Any) -> tuple[str, str]:
    """What stands under "sent", and what under "nothing was sent"."""
    told = words(answer).split("Sent from here, without an end that is known yet")[1]
    return (told.split("Nothing was sent from here")[0], told.split("Nothing was sent from here")[-1])


def test_a_paste_that_cannot_be_kept_is_told_by_hand(house: House, settings: Any) -> None:
    refuse("keys_incident", "INSERT")
    answer = pasted(house, secret(house))
    assert answer.status_code == 503 and settings.COMETAPI_BASE_URL in body(answer)
    assert "nothing was sent from here" in words(answer) and "Staging" in words(answer)
    assert not Incident.objects.exists() and house.sandbox.writes() == []


def test_a_press_that_cannot_be_noted_sends_nothing(house: House) -> None:
    pasted(house, f"{secret(house)}\n{secret(house, 'unlimited')}")
    refuse("keys_leaked", "UPDATE", f"NEW.key_id = {house.keys['unlimited']}")
    answer = pressed(house)
    assert answer.status_code == 503 and "nothing was sent from here" in words(answer)
    assert "Staging" in words(answer) and "Production" in words(answer)
    assert not Leaked.objects.exclude(pressed_at=None).exists(), "no worker goes on with half a press"
    assert house.sandbox.writes() == []


def test_more_keys_than_a_page_shows_are_all_told_by_hand(house: House) -> None:
    more = [house.sandbox.add_key(house.account, name=f"leaked {n:03}") for n in range(101)]
    sync(house.team)
    pasted(house, "\n".join(house.sandbox.secret(key_id) for key_id in more))
    refuse("keys_leaked", "UPDATE")
    answer = pressed(house)
    assert answer.status_code == 503
    assert [n for n in range(101) if f"leaked {n:03}" not in words(answer)] == []


def test_what_was_sent_stands_apart_from_what_was_not(house: House) -> None:
    pasted(house, f"{secret(house)}\n{secret(house, 'unlimited')}")
    house.sandbox.fault("503", operation="update", key_id=house.keys["plain"], times=99)
    refuse("keys_change", "INSERT", f"NEW.key_id = {house.keys['unlimited']}")
    answer = pressed(house)
    sent, not_sent = halves(answer)
    assert answer.status_code == 503 and "nothing was sent from here" not in words(answer)
    assert "Staging" in sent and "Production" not in sent and "Production" in not_sent and "Staging" not in not_sent
    assert {write["key_id"] for write in house.sandbox.writes()} == {house.keys["plain"]}


def test_what_was_sent_counts_as_sent_though_its_row_cannot_say_so(house: House) -> None:
    pasted(house, secret(house))
    refuse("keys_leaked", "UPDATE", "NEW.sent_at IS NOT NULL")
    answer = pressed(house)
    assert answer.status_code == 503 and "Staging" in halves(answer)[0]
    assert "What became of it is not known yet" in words(answer)
    assert "nothing was sent from here" not in words(answer) and house.stored("plain")["status"] == 2


def test_the_leak_can_still_be_read(house: House) -> None:
    pasted(house, secret(house))
    Incident.objects.update(looking=[house.team.pk])
    refuse("keys_incident", "UPDATE")
    assert "Staging" in words(house.client("admin").get(leak()))
