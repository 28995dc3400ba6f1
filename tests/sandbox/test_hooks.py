"""Stepping in between: pauses, console edits at an exact moment, and the order that the log tells."""

import threading

import pytest

from tests.sandbox.conftest import Desk

pytestmark = pytest.mark.dbfree


@pytest.mark.parametrize(("when", "seen"), [("before", "one"), ("after", "two")])
def test_a_request_waits_until_it_is_released(desk: Desk, when: str, seen: str) -> None:
    body = desk.body(name="two")
    pause = desk.sandbox.pause(when, operation="update")
    put = threading.Thread(target=desk.put, args=(body,))
    put.start()

    assert desk.sandbox.wait_paused(pause)
    assert desk.stored()["name"] == seen
    assert put.is_alive()
    desk.sandbox.release(pause)
    put.join(5)
    assert desk.stored()["name"] == "two"


def test_an_edit_between_our_read_and_our_put_is_lost_and_the_log_says_so(desk: Desk) -> None:
    body = desk.body(name="two")
    desk.sandbox.interleave("before", operation="update", edit={"group": "vip"}, spend=50)

    desk.put(body)

    assert desk.stored()["group"] == ""
    read, put = desk.sandbox.requests("GET")[-1], desk.sandbox.writes()[-1]
    edit = next(one for one in desk.sandbox.events() if one["operation"] == "console_edit")
    assert read["order"] < edit["order"] < put["order"]
    assert (edit["after"]["group"], put["before"]["group"], put["after"]["group"]) == ("vip", "vip", "")
    assert (put["before"]["remain_quota"], put["after"]["remain_quota"], put["spent"]) == (99_950, 100_000, 50)


def test_an_edit_after_the_put_stays(desk: Desk) -> None:
    desk.sandbox.interleave("after", operation="update", edit={"group": "vip"})
    assert desk.put(desk.body(name="two"))["data"]["group"] == ""
    assert (desk.get()["group"], desk.get()["name"]) == ("vip", "two")


def test_an_edit_of_another_key(desk: Desk) -> None:
    other = desk.sandbox.add_key(desk.account, name="other")
    desk.sandbox.interleave("before", operation="get", target=other, edit={"name": "moved"})
    assert desk.get()["name"] == "one"
    assert desk.sandbox.key(other)["name"] == "moved"


def test_wrong_hooks_and_edits_are_refused(desk: Desk) -> None:
    with pytest.raises(ValueError, match="when"):
        desk.sandbox.pause("sometime")
    with pytest.raises(ValueError, match="unknown hook"):
        desk.sandbox.interleave(edits={})
    with pytest.raises(ValueError, match="unknown key fields"):
        desk.sandbox.console_edit(desk.key_id, nmae="x")
    with pytest.raises(LookupError):
        desk.sandbox.console_edit(5, name="x")
    with pytest.raises(ValueError, match="dialect"):
        desk.sandbox.configure(dialect="D")
    with pytest.raises(ValueError, match="unknown switch"):
        desk.sandbox.configure(dialects="A")


def test_clearing_lets_everybody_go(desk: Desk) -> None:
    pause = desk.sandbox.pause(operation="get")
    read = threading.Thread(target=desk.get)
    read.start()
    assert desk.sandbox.wait_paused(pause)
    desk.sandbox.clear_hooks()
    read.join(5)
    assert not read.is_alive()
