"""design.md, "What the user is told is what was read": each row of the table as the page tells it.

Every answer is held against the sandbox: "saved" is said of what is stored alone, "nothing changed" where nothing did.
"""

import re
from threading import Thread
from typing import Any

import pytest

from tests.pages.acting import body, edited, glance, notice, opened, saved, tone, words
from tests.pages.house import House, form_of
from tests.pages.telling import TYPED, hit, keeps_what_was_typed, save

GONE = "This key no longer exists at CometAPI"


def test_success_that_reads_as_wanted(house: House) -> None:
    answer = save(house)

    assert (answer.status_code, tone(answer)) == (200, "good")
    assert "Saved and checked at" in notice(answer) and "Name: Staging → New" in notice(answer)


def test_success_that_reads_differently(house: House) -> None:
    hit(house, "update", "field_altered", field="group", value="auto")

    answer = save(house)

    said = notice(answer)
    assert (answer.status_code, tone(answer)) == (200, "warn")
    assert "CometAPI stored something else" in said and "the key reads differently so far" in said
    assert "It is read once more after" in said and "Wanted, and what it reads: Group: vip → auto" in said
    assert form_of(body(answer))["group"] == "auto"  # the form stands on what was read


def test_a_refusal_that_reads_as_before(house: House) -> None:
    hit(house, "update", "refusal", message="no access to <b>vip</b>\x1b[31m")

    answer = save(house)

    said = notice(answer)
    assert (answer.status_code, tone(answer)) == (422, "bad")
    assert "CometAPI refused this; nothing changed" in said and "no access to <b>vip</b>\\u001b[31m" in said
    assert "<b>vip</b>" not in body(answer) and "\x1b" not in body(answer)
    assert "Asked for" not in said
    at_the_field = body(answer).split('for="id_group"')[1].split("<select")[0]
    assert "no access to" in words("<p " + at_the_field)
    keeps_what_was_typed(answer)
    form = {**form_of(body(answer)), "reason": "again"}
    assert "Saved and checked at" in notice(saved(house.client(), house, form))


@pytest.mark.parametrize(
    ("control", "typed"),
    [("name", {"name": "ä" * 26}), ("remain_quota", {"remain_quota": "0"}), ("status", {"status": "1"})],
)
def test_a_refusal_is_told_at_the_field_whose_rule_was_broken(house: House, control: str, typed: Any) -> None:
    house.sandbox.configure(dialect="B", quota_zero_refused=True)
    if control == "status":
        house.sandbox.console_edit(house.keys["plain"], status=2)
        hit(house, "update", "refusal", times=9)  # nothing that can be typed makes the sandbox itself refuse it

    answer = edited(house.client(), house, typed)

    came_back = notice(answer).split("What came back: ")[1].split(" Record")[0]
    said = re.search(rf'<ul[^>]*id="id_{control}_error".*?</ul>', body(answer), re.S)
    assert answer.status_code == 422 and "CometAPI refused this; nothing changed" in notice(answer)
    advice = {"name": "this name: try a shorter one.", "remain_quota": "this quota: leave more than 0.", "status": ""}
    assert said and came_back in words(said[0]) and advice[control] in words(said[0])
    assert form_of(body(answer))[control] == typed[control]


@pytest.mark.parametrize("kind", ["400", "401_json", "403", "404", "409", "413"])
def test_a_4xx_that_reads_as_before(house: House, kind: str) -> None:
    hit(house, "update", kind)

    answer = save(house)

    assert (answer.status_code, tone(answer)) == (422, "bad")
    assert "CometAPI refused this; nothing changed" in notice(answer)
    told = "CometAPI refused this team's access token: an admin can paste a new one." in notice(answer)
    assert told is (kind in ("401_json", "403"))
    keeps_what_was_typed(answer)


def test_an_access_token_that_is_refused_before_anything_is_sent_is_told_as_such(house: House) -> None:
    form = opened(house.client(), house)
    house.sandbox.fault("401_json", operation="get", times=9)

    answer = saved(house.client(), house, {**form, "name": "New"})

    assert answer.status_code == 503 and "an admin can paste a new one. The team's page" in notice(answer)
    assert house.sandbox.writes() == []


def test_a_refusal_that_was_carried_out(house: House) -> None:
    hit(house, "update", "refusal", message="no such thing", applied=True)

    answer = save(house)

    assert answer.status_code == 200 and "Saved and checked at" in notice(answer)
    assert "What came back: no such thing" in notice(answer)


