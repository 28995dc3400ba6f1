"""Settings of the past brought back in the editor: over the key as it is now, sent only when saved, and linked."""

import re
import time
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from keys.forms.restoring import restoring
from keys.ledger.actions import Action
from keys.ledger.finding import body_of
from keys.models import Record
from keys.services.edit import read_key
from tests.ledger.making import append, key_fields
from tests.pages.acting import body, edited, no_secret, notice, pressed, saved, words
from tests.pages.house import House, form_of

ADDRESSES = "203.0.113.0/24\n198.51.100.7\n2001:db8::/32"


def restored(house: House, seq: int, *, when: str = "", key: str = "restricted", who: str = "lead") -> Any:
    return house.client(who).get(house.path(key, f"?restore={seq}" + (f"&as={when}" if when else "")))


def changed_twice(house: House) -> None:
    """Records 1, 2: widened. 3, 4: another name, no restriction of models, a later expiry."""
    client = house.client()
    edited(client, house, {"allow_ips": f"{ADDRESSES}\n10.0.0.0/8", "reason": "Office"}, key="restricted")
    later = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 90 * 86_400))
    more = {"name": "Portal", "model_limits_enabled": None, "expired_time": later}
    edited(client, house, more, key="restricted")
    house.sandbox.clear_log()


@pytest.fixture(params=["A", "B", "C"])
def anywhere(request: pytest.FixtureRequest, house: House) -> House:
    house.sandbox.configure(dialect=request.param)
    return house


def test_the_record_leads_to_the_editor_and_nothing_is_sent(house: House) -> None:
    changed_twice(house)
    page = body(house.client().get("/history/1/"))
    (before,) = re.findall(r'href="([^"]+as=before)"', page)

    answer = house.client().get(before.replace("&amp;", "&"))

    assert answer.status_code == 200 and house.sandbox.writes() == []
    said = words(answer)
    assert "Nothing is sent until you save" in said and "from before record 1" in said
    assert "Different from now: Name , Expiry , Model restriction , Allowlist ." in said
    form = form_of(body(answer))
    assert (form["name"], form["model_limits_enabled"]) == ("Customer portal", "on")
    assert form["allow_ips"].replace("\r\n", "\n") == ADDRESSES


def test_the_key_s_own_history_leads_there_too(house: House) -> None:
    changed_twice(house)

    story = body(house.client().get(house.path("restricted"))).split('id="key-history"')[1]

    links = [link.replace("&amp;", "&") for link in re.findall(r'href="([^"]+\?restore=[^"]+)"', story)]
    assert links == [
        house.path("restricted", f"?restore={seq}&as={when}") for seq in (3, 1) for when in ("before", "after")
    ]
    assert words(story).count("Bring back the settings from before this after this") == 2
    assert 'aria-label="Bring back the settings from before this: record 1"' in story
    oldest = house.client().get(links[2])
    assert "from before record 1" in words(oldest) and form_of(body(oldest))["name"] == "Customer portal"


def test_only_states_that_its_records_tell_are_offered(house: House) -> None:
    client = house.client()
    changed = {"changed": {"owner": ["", "Ada"]}}
    append(team=house.team, key_id=house.keys["plain"], action=Action.KEY_NOTE, body=changed)
    house.sandbox.fault("500_before", operation="update", times=9)
    house.sandbox.fault("503", operation="get", skip=2, times=9)  # all but the page and the reading before the update
    edited(client, house, {"name": "Other"})
    house.sandbox.clear_faults()

    story = words(body(client.get(house.path("plain"))).split('id="key-history"')[1])

    assert "Owner" in story and story.count("Bring back the settings from") == 1
    assert "Bring back the settings from before this" in story and "after this" not in story


def test_who_may_not_edit_is_offered_none_in_the_key_s_history(house: House) -> None:
    changed_twice(house)

    for who, offered in {"member": False, "auditor": False, "admin": True}.items():
        page = body(house.client(who).get(house.path("restricted")))
        assert ("restore=" in page, "Edit key" in page) == (offered, True), who


