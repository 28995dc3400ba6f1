"""What somebody else changed is found, told apart from what is ours and from what CometAPI does, and recorded."""

import json
from dataclasses import replace
from typing import Any

import pytest

from keys.cometapi.client import CometClient
from keys.errors import Unclear
from keys.ledger import book
from keys.models import Change, ChangeState, Record
from keys.services import drift, settle
from keys.types import Deadline, KeySnapshot
from tests.mirror.support import drifts, passed, revived, row, store_now, sync
from tests.road.stage import Stage, wish

OPEN_TO_ALL = {"allow_ips": "203.0.113.0/24", "model_limits_enabled": True, "model_limits": "gpt-4o"}


def body(record: Record) -> dict[str, Any]:
    return dict(json.loads(record.text)["body"])


def test_a_change_made_elsewhere_is_recorded_once(stage: Stage) -> None:
    sync(stage.team)
    stage.sandbox.console_edit(stage.key_id, name="renamed", group="vip")

    sync(stage.team)
    sync(stage.team)

    (found,) = drifts(stage)
    assert found.changed == {"name": ["staging", "renamed"], "group": ["", "vip"]}
    assert (found.weaker, found.revived, found.state) == ([], False, "open")
    (record,) = stage.records()
    assert (record.action, record.actor, record.actor_kind, record.seq) == (
        "key.drift",
        "outside",
        "system",
        found.record_seq,
    )
    assert body(record)["changed"] == found.changed


@pytest.mark.parametrize(
    ("before", "after", "weaker"),
    [
        ({"allow_ips": "203.0.113.0/24"}, {"allow_ips": ""}, ["allow_ips"]),
        ({"allow_ips": "203.0.113.0/24"}, {"allow_ips": "203.0.112.0/23"}, ["allow_ips"]),
        ({"allow_ips": "203.0.113.0/24"}, {"allow_ips": "203.0.113.7"}, []),
        ({"allow_ips": ""}, {"allow_ips": "0.0.0.0/0"}, []),
        ({"allow_ips": "203.0.113.0/24"}, {"allow_ips": "2001:db8::/32"}, ["allow_ips"]),
        # As CometAPI reads it: commas and blanks deleted, masks skipped, IPv4 within IPv6.
        ({"allow_ips": "203.0.113.0/24"}, {"allow_ips": "203.0.113.0/24\n0.0.0.0,/0"}, ["allow_ips"]),
        ({"allow_ips": "203.0.113.0/24"}, {"allow_ips": "203.0.113.0/24\n10.0.0.0 /8"}, ["allow_ips"]),
        ({"allow_ips": "203.0.113.0/24"}, {"allow_ips": "203.0.113.0/24\n::ffff:0.0.0.0/96"}, ["allow_ips"]),
        ({"allow_ips": "203.0.113.0/24"}, {"allow_ips": "::ffff:203.0.113.0/120"}, []),
        ({"allow_ips": "203.0.113.0/24"}, {"allow_ips": "203.0.113.0/24\n10.0.0.0/255.0.0.0"}, []),
        ({"allow_ips": "203.0.113.0/24"}, {"allow_ips": "203.0.113.0/24\n10.0.0.1 10.0.0.2"}, []),
        ({"allow_ips": "\n"}, {"allow_ips": ""}, ["allow_ips"]),
        ({"allow_ips": "203.0.113.0/24"}, {"allow_ips": ","}, []),
        (OPEN_TO_ALL, {"model_limits_enabled": False}, ["model_limits_enabled"]),
        (OPEN_TO_ALL, {"model_limits": "gpt-4o,o3"}, ["model_limits"]),
        (OPEN_TO_ALL, {"model_limits": "o3", "model_limits_enabled": False}, ["model_limits_enabled"]),
        ({"expired_time": 2_000_000_000}, {"expired_time": 2_000_000_001}, ["expired_time"]),
        ({"expired_time": 2_000_000_000}, {"expired_time": -1}, ["expired_time"]),
        ({"expired_time": -1}, {"expired_time": 2_000_000_000}, []),
        ({}, {"unlimited_quota": True}, ["unlimited_quota"]),
        ({"status": 3, "expired_time": 1}, {"status": 1}, ["status"]),
        ({}, {"status": 2}, []),
        ({}, {"remain_quota": 999_999}, []),
    ],
)
def test_what_got_weaker_stands_out(
    stage: Stage, before: dict[str, Any], after: dict[str, Any], weaker: list[str]
) -> None:
    stage.sandbox.console_edit(stage.key_id, **before)
    sync(stage.team)
    stage.sandbox.console_edit(stage.key_id, **after)

    sync(stage.team)

    assert [found.weaker for found in drifts(stage)] == [weaker]


