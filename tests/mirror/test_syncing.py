"""Listing a team's keys: whole, in slices, while pages shift, taken over after a kill, and in trouble."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from keys.cometapi.client import CometClient
from keys.models import AccessToken, MirrorKey, Record, Team, TeamSync
from keys.services import access_tokens, mirror, syncing
from keys.types import Deadline, KeyPage
from tests.mirror.support import row, state, sync, unlike
from tests.road.stage import Stage, set_up


def many(stage: Stage, count: int) -> list[int]:
    return [stage.sandbox.add_key(stage.account, name=f"key {number}") for number in range(count)]


def test_every_key_is_listed(stage: Stage) -> None:
    many(stage, 205)

    progress = sync(stage.team)

    assert (progress.done, progress.total, progress.trouble) == (206, 206, "")
    assert unlike(stage) == []
    found = state(stage)
    assert found.listed_at and found.running_since is None and found.heartbeat_at is None
    assert AccessToken.objects.get().state == "accepted"
    assert not Record.objects.exists()


def test_a_listing_goes_on_where_the_last_slice_ended(stage: Stage) -> None:
    many(stage, 205)

    slices = [syncing.sync_slice(stage.team, Deadline.after(0)) for _ in range(3)]

    assert [found.over for found in slices] == [False, False, True]
    assert [found.done for found in slices] == [100, 200, 206]
    assert len(stage.sandbox.requests(operation="list")) == 3
    assert unlike(stage) == []


def test_a_listing_that_goes_on_may_take_longer_than_one_may_rest(stage: Stage) -> None:
    many(stage, 205)
    hours = timezone.now() - timedelta(hours=3)

    syncing.sync_slice(stage.team, Deadline.after(0))
    TeamSync.objects.update(running_since=hours)
    assert syncing.sync_slice(stage.team, Deadline.after(0)).done == 200
    TeamSync.objects.update(tried_at=hours)
    assert syncing.sync_slice(stage.team, Deadline.after(0)).done == 100


def test_only_a_full_listing_marks_a_key_as_gone(stage: Stage) -> None:
    other = many(stage, 120)[0]
    sync(stage.team)
    stage.sandbox.console_delete(other)
    stage.sandbox.fault("500_before", operation="list", skip=1, times=99)

    assert sync(stage.team).trouble == "http_500"
    assert row(stage, other).gone_at is None

    stage.sandbox.clear_faults()
    sync(stage.team)
    assert row(stage, other).gone_at is not None
    assert unlike(stage) == []


def test_a_key_that_is_back_is_not_gone(stage: Stage) -> None:
    sync(stage.team)
    MirrorKey.objects.update(gone_at=timezone.now())

    sync(stage.team)

    assert row(stage).gone_at is None


def test_no_key_is_gone_where_an_entry_could_not_be_read(stage: Stage) -> None:
    sync(stage.team)
    many(stage, 2)
    stage.sandbox.fault("field_missing", operation="list", times=9, field="name", item=2)

    progress = sync(stage.team)

    assert row(stage).gone_at is None, progress


def test_a_key_deleted_while_the_pages_are_read_costs_no_other_key(stage: Stage) -> None:
    ids = many(stage, 205)
    sync(stage.team)
    syncing.sync_slice(stage.team, Deadline.after(0))
    stage.sandbox.console_delete(ids[-1])

    assert sync(stage.team).trouble == ""

    assert unlike(stage) == []
    assert MirrorKey.objects.filter(gone_at__isnull=False).count() == 1


def test_keys_deleted_again_and_again_while_the_pages_are_read_make_no_full_listing(stage: Stage) -> None:
    ids = many(stage, 225)
    sync(stage.team)
    progress = syncing.Progress(0, 0, False)
    while not progress.over:
        progress = syncing.sync_slice(stage.team, Deadline.after(0))
        if state(stage).next_page == 2:
            stage.sandbox.console_delete(ids.pop())

    assert state(stage).trouble == "shifting"
    assert not MirrorKey.objects.filter(gone_at__isnull=False).exists()


def test_a_key_made_while_the_pages_are_read_is_found(stage: Stage) -> None:
    many(stage, 205)
    syncing.sync_slice(stage.team, Deadline.after(0))
    many(stage, 1)

    sync(stage.team)

    assert unlike(stage) == []


def test_pages_that_never_hold_still_are_said(stage: Stage) -> None:
    many(stage, 100)
    sync(stage.team)
    listed_at = state(stage).listed_at
    progress = syncing.Progress(0, 0, False)
    while not progress.over:
        many(stage, 1)
        progress = syncing.sync_slice(stage.team, Deadline.after(0))

    assert progress.trouble == "shifting"
    assert (state(stage).listed_at, MirrorKey.objects.filter(gone_at__isnull=False).count()) == (listed_at, 0)


def test_a_total_that_is_always_too_small_is_lived_with(stage: Stage) -> None:
    gone, *_ = many(stage, 2)
    sync(stage.team)
    stage.sandbox.console_delete(gone)
    stage.sandbox.clear_log()
    stage.sandbox.fault("wrong_total", operation="list", times=99, total=1)

    assert sync(stage.team).trouble == ""

    assert unlike(stage) == []
    assert len(stage.sandbox.requests(operation="list")) == 2


def test_no_key_is_gone_where_fewer_are_listed_than_there_are_said_to_be(stage: Stage) -> None:
    gone, *_ = many(stage, 2)
    sync(stage.team)
    before = state(stage).listed_at
    stage.sandbox.console_delete(gone)
    stage.sandbox.clear_log()
    stage.sandbox.fault("wrong_total", operation="list", times=99)

    progress = sync(stage.team)

    assert (progress.trouble, progress.message) == (
        "mismatch",
        "CometAPI says there are 9 keys and lists 2. None that is missing counts as deleted.",
    )
    assert not MirrorKey.objects.filter(gone_at__isnull=False).exists()
    assert len(stage.sandbox.requests(operation="list")) == 2
    found = state(stage)
    assert before and found.listed_at and before < found.listed_at <= row(stage).read_at
    assert (found.left_out, found.left_out_since) == (1, row(stage, gone).read_at)
    stage.sandbox.clear_faults()
    assert sync(stage.team).trouble == "" and unlike(stage) == []
    assert (state(stage).left_out, state(stage).left_out_since) == (0, None)


def altered(monkeypatch: pytest.MonkeyPatch, page_of: Callable[[KeyPage], KeyPage]) -> None:
    shipped = CometClient.list_keys
    monkeypatch.setattr(CometClient, "list_keys", lambda *args: page_of(shipped(*args)))


def test_no_key_is_gone_where_a_page_comes_empty(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    many(stage, 150)
    sync(stage.team)
    altered(monkeypatch, lambda page: replace(page, items=()) if page.page == 2 else page)

    assert sync(stage.team).trouble == "mismatch"

    assert unlike(stage) == []


def test_no_key_is_gone_where_no_page_holds_any(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    many(stage, 25)
    sync(stage.team)
    before = state(stage).listed_at
    altered(monkeypatch, lambda page: replace(page, items=()))

    assert sync(stage.team).trouble == "mismatch"

    assert state(stage).listed_at == before  # nothing of it was read anew
    assert unlike(stage) == []


def test_the_last_page_again_for_one_behind_it_is_an_end(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = many(stage, 100)[0]
    sync(stage.team)
    stage.sandbox.console_delete(gone)
    first = access_tokens.client_for(stage.team).list_keys(1, 100, Deadline.after(30))
    altered(monkeypatch, lambda page: first)

    assert sync(stage.team).trouble == ""

    assert unlike(stage) == []


@pytest.mark.parametrize(
    "told",
    [{"total": 50}, {"total": 10**6}, {"total": 101, "items": (), "skipped": 100}],
    ids=["of fewer", "of many more", "unreadable"],
)
def test_a_page_that_comes_again_and_again_ends(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, told: dict[str, Any]
) -> None:
    many(stage, 100)
    sync(stage.team)
    first = access_tokens.client_for(stage.team).list_keys(1, 100, Deadline.after(30))
    asked: list[object] = []

    def list_keys(*args: object) -> KeyPage:
        asked.append(args)
        assert len(asked) < 50
        return replace(first, **told)

    monkeypatch.setattr(CometClient, "list_keys", list_keys)

    assert sync(stage.team).trouble == "mismatch"
    assert unlike(stage) == []


@pytest.mark.parametrize(
    ("fault", "trouble"), [("401_json", "token_refused"), ("500_before", "http_500"), ("html_200", "html")]
)
def test_trouble_is_said_and_holds_up_nobody_else(stage: Stage, fault: str, trouble: str) -> None:
    other = set_up(stage.sandbox)
    stage.sandbox.fault(fault, operation="list", times=99)

    assert sync(stage.team).trouble == trouble
    stage.sandbox.clear_faults()
    assert sync(other.team).trouble == ""

    found = state(stage)
    assert found.message and found.listed_at is None and found.running_since is None
    assert AccessToken.objects.get(team=stage.team).state == ("refused" if trouble == "token_refused" else "accepted")


def test_a_team_without_an_access_token_is_said(stage: Stage) -> None:
    team = Team.objects.create(slug="empty", name="Empty")

    assert sync(team).trouble == "no_access_token"


def test_no_two_processes_list_one_team(stage: Stage) -> None:
    many(stage, 205)
    syncing.sync_slice(stage.team, Deadline.after(0))
    TeamSync.objects.update(heartbeat_at=timezone.now())  # somebody is at it

    progress = syncing.sync_slice(stage.team, Deadline.after(5))

    assert (progress.over, progress.done) == (False, 100)
    assert len(stage.sandbox.requests(operation="list")) == 1


def test_a_killed_listing_is_taken_over_and_the_old_process_fenced_off(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(stage, 205)
    shipped = mirror.store
    taken: list[bool] = []

    def stalls(*args: Any) -> None:
        """The first process hangs so long that a second one takes the listing over, and finishes it."""
        shipped(*args)
        if not taken:
            taken.append(True)
            TeamSync.objects.update(heartbeat_at=timezone.now() - timedelta(hours=1))
            sync(stage.team)

    monkeypatch.setattr(mirror, "store", stalls)
    listed = syncing.sync_slice(stage.team, Deadline.after(30))

    assert listed.over is False
    assert unlike(stage) == []
    assert state(stage).running_since is None


def test_syncing_takes_at_most_half_of_the_budget(stage: Stage, settings: Any) -> None:
    many(stage, 305)
    settings.COMETAPI_RATE = (8, 3600.0)  # half of it is 4 an hour, 2 of them at once

    progress = syncing.sync_slice(stage.team, Deadline.after(1))

    assert not progress.over
    assert len(stage.sandbox.requests(operation="list")) <= 4
    assert state(stage).heartbeat_at is None


@pytest.mark.parametrize("every_s", [60])
def test_when_a_listing_is_due(stage: Stage, every_s: float) -> None:
    now = timezone.now()
    long_ago, just_now = now - timedelta(seconds=every_s + 1), now - timedelta(seconds=1)

    assert syncing.is_due(None, every_s)
    assert syncing.is_due(TeamSync(), every_s)
    assert syncing.is_due(TeamSync(tried_at=long_ago), every_s)
    assert not syncing.is_due(TeamSync(tried_at=just_now), every_s)
    assert syncing.is_due(TeamSync(tried_at=just_now, running_since=just_now), every_s)
    assert not syncing.is_due(TeamSync(tried_at=long_ago, running_since=long_ago, heartbeat_at=now), every_s)