def test_saved_it_is_as_it_was_and_the_record_names_what_it_answers(anywhere: House) -> None:
    house = anywhere
    before = house.stored("restricted")
    changed_twice(house)
    form = form_of(body(restored(house, 1, when="before")))

    answer = saved(house.client(), house, {**form, "reason": "Back"}, key="restricted")

    assert "Saved and checked at" in notice(answer)
    now = house.stored("restricted")
    assert {f: now[f] for f in before if f != "accessed_time"} == {f: before[f] for f in before if f != "accessed_time"}
    intent = Record.objects.get(seq=5)
    assert (intent.action, intent.outcome, body_of(intent.text)["answers"]) == ("key.edit", "", 1)
    for seq in (5, 6):
        page = body(house.client("member").get(f"/history/{seq}/"))
        assert '<a href="/history/1/">Record 1</a>' in page


def test_without_as_the_settings_from_after_are_meant(house: House) -> None:
    changed_twice(house)

    form = form_of(body(restored(house, 2)))

    assert form["allow_ips"].replace("\r\n", "\n").endswith("10.0.0.0/8") and form["name"] == "Customer portal"


def test_a_quota_is_brought_back_as_a_difference_and_nothing_is_refunded(anywhere: House) -> None:
    house = anywhere
    client = house.client()
    edited(client, house, {"quota_mode": "add", "remain_quota": "1000000"})
    house.sandbox.spend(house.keys["plain"], 5_000)

    answer = restored(house, 1, when="before", key="plain")

    form = form_of(body(answer))
    assert (form["quota_mode"], form["remain_quota"], form["quota_unit"]) == ("take", "1000000", "units")
    assert "what was spent since stays spent" in words(answer)
    house.sandbox.spend(house.keys["plain"], 700)
    assert "Saved and checked at" in notice(saved(client, house, form))
    assert house.stored("plain")["remain_quota"] == 6_200_000 - 5_700


def test_a_quota_of_which_nothing_is_left_is_not_taken_away(house: House) -> None:
    edited(house.client(), house, {"quota_mode": "add", "remain_quota": "1000000"})
    edited(house.client(), house, {"name": "Other"})
    house.sandbox.spend(house.keys["plain"], 7_200_000)

    both = restored(house, 1, when="before", key="plain")
    quota_alone = restored(house, 3, when="before", key="plain")

    form = form_of(body(both))
    assert (form["name"], form["quota_mode"], form["remain_quota"]) == ("Staging", "set", "0")
    assert "Different from now: Name ." in words(both) and "but nothing is left to take away" in words(both)
    assert "nothing is left to take away" not in words(quota_alone)


def test_what_was_spent_alone_is_no_difference(house: House) -> None:
    edited(house.client(), house, {"name": "Other"})
    house.sandbox.spend(house.keys["plain"], 5_000)

    answer = restored(house, 1, when="before", key="plain")

    assert "Different from now: Name ." in words(answer)
    form = form_of(body(answer))
    assert (form["quota_mode"], form["remain_quota"]) == ("set", "6195000")


def test_a_status_comes_back_with_the_rest(house: House) -> None:
    client = house.client()
    pressed(client, house, "plain", "disable")

    answer = restored(house, 1, when="before", key="plain")

    assert "Different from now: Status ." in words(answer)
    assert "Saved and checked" in notice(saved(client, house, form_of(body(answer))))
    assert house.stored("plain")["status"] == 1


def test_enabling_what_has_expired_is_left_to_the_person(house: House) -> None:
    pressed(house.client(), house, "expired", "disable")

    answer = restored(house, 1, when="before", key="expired")

    assert form_of(body(answer))["status"] == "2"
    assert "Status : left as it is now, for you to decide." in words(answer)


