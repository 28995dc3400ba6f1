"""What a key spent in the last seven days: by id, never another's, kept for a while; without a log nothing is said."""

import time
from typing import Any

import pytest

from cometadmin.sandbox import spending
from keys.models import AccessToken, Team
from keys.services import usage as service
from keys.services import usage_log
from keys.services.usage import WEEK_S, known_usage, last_week
from keys.types import KeySnapshot
from tests.pages.acting import HTMX, Answer, body, no_secret, opened, saved, words
from tests.pages.house import House


def spent(house: House, key: str, units: int, *, ago_s: int = 60, model: str = "gpt-4o", **row: Any) -> None:
    """One row of the log, as the sandbox itself writes them, but of another time."""
    state = house.sandbox.server.state
    one, account = state.keys[house.keys[key]], state.accounts[house.account.id]
    made = spending.usage_row(state, account, one, units, model, "203.0.113.9", int(time.time()) - ago_s)
    state.add_usage(account, {**made, **row})


def shown(house: House, key: str = "plain", username: str = "lead", **headers: str) -> Answer:
    return house.client(username).get(house.path(key, "usage/"), headers=headers)


def read(house: House, key: str = "plain") -> KeySnapshot:
    from keys.services.edit import read_key

    return read_key(team=Team.objects.get(pk=house.team.pk), key_id=house.keys[key])


def test_it_says_what_was_used_and_how_long_the_rest_lasts(house: House) -> None:
    spent(house, "plain", 1_000_000)
    spent(house, "plain", 550_000, ago_s=3 * 86_400, model="claude-sonnet-4")

    page, part = shown(house), shown(house, **HTMX)

    # 6,200,000 are left: four times that.
    assert "Last 7 days: $3.10 used. At this pace what is left lasts 28 days." in words(part)
    assert words(part) in words(page) and "<h1>" in body(page)
    assert "claude-sonnet-4 $1.10" in words(page) and "gpt-4o $2.00" in words(page)
    no_secret(house, body(page))


@pytest.mark.parametrize(
    ("left", "said"), [(0, ""), (-5, ""), (1, "lasts less than a minute."), (5 * 10**14, "lasts more than 100 years.")]
)
def test_no_pace_foretells_what_nobody_can_know(house: House, left: int, said: str) -> None:
    spent(house, "plain", 1_000_000)
    house.sandbox.console_edit(house.keys["plain"], remain_quota=left)

    part = words(shown(house, **HTMX))

    assert "$2.00 used." in part and part.partition("what is left ")[2] == said


def test_only_this_key_and_only_the_week(house: House) -> None:
    house.sandbox.console_edit(house.keys["arabic"], name="Staging, too")
    spent(house, "plain", 10)
    spent(house, "arabic", 1_000)  # its name holds the other's
    spent(house, "plain", 1_000, ago_s=WEEK_S + 60)
    spent(house, "plain", 1_000, type=5)

    found = last_week(house.team, read(house))

    assert found is not None and (found.units, found.models, found.whole) == (10, {"gpt-4o": 10}, True)


def test_what_stands_under_a_name_that_it_had_is_its_own(house: House) -> None:
    spent(house, "plain", 1_000_000, ago_s=3_600)
    client = house.client()
    saved(client, house, {**opened(client, house), "name": "Renamed"})
    spent(house, "plain", 10)

    found = last_week(house.team, read(house))

    assert found is not None and (found.units, found.whole) == (1_000_010, True)


def test_after_more_names_than_are_asked_for_it_is_not_called_all(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage_log, "MOST_NAMES", 1)
    client = house.client()
    saved(client, house, {**opened(client, house), "name": "Renamed"})
    spent(house, "plain", 10)

    found = last_week(house.team, read(house))

    assert found is not None and (found.units, found.whole) == (10, False)


def test_without_an_id_the_name_decides(house: House) -> None:
    spent(house, "plain", 10, token_id=None)
    spent(house, "plain", 1_000, token_id=None, token_name="Staging 2")

    found = last_week(house.team, read(house))

    assert found is not None and found.units == 10


def test_a_long_log_is_read_so_far_and_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_PAGES", 1)
    for number in range(150):
        spent(house, "plain", 100_000, ago_s=3_600 + number * 60)

    found = last_week(house.team, read(house))

    assert found is not None and found.units == 10_000_000 and not found.whole
    assert found.until - found.since == pytest.approx(3_600 + 99 * 60, abs=5)
    assert "used since" in words(shown(house, **HTMX)) and "the log goes on before that" in words(shown(house, **HTMX))


def test_it_is_kept_for_a_while(house: House) -> None:
    spent(house, "plain", 10)
    first = last_week(house.team, read(house))
    spent(house, "plain", 10)
    house.sandbox.clear_log()

    assert last_week(house.team, read(house)) == first == known_usage(house.team, house.keys["plain"])
    assert house.sandbox.requests(operation="log") == []


@pytest.mark.parametrize("kind", ["404", "html_200", "500_before", "garbage", "json_list", "success_missing"])
def test_without_a_log_nothing_is_said_and_it_is_left_alone(house: House, kind: str) -> None:
    house.sandbox.fault(kind, operation="log", times=99)
    house.sandbox.clear_log()

    part, page = shown(house, **HTMX), shown(house)

    assert (part.status_code, words(part)) == (200, "") and "CometAPI's usage log does not tell." in words(page)
    assert len(house.sandbox.requests(operation="log")) == 1
    assert house.client().get(house.path("plain")).status_code == 200


def test_nothing_used_is_said(house: House) -> None:
    assert "Nothing used in the last 7 days" in words(shown(house, **HTMX))


def test_the_key_s_page_asks_apart_and_shows_what_is_known(house: House) -> None:
    spent(house, "plain", 500_000)
    house.sandbox.clear_log()

    before = house.client().get(house.path("plain"))
    asked = house.sandbox.requests(operation="log")
    shown(house, **HTMX)
    after = house.client().get(house.path("plain"))

    assert asked == [] and f'hx-get="{house.path("plain", "usage/")}" hx-trigger="load"' in body(before)
    assert "Last 7 days: $1.00 used." in words(after) and "usage/" not in body(after)


def test_a_name_that_cannot_be_asked_for(house: House) -> None:
    house.sandbox.console_edit(house.keys["plain"], name="a\ud800")

    assert (shown(house, **HTMX).status_code, words(shown(house, **HTMX))) == (200, "")


@pytest.mark.parametrize(("username", "status"), [("member", 200), ("auditor", 200), ("other", 404)])
def test_who_may_look(house: House, username: str, status: int) -> None:
    assert shown(house, username=username).status_code == status


def test_without_access_token_it_says_who_can_add_one(house: House) -> None:
    AccessToken.objects.all().delete()

    assert "An admin can add one" in words(shown(house))


def test_hostile_models_stay_text(house: House) -> None:
    spent(house, "plain", 5, model="<script>alert(1)</script>\u202e")

    page = body(shown(house))

    assert "<script>alert" not in page and "\u202e" not in page and "&lt;script&gt;" in page
