"""Counts by status are kept, and never older than what is in the table: tests that try to make them lie."""

import random
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from keys.models import MirrorKey, Team, TeamSync
from keys.selectors import counting
from keys.selectors.ages import ages_of
from keys.selectors.counting import counts_of, quick_counts
from keys.selectors.mirror import snapshot_of
from keys.selectors.wanted import effective
from keys.services import mirror
from tests.listing.making import as_row, listed
from tests.support.databases import RealDatabase

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
AT = int(NOW.timestamp())
Counts = tuple[dict[str, int], int]


@pytest.fixture
def team(real_db: RealDatabase) -> Team:
    return made("red", 7)


def made(slug: str, account_id: int) -> Team:
    team = Team.objects.create(slug=slug, name=slug, account_id=account_id)
    listed(team)
    return team


def store(team: Team, begun: datetime, keys: dict[int, dict[str, Any]]) -> None:
    """Key's number -> its fields: readings, as a page of a listing brings them."""
    mirror.store(team, [snapshot_of(as_row(team, number, fields)) for number, fields in keys.items()], begun)


def told(teams: Sequence[Team], now: datetime = NOW) -> Counts:
    """As a page asks: first the marks, then the counts."""
    return quick_counts(teams, now, ages_of(teams).marks)


def true(teams: Sequence[Team], now: datetime = NOW) -> Counts:
    """Counted anew, by the ORM's own SQL."""
    keys = MirrorKey.objects.filter(team__in=teams).annotate(effective=effective(now))
    return counts_of(keys.filter(gone_at=None)), keys.exclude(gone_at=None).count()


def queries(ask: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as captured:
        ask()
    return len(captured)


def test_what_has_not_changed_is_not_counted_again(team: Team) -> None:
    other = made("blue", 8)
    store(team, NOW, {1: {}, 2: {"status": 2}})
    store(other, NOW, {3: {}})
    marks = ages_of([team, other]).marks

    assert queries(lambda: quick_counts([team, other], NOW, marks)) == 1
    assert queries(lambda: quick_counts([team, other], NOW, marks)) == 0
    assert quick_counts([team, other], NOW, marks) == true([team, other])

    store(other, NOW + timedelta(seconds=1), {4: {}})
    assert told([team]) == true([team]) and queries(lambda: quick_counts([team], NOW, marks)) == 0
    assert (
        told([team, other]) == true([team, other]) == ({"enabled": 3, "disabled": 1, "expired": 0, "exhausted": 0}, 0)
    )


def test_a_reading_that_says_nothing_new_leaves_them(team: Team) -> None:
    store(team, NOW, {1: {}})
    told([team])

    store(team, NOW + timedelta(minutes=1), {1: {}})
    store(team, NOW + timedelta(minutes=2), {1: {"name": "renamed", "remain_quota": 1, "used_quota": 77}})

    assert queries(lambda: quick_counts([team], NOW, ages_of([team]).marks)) == 1  # the marks alone


CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("disabled", {"status": 2}),
    ("expired", {"status": 3}),
    ("expired", {"expired_time": AT - 1}),
    ("exhausted", {"status": 4}),
    ("exhausted", {"remain_quota": 0}),
    ("other", {"status": 9}),
]


@pytest.mark.parametrize(("word", "fields"), CHANGES)
def test_each_write_shows_at_once(team: Team, word: str, fields: dict[str, Any]) -> None:
    store(team, NOW, {1: {}, 2: {}})
    assert told([team])[0]["enabled"] == 2

    store(team, NOW + timedelta(seconds=1), {1: fields})
    assert (told([team])[0][word], told([team])[0]["enabled"]) == (1, 1)

    store(team, NOW + timedelta(seconds=2), {1: {}})
    assert told([team]) == true([team])


def test_keys_that_go_and_come_back(team: Team) -> None:
    store(team, NOW, {1: {}, 2: {}, 3: {}})
    told([team])

    store(team, NOW + timedelta(seconds=9), {1: {}})
    assert mirror.mark_gone(team, NOW + timedelta(seconds=9)) == 2
    assert told([team]) == true([team]) and told([team])[1] == 2

    store(team, NOW + timedelta(seconds=10), {2: {}})
    assert told([team]) == true([team]) and told([team])[1] == 1