def test_a_refusal_that_reads_differently(house: House) -> None:
    hit(house, "update", "refusal", message="no such thing")

    answer = save(house, after=lambda: meanwhile(house, name="Theirs"))

    said = notice(answer)
    assert tone(answer) == "warn" and answer.status_code == 200, said
    assert "CometAPI refused this" in said and "nothing changed" not in said and "stored something else" not in said
    assert "What came back: no such thing" in said and "Name: New → Theirs" in said


def test_a_refusal_that_cannot_be_read(house: House) -> None:
    hit(house, "update", "refusal", message="no such thing")

    answer = save(house, after=lambda: hit(house, "get", "503", skip=1, times=99))

    said = notice(answer)
    assert (answer.status_code, tone(answer)) == (202, "warn")
    assert "Checking…" in said and "What came back: no such thing" in said
    assert "CometAPI refused this, but the key could not be read" in said and "no clear answer" not in said
    keeps_what_was_typed(answer)


def meanwhile(house: House, **theirs: Any) -> None:
    """Somebody else changes the key between our reading and our update."""
    house.sandbox.interleave(when="after", edit=theirs, operation="get")


def test_no_such_key(house: House) -> None:
    answer = save(house, after=lambda: house.sandbox.console_delete(house.keys["plain"]))

    assert answer.status_code == 404 and GONE in notice(answer)
    assert house.sandbox.writes() == []
    keeps_what_was_typed(answer)


def test_deleted_between_our_reading_and_our_update(house: House) -> None:
    paused = house.sandbox.pause(operation="update")

    def delete() -> None:
        assert house.sandbox.wait_paused(paused)
        house.sandbox.console_delete(house.keys["plain"])
        house.sandbox.release(paused)

    deleting = Thread(target=delete)
    answer = save(house, after=deleting.start)
    deleting.join()

    assert answer.status_code == 404 and GONE in notice(answer)
    assert "what became of the change can no longer be read" in notice(answer)
    keeps_what_was_typed(answer)


def test_nothing_left_us(house: House) -> None:
    answer = save(house, after=lambda: house.sandbox.down(30))

    assert (answer.status_code, tone(answer)) == (503, "bad")
    assert "Not sent, nothing changed" in notice(answer) and "What you typed is still here" in notice(answer)
    keeps_what_was_typed(answer)


def test_429_says_how_long_to_wait(house: House) -> None:
    hit(house, "update", "429", retry_after="7")

    answer = save(house)

    assert (answer.status_code, tone(answer)) == (422, "bad")
    assert "nothing changed" in notice(answer) and "CometAPI asks to wait 7 seconds." in notice(answer)
    keeps_what_was_typed(answer)


CARRIED_OUT = ("500_after", "reset_after", "html_200", "empty_200", "success_string", "another_id", "cut_with_length")
NOT_CARRIED_OUT = ("500_before", "502", "503", "524", "reset_before", "close", "302", "307")


@pytest.mark.parametrize("kind", CARRIED_OUT)
def test_no_clear_answer_that_reads_as_wanted(house: House, kind: str) -> None:
    hit(house, "update", kind)

    answer = save(house)

    assert (answer.status_code, tone(answer)) == (200, "good")
    assert "Saved: read at" in notice(answer) and "gave no clear answer, but the key reads as wanted" in notice(answer)
    assert len(house.sandbox.writes()) == 1


@pytest.mark.parametrize("kind", NOT_CARRIED_OUT)
def test_no_clear_answer_that_reads_as_before(house: House, kind: str) -> None:
    hit(house, "update", kind)

    answer = save(house)

    said = notice(answer)
    assert (answer.status_code, tone(answer)) == (202, "warn")
    assert "Checking…" in said and "Nothing has to be repeated" in said
    assert not any(word in said for word in ("ailed", "try again", "Try again", "Saved", "nothing changed"))
    assert 'hx-trigger="every 5s"' in body(answer) and len(house.sandbox.writes()) == 1
    keeps_what_was_typed(answer)


def test_the_glance_never_claims_more_than_was_read(house: House) -> None:
    hit(house, "update", "refusal", message="no")

    answer = save(house, after=lambda: hit(house, "get", "503", skip=1, times=99))

    assert "As it was when this form was made" in glance(answer)


def test_a_ledger_that_cannot_be_written_sends_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from keys.errors import LedgerUnavailable
    from keys.ledger import book

    def broken(*_args: object, **_more: object) -> None:
        raise LedgerUnavailable("The ledger is not writable.")

    monkeypatch.setattr(book, "opened", broken)
    answer = edited(house.client(), house, TYPED)

    assert answer.status_code == 503 and "The ledger cannot be written, so nothing was sent" in words(answer)
    assert house.sandbox.writes() == []
    keeps_what_was_typed(answer)
