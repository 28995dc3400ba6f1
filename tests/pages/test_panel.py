"""The key over its list: what htmx is answered when it opens and after a save; and what the page of a key shows."""

import json
import re
from typing import Any

import pytest

from keys.ledger.actions import Action
from keys.models import Record
from tests.ledger.making import append, change
from tests.pages.acting import HTMX, Answer, body, edited, opened, words
from tests.pages.house import House, form_of

OPENING = {**HTMX, "HX-Target": "editor"}
LIST = {"over": "list"}


def over_list(house: House, typed: dict[str, Any], key: str = "plain") -> Answer:
    client = house.client()
    form = form_of(body(client.get(house.path(key), headers=OPENING)))
    return client.post(house.path(key), {**form, **LIST, **typed}, headers=HTMX)


def test_it_opens_with_its_name_and_no_page_around_it(house: House) -> None:
    answer = house.client().get(house.path("plain"), headers=OPENING)
    page = body(answer)

    assert answer.status_code == 200 and "<html" not in page and page.count('id="key-name"') == 1
    assert 'id="editor-title"' in page and """hx-vals='{"over": "list"}'""" in page
    assert f'href="{house.path("plain")}"' in page and f'href="{house.list_path}" data-close' in page
    assert "hx-swap-oob" not in page


def test_the_list_opens_keys_in_it(house: House) -> None:
    page = body(house.client().get(house.list_path))

    assert f'<a href="{house.path("plain")}" data-in-panel>' in page and '<dialog class="editor" id="editor"' in page


def test_a_save_answers_with_the_row_as_read_and_a_toast(house: House) -> None:
    answer = over_list(house, {"name": "New", "remain_quota": "1", "quota_unit": "usd"})
    page = body(answer)

    assert answer.status_code == 200 and "editor-saved" in json.loads(answer["HX-Trigger-After-Settle"])
    row = page.split("<template>")[1].split("</template>")[0]
    assert f'id="key-{house.keys["plain"]}"' in row and 'hx-swap-oob="true"' in row
    assert "New" in words(row) and "$1.00" in words(row) and 'class="notice' not in row
    toast = page.split('hx-swap-oob="innerHTML:#live"')[1]
    seq = Record.objects.order_by("-seq")[0].seq
    assert "New: saved and checked at" in words(toast) and f'href="/history/{seq}/"' in toast
    assert "Undo this change" in words(toast) and f'hx-target="#key-{house.keys["plain"]}"' in toast


def test_the_page_s_own_save_knows_no_list(house: House) -> None:
    answer = edited(house.client(), house, {"name": "New"})

    assert (
        "HX-Trigger-After-Settle" not in answer
        and "<template>" not in body(answer)
        and 'id="toast"' not in body(answer)
    )


def test_what_is_to_be_read_keeps_it_open(house: House) -> None:
    refused = over_list(house, {"name": ""})
    nothing = over_list(house, {})
    house.sandbox.fault("503", operation="update", times=1)
    checking = over_list(house, {"name": "New"})

    assert (refused.status_code, nothing.status_code, checking.status_code) == (422, 200, 202)
    for answer in (refused, nothing, checking):
        assert "HX-Trigger-After-Settle" not in answer and 'id="toast"' not in body(answer)
    assert "Nothing to save" in words(nothing)


def test_somebody_elses_change_is_told_before_it_closes(house: House) -> None:
    client = house.client()
    form = {**opened(client, house), **LIST, "name": "New"}
    house.sandbox.console_edit(house.keys["plain"], group="vip")

    answer = client.post(house.path("plain"), form, headers=HTMX)

    assert "Changed meanwhile by somebody else, and kept" in words(answer)
    assert "HX-Trigger-After-Settle" not in answer and 'hx-swap-oob="true"' in body(answer).split("<template>")[1]


def test_a_conflict_stays_over_the_list(house: House) -> None:
    client = house.client()
    form = {**opened(client, house), **LIST, "name": "Mine"}
    house.sandbox.console_edit(house.keys["plain"], name="Theirs")

    answer = client.post(house.path("plain"), form, headers=HTMX)
    chosen = {**form_of(body(answer)), **LIST, "choose-name": "mine"}
    done = client.post(house.path("plain"), chosen, headers=HTMX)

    assert answer.status_code == 409 and "1 change Name Theirs → Mine" in words(answer)
    assert "editor-saved" in done["HX-Trigger-After-Settle"] and house.stored("plain")["name"] == "Mine"