def test_an_expiry_that_passes_and_a_clock_that_is_put_back(team: Team) -> None:
    store(team, NOW, {1: {"expired_time": AT + 5}, 2: {"expired_time": AT + 9, "remain_quota": 0}, 3: {}})

    for seconds in (0, 4, 5, 6, 8, 9, 10, 3, 0, 7, -99):
        now = NOW + timedelta(seconds=seconds)
        assert told([team], now) == true([team], now), seconds
    assert told([team], NOW + timedelta(seconds=9))[0]["expired"] == 2


def test_a_write_between_the_mark_and_the_count(team: Team) -> None:
    store(team, NOW, {1: {}})
    marks = ages_of([team]).marks
    store(team, NOW + timedelta(seconds=1), {1: {"status": 2}})

    late = quick_counts([team], NOW, marks)  # kept by the old mark, but no older than the table

    assert late == told([team]) == true([team])
    store(team, NOW + timedelta(seconds=2), {1: {}})
    assert told([team]) == true([team])


def test_a_count_that_ends_after_a_later_write_does_not_hide_it(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted before a write, and kept after somebody else has counted what was written."""
    store(team, NOW, {1: {}})
    count = counting._counted

    def slow(*asked: Any) -> Any:
        found = count(*asked)
        monkeypatch.setattr(counting, "_counted", count)
        store(team, NOW + timedelta(seconds=1), {1: {"status": 2}})
        assert told([team]) == true([team])
        return found

    monkeypatch.setattr(counting, "_counted", slow)
    told([team])

    assert told([team]) == true([team]) and told([team])[0]["disabled"] == 1


def test_what_is_not_committed_yet_is_counted_when_it_is(team: Team) -> None:
    store(team, NOW, {1: {}})
    before = told([team])
    written, go_on = threading.Event(), threading.Event()

    def write() -> None:
        try:
            with transaction.atomic():
                store(team, NOW + timedelta(seconds=1), {1: {"status": 2}, 2: {}})
                written.set()
                assert go_on.wait(60)
        finally:
            connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    assert written.wait(60)
    assert told([team]) == before
    go_on.set()
    writer.join(60)

    assert told([team]) == true([team]) != before


def test_what_is_rolled_back_was_never_counted(team: Team) -> None:
    store(team, NOW, {1: {}})
    marks = ages_of([team]).marks

    with transaction.atomic():
        store(team, NOW + timedelta(seconds=1), {1: {"status": 2}, 2: {}})
        assert told([team])[0]["disabled"] == 1
        assert quick_counts([team], NOW, marks)[0]["disabled"] == 1  # as if the mark had been read before
        transaction.set_rollback(True)

    assert told([team]) == true([team]) == ({"enabled": 1, "disabled": 0, "expired": 0, "exhausted": 0}, 0)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_they_are_what_counting_anew_says(real_db: RealDatabase, seed: int) -> None:
    rng, teams = random.Random(seed), [made("red", 7), made("blue", 8)]
    begun, now = NOW, NOW
    for _ in range(60):
        begun += timedelta(seconds=1)
        now += timedelta(seconds=rng.choice((0, 0, 1, 3, -2)))
        team, soon = rng.choice(teams), int(now.timestamp()) + rng.randrange(-3, 9)
        what = rng.randrange(4)
        if what == 0:
            mirror.mark_gone(team, begun - timedelta(seconds=rng.randrange(9)))
        elif what < 3:
            fields = {"status": rng.choice((1, 1, 2, 3, 4, 7)), "expired_time": rng.choice((-1, soon, 0))}
            fields |= {"remain_quota": rng.choice((5, 0, -1)), "unlimited_quota": rng.random() < 0.3}
            store(team, begun, {rng.randrange(1, 6) + 100 * team.pk: fields})
        asked = rng.choice((teams, [team]))
        assert told(asked, now) == true(asked, now), seed


def test_a_team_that_nobody_has_tried_to_read_is_counted_anew(team: Team) -> None:
    store(team, NOW, {1: {}})
    TeamSync.objects.all().delete()

    assert told([team]) == true([team])
    MirrorKey.objects.update(status=2)
    assert told([team]) == true([team])