def test_a_quota_is_told_by_its_limit(stage: Stage) -> None:
    sync(stage.team)
    stage.sandbox.console_edit(stage.key_id, remain_quota=150_000)
    stage.sandbox.spend(stage.key_id, 500)

    sync(stage.team)

    assert drifts(stage)[0].changed == {"remain_quota": [100_000, 149_500], "limit": [100_000, 150_000]}


def test_spending_is_no_drift(stage: Stage) -> None:
    sync(stage.team)
    stage.sandbox.spend(stage.key_id, 500)

    sync(stage.team)

    assert drifts(stage) == []
    assert not row(stage).suspect


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"expired_time": 1_000_000_000}, 3),
        ({"remain_quota": -5, "used_quota": 100_005}, 4),
        # It ran dry, and something that was paid for beforehand came back.
        ({"remain_quota": 500, "used_quota": 99_500}, 4),
    ],
)
def test_what_cometapi_does_by_itself_is_no_drift(stage: Stage, fields: dict[str, int], status: int) -> None:
    stage.sandbox.console_edit(stage.key_id, **fields)
    sync(stage.team)
    stage.sandbox.console_edit(stage.key_id, status=status)
    sync(stage.team)
    assert drifts(stage) == []

    stage.sandbox.console_edit(stage.key_id, status=1)
    sync(stage.team)
    assert [found.weaker for found in drifts(stage)] == [["status"]]


@pytest.mark.parametrize(
    ("out", "status", "again", "told"),
    [
        ({"remain_quota": 0, "used_quota": 100_000}, 4, {"remain_quota": 500}, {"remain_quota", "limit"}),
        ({"remain_quota": 0, "used_quota": 100_000}, 4, {"unlimited_quota": True}, {"unlimited_quota"}),
        ({"expired_time": 1_000_000_000}, 3, {"expired_time": 4_000_000_000}, {"expired_time"}),
    ],
)
def test_what_cometapi_made_of_it_before_somebody_moved_its_limit_is_no_drift_of_theirs(
    stage: Stage, out: dict[str, int], status: int, again: dict[str, int], told: set[str]
) -> None:
    sync(stage.team)
    stage.sandbox.console_edit(stage.key_id, **out, status=status)
    stage.sandbox.console_edit(stage.key_id, **again)

    sync(stage.team)

    assert [set(found.changed) for found in drifts(stage)] == [told]


def test_a_disabled_key_that_comes_back_to_life_is_an_alarm(stage: Stage) -> None:
    revived(stage)

    assert [(found.revived, found.changed) for found in drifts(stage)] == [(True, {"status": [2, 1]})]


def test_a_change_of_ours_is_no_drift(stage: Stage) -> None:
    sync(stage.team)
    stage.edit(wish(name="ours", group="vip", quota=("add", 5)))
    passed(stage)

    sync(stage.team)

    assert drifts(stage) == []
    assert not row(stage).suspect


def test_a_change_elsewhere_around_one_of_ours_is_found(stage: Stage) -> None:
    sync(stage.team)
    stage.sandbox.console_edit(stage.key_id, group="vip")
    stage.edit(wish(name="ours"))
    passed(stage)
    stage.sandbox.console_edit(stage.key_id, allow_ips="203.0.113.7")

    sync(stage.team)

    assert [found.changed for found in drifts(stage)] == [{"group": ["", "vip"], "allow_ips": [None, "203.0.113.7"]}]


def test_putting_back_elsewhere_what_we_changed_is_found(stage: Stage) -> None:
    """Also where the mirror never heard of our change: its process was killed before it could be stored."""
    sync(stage.team)
    known = row(stage)
    stage.edit(wish(name="ours"))
    known.save()
    passed(stage)
    stage.sandbox.console_edit(stage.key_id, name="staging")

    sync(stage.team)

    assert [found.changed for found in drifts(stage)] == [{"name": ["ours", "staging"]}]