def test_nothing_different_says_so(house: House) -> None:
    edited(house.client(), house, {"name": "Other"})

    assert "The key has these settings already." in words(restored(house, 2, key="plain"))


def test_a_conflict_keeps_what_it_answers(house: House) -> None:
    changed_twice(house)
    form = form_of(body(restored(house, 1, when="before")))
    house.sandbox.console_edit(house.keys["restricted"], name="Theirs")
    client = house.client()

    answer = saved(client, house, form, key="restricted")

    assert answer.status_code == 409 and "Somebody else changed this meanwhile" in words(answer)
    again = {**form_of(body(answer)), "choose-name": "mine"}
    assert "Saved and checked at" in notice(saved(client, house, again, key="restricted"))
    assert body_of(Record.objects.get(seq=5).text)["answers"] == 1


def test_a_masked_or_cut_text_is_left_as_it_is(house: House) -> None:
    live = read_key(team=house.team, key_id=house.keys["plain"])
    cut = f"{'x' * 20}… [30000 characters, SHA-256 {'0' * 64}]"
    state = key_fields(name="sk-a**********wxyz", model_limits=cut, group=7, status=True, allow_ips="10.0.0.1")

    wanted = restoring(state, live, ZoneInfo("UTC"), timezone.now())

    assert set(wanted.left) == {"name", "status", "model_limits", "group"}
    assert wanted.typed["name"] == "Staging" and wanted.typed["allow_ips"] == "10.0.0.1"


def test_a_text_that_no_form_can_type_is_left_as_it_is(house: House) -> None:
    """What is not to be seen is shown as its escape, which would be saved letter by letter."""
    live = read_key(team=house.team, key_id=house.keys["plain"])
    hidden = key_fields(
        name="a\u202eb", group="vip\x1b", allow_ips="10.0.0.1\r\n10.0.0.2", model_limits="gpt-4o,o3\u2028"
    )

    wanted = restoring(hidden, live, ZoneInfo("UTC"), timezone.now())
    same = restoring(
        {"name": "a\u202eb"},
        replace(live, settings=replace(live.settings, name="a\u202eb")),
        ZoneInfo("UTC"),
        timezone.now(),
    )

    assert set(wanted.left) == {"name", "group", "model_limits"} and "name" not in wanted.fields
    assert (wanted.typed["name"], wanted.typed["allow_ips"]) == ("Staging", "10.0.0.1\n10.0.0.2")
    assert "name" not in (*same.fields, *same.left)  # the key has it already


@pytest.mark.parametrize("query", ["x", "", "0", "99", "9" * 30, "-1", "1&as=now", "\u0663"])
def test_what_is_no_record_of_this_key_is_not_found(house: House, query: str) -> None:
    edited(house.client(), house, {"name": "Other"})

    assert house.client().get(house.path("plain", f"?restore={query}")).status_code == 404
    assert restored(house, 1, key="restricted").status_code == 404
    assert restored(house, 1, when="after", key="plain").status_code == 200


def test_only_who_may_edit_is_led_there(house: House) -> None:
    edited(house.client(), house, {"name": "Other"})

    answers = {
        who: restored(house, 1, key="plain", who=who).status_code for who in ("member", "auditor", "other", "admin")
    }

    assert answers == {"member": 403, "auditor": 403, "other": 404, "admin": 200}
    assert "Bring back" not in words(house.client("member").get("/history/1/"))
    assert "Bring back" in words(house.client("admin").get("/history/1/"))


def test_a_forged_answer_is_none(house: House) -> None:
    client = house.client()

    edited(client, house, {"name": "Other", "answers": "1"})

    assert "answers" not in body_of(Record.objects.get(seq=1).text)


def test_no_secret_in_any_of_it(house: House) -> None:
    changed_twice(house)

    no_secret(house, body(restored(house, 1, when="before")), body(house.client().get("/history/1/")))