def test_a_lost_group_is_shown_as_such(house: House) -> None:
    house.sandbox.console_edit(house.keys["plain"], group="gone")

    page = words(house.client().get(house.path("plain")))
    kept = edited(house.client(), house, {"name": "New"})

    assert "gone (not available any more)" in page and "This group is not available to the account." in page
    assert "Saved" in words(kept) or "refused" in words(kept)  # it goes back as it was read
    assert house.sandbox.writes()[0]["body"]["group"] == "gone"


def test_groups_are_explained_where_one_is_chosen(house: House) -> None:
    groups = {"vip": {"desc": "Fast lanes <b>", "ratio": 2}, "default": {"desc": "default", "ratio": 1}}
    account = house.sandbox.server.state.accounts[house.account.id]
    account.groups = groups
    client = house.client()

    page = client.get(house.path("plain"))
    refused = edited(client, house, {"name": ""})

    for answer in (page, refused):
        assert "What the groups are vip Fast lanes <b>" in words(answer) and "Fast lanes &lt;b&gt;" in body(answer)


def test_a_list_of_groups_that_is_a_guess_is_told_as_one(house: House) -> None:
    client, told = house.client(), "CometAPI did not tell its groups: these are the ones known from keys"
    assert told not in words(client.get(house.path("arabic")))
    house.sandbox.configure(groups_listed=False)

    page = client.get(house.path("arabic"))
    refused = edited(client, house, {"name": ""}, key="arabic")
    kept = edited(client, house, {"name": "New"}, key="arabic")

    for answer in (page, refused):
        assert told in words(answer) and form_of(body(answer))["group"] == "vip"
    assert "Saved" in words(kept) and house.stored("arabic")["group"] == "vip"


def test_the_history_is_told_by_what_came_and_went(house: House) -> None:
    edited(house.client(), house, {"allow_ips": "203.0.113.0/24\n192.0.2.1", "reason": "office"}, key="restricted")

    page = body(house.client().get(house.path("restricted")))
    entry = page.split('id="key-history"')[1]
    seq = Record.objects.order_by("seq")[0].seq

    told = "Allowlist , 1 entry kept − removed 198.51.100.7 − removed 2001:db8::/32 + added 192.0.2.1"
    assert told in words(entry)
    assert f'id="before-{seq}"' in entry and f'href="/history/{seq}/"' in entry and "office" in entry


@pytest.mark.parametrize("who", ["lead", "member"])
def test_a_long_history_leads_to_all_of_it(house: House, who: str) -> None:
    key_id, client = house.keys["plain"], house.client(who)
    for n in range(20):
        change(house.team, key_id, name=f"n{n}")
    twenty = body(client.get(house.path("plain")))
    append(team=house.team, key_id=key_id, action=Action.DENIED)
    append(team=house.team, key_id=house.keys["arabic"])

    page = body(client.get(house.path("plain")))

    (link,) = re.findall(r'<a href="(/history/[^"]+)">All 21 entries of this key\'s history</a>', page)
    assert link == f"/history/?team=atlas&amp;key={key_id}" and "entries of this key" not in twenty
    assert page.count('id="before-') == 20
    assert body(client.get(link.replace("&amp;", "&"))).count('<li class="entry"') == 21


def test_it_can_be_read_now(house: House) -> None:
    page = body(house.client().get(house.path("plain")))
    glance = page.split('id="glance"')[1].split("</section>")[0]

    assert f'href="{house.path("plain")}" hx-get="{house.path("plain")}" hx-target="#glance"' in glance
    assert "Read at" in words(glance)


def test_the_meter_draws_and_says_how_much_is_left(house: House) -> None:
    client = house.client()

    def meter(key: str) -> str:
        return body(client.get(house.path(key))).partition('<div class="meter">')[2].partition("</div>")[0]

    for key, percent in (("plain", 62), ("overspent", 0), ("restricted", 100)):
        assert f'aria-label="{percent} % of the quota is left"' in meter(key)
        assert f'class="meter__left" width="{percent}"' in meter(key)
        assert f"{percent} % left. Left when read" in meter(key)
        assert ("meter__bar--short" in meter(key)) is (percent <= 10)
    assert "%" not in meter("unlimited")