def test_a_key_with_an_open_change_waits(stage: Stage, settings: Any) -> None:
    """A late write: no answer, as before when it was looked at, and applied when nobody expects it any more."""
    sync(stage.team)
    stage.sandbox.fault("500_before", operation="update", times=1)
    stage.edit(wish(name="ours"))
    assert Change.objects.get().state == ChangeState.UNKNOWN
    stage.sandbox.console_edit(stage.key_id, name="ours")  # so it lands, late

    sync(stage.team)
    assert (drifts(stage), row(stage).suspect) == ([], True)

    assert settle.settle_change(Change.objects.get(), stage.team) == "applied"
    settings.WAITS = replace(settings.WAITS, late_s=0.0)
    passed(stage)
    sync(stage.team)
    assert (drifts(stage), row(stage).suspect) == ([], False)


def test_a_key_whose_change_has_only_just_ended_waits(stage: Stage) -> None:
    sync(stage.team)
    stage.edit(wish(name="ours"))
    stage.sandbox.console_edit(stage.key_id, group="vip")

    sync(stage.team)
    assert (drifts(stage), row(stage).suspect) == ([], True)

    passed(stage)
    drift.examine_all(Deadline.after(5))
    sync(stage.team)
    assert [found.changed for found in drifts(stage)] == [{"group": ["", "vip"]}]


def test_a_reading_that_comes_in_before_the_lock_makes_no_second_drift(stage: Stage, monkeypatch: Any) -> None:
    sync(stage.team)
    stage.sandbox.console_edit(stage.key_id, name="theirs")
    opened, before = book.opened, iter((store_now,))

    def after_a_reading() -> Any:
        for store in before:
            store(stage)
        return opened()

    monkeypatch.setattr(book, "opened", after_a_reading)
    sync(stage.team)
    sync(stage.team)
    sync(stage.team)

    assert [found.changed for found in drifts(stage)] == [{"name": ["staging", "theirs"]}]
    assert not row(stage).suspect


def test_a_supposed_drift_is_read_once_more(stage: Stage) -> None:
    sync(stage.team)
    stage.sandbox.fault("field_altered", operation="list", times=1, field="name", value="a lie")
    stage.sandbox.console_edit(stage.key_id, group="vip")
    stage.sandbox.interleave("before", operation="get", edit={"group": ""})

    sync(stage.team)

    assert drifts(stage) == []
    assert not row(stage).suspect


def test_a_drift_of_which_nothing_is_left_is_superseded(stage: Stage) -> None:
    sync(stage.team)
    stage.sandbox.console_edit(stage.key_id, name="theirs")
    sync(stage.team)
    stage.edit(wish(name="ours"))

    assert [found.state for found in drifts(stage)] == ["superseded"]


def test_trouble_while_looking_again_leaves_a_suspect(stage: Stage) -> None:
    sync(stage.team)
    stage.sandbox.console_edit(stage.key_id, name="theirs")
    stage.sandbox.fault("500_before", operation="get", times=99)

    assert sync(stage.team).trouble == ""  # of the key, not of the team's list
    assert (drifts(stage), row(stage).suspect) == ([], True)

    stage.sandbox.clear_faults()
    drift.examine_all(Deadline.after(5))
    assert len(drifts(stage)) == 1


def test_a_key_that_cannot_be_read_holds_up_no_other(stage: Stage, monkeypatch: Any) -> None:
    other = stage.on(stage.sandbox.add_key(stage.account, name="second"))
    sync(stage.team)
    for one in (stage, other):
        one.sandbox.console_edit(one.key_id, name=f"theirs {one.key_id}")
    whole = CometClient.get_key

    def get(client: CometClient, key_id: int, deadline: Deadline) -> KeySnapshot:
        if key_id == stage.key_id:
            raise Unclear("odd", kind="odd_answer")
        return whole(client, key_id, deadline)

    monkeypatch.setattr(CometClient, "get_key", get)

    assert sync(stage.team).trouble == ""
    assert [found.key_id for found in drifts(stage)] == [other.key_id] and row(stage).suspect
