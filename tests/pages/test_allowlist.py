"""The allowlist editor: the reading for htmx, the whole form again without JavaScript; nothing is ever sent."""

import re
from typing import Any

import pytest

from keys.forms.allowlist import token_of
from keys.models import Record
from keys.rules.allowlist_reading import Entry
from tests.pages.acting import HTMX, body, edited, no_secret, opened, saved, words
from tests.pages.house import House, form_of

HOSTILE = "<script>alert(1)</script>\u202e"


def asked(house: House, typed: dict[str, Any], *, htmx: bool = True, who: str = "lead", **more: Any) -> Any:
    """The form as it came, with these fields typed, handed to the editor."""
    client = house.client(who)
    form = {**opened(house.client(), house, "restricted"), **typed}
    house.sandbox.clear_log()
    return client.post(house.path("restricted", "allowlist/"), form, headers=HTMX if htmx else {}, **more)


def pressing(verb: str, typed: str) -> str:
    return f"{verb}:{token_of(Entry(typed))}"


def test_the_list_is_described_and_nothing_is_sent(house: House) -> None:
    answer = asked(house, {"allow_ips": "203.0.113.0/24, 2001:db8::/32\r\n203.0.113.9 10.0.0.1/8"})

    text = words(answer)
    assert answer.status_code == 200 and body(answer).lstrip().startswith(
        '<div class="stack stack--tight" id="allowlist"'
    )
    assert "4 entries · IPv4: 256 addresses · IPv6: 2^96 addresses · 1 to be put right" in text
    assert "203.0.113.0/24 · IPv4 · 256 addresses" in text and "2001:db8::/32 · IPv6 · 2^96 addresses" in text
    assert "Needless: 203.0.113.0/24 lets it in" in text
    assert "10.0.0.1/8 has host bits set. Did you mean 10.0.0.0/8?" in text and "Write 10.0.0.0/8" in text
    assert "id_allow_ips" not in body(answer)  # nobody takes the field away from who types in it
    assert house.sandbox.requests() == [] and Record.objects.count() == 0


@pytest.mark.parametrize(("find", "said"), [
    ("203.0.113.7", "203.0.113.7 is let in by 203.0.113.0/24."),
    ("198.51.100.7", "198.51.100.7 is let in: it is an entry itself."),
    ("192.0.2.1", "192.0.2.1 is not let in: no entry covers it."),
    ("::ffff:203.0.113.7", "203.0.113.7 is let in by 203.0.113.0/24."),
    ("203.0.113", "1 entry has this in it."),
    ("10.0.0.0/8", "10.0.0.0/8 is a network. Give one address of it."),
])  # fmt: skip
def test_an_address_is_answered(house: House, find: str, said: str) -> None:
    assert said in words(asked(house, {"allowlist_find": find}))


def test_an_empty_list_lets_everybody_in(house: House) -> None:
    assert "192.0.2.1 is let in: without an entry, every address is." in words(
        asked(house, {"allow_ips": "", "allowlist_find": "192.0.2.1"})
    )


def test_a_list_that_upstream_misreads_is_answered_by_what_upstream_reads(house: House) -> None:
    house.sandbox.console_edit(house.keys["restricted"], allow_ips="198.51.100.7,198.51.100.8")

    text = words(asked(house, {"allowlist_find": "198.51.100.7"}))
    assert "198.51.100.7 is not let in" in text and "does not read this list as it looks" in text
    assert "198.51.100.7 is let in" in words(
        asked(house, {"allow_ips": "198.51.100.7\r\n198.51.100.8", "allowlist_find": "198.51.100.7"})
    )


def test_a_stored_list_without_an_entry_lets_nobody_in(house: House) -> None:
    house.sandbox.console_edit(house.keys["restricted"], allow_ips="\n")

    text = words(asked(house, {"allowlist_find": "192.0.2.1"}))

    assert "192.0.2.1 is not let in" in text and "does not read this list as it looks" in text
    assert "No entry can be read: nobody is let in." in text and "works from every address" not in text


@pytest.mark.parametrize(("act", "typed", "after", "said"), [
    (pressing("remove", "10.0.0.1"), "10.0.0.1, 10.0.0.2", "10.0.0.2", "Removed 10.0.0.1."),
    (pressing("remove", "1.1.1.1"), "1.1.1.1 2.2.2.2 1.1.1.1", "1.1.1.1\r\n2.2.2.2", "Removed 1.1.1.1."),
    (pressing("remove", "x"), "x", "", "Removed x."),
    (pressing("mend", "10.0.0.1/8"), "10.0.0.1/8 1.2.3.4:80", "10.0.0.0/8\r\n1.2.3.4:80", "Put 1 entry right."),
    ("mend", "10.0.0.1/8 1.2.3.4:80 x", "10.0.0.0/8\r\n1.2.3.4\r\nx", "Put 2 entries right."),
    ("merge", "10.0.0.0/8 10.1.1.1 10.0.0.0/8 x", "10.0.0.0/8\r\nx", "Took out 2 needless entries."),
    ("lines", "10.0.0.1,2001:DB8::1", "10.0.0.1\r\n2001:db8::1", "Wrote one entry a line."),
    ("add", "10.0.0.1", "10.0.0.1\r\n127.0.0.1", "Added 127.0.0.1."),
    (pressing("remove", "nowhere"), "10.0.0.1,10.0.0.2", "10.0.0.1,10.0.0.2", ""),
    ("mend", "10.0.0.1,x", "10.0.0.1,x", ""),
    ("merge", "10.0.0.1,x", "10.0.0.1,x", ""),
    ("nonsense:1", "10.0.0.1", "10.0.0.1", ""),
])  # fmt: skip
def test_a_button_does_what_it_says_with_all_else_kept(
    house: House, act: str, typed: str, after: str, said: str
) -> None:
    """Without JavaScript: the whole page, nothing judged yet."""
    more = {"name": "", "reason": "why", "remain_quota": "five", "model_limits_enabled": None}
    typing = {"allow_ips": typed, "allowlist": act, **more}
    answer = asked(house, {k: v for k, v in typing.items() if v is not None}, htmx=False)

    form = form_of(body(answer))
    assert answer.status_code == 200
    assert form["allow_ips"] == after and (form["name"], form["reason"], form["remain_quota"]) == ("", "why", "five")
    assert said in words(answer) and "Not saved" not in words(answer)
    assert house.sandbox.requests() == []


def test_the_fragment_brings_the_field_when_a_button_altered_it(house: House) -> None:
    answer = asked(house, {"allow_ips": "10.0.0.1, 10.0.0.2", "allowlist": pressing("remove", "10.0.0.1")})

    assert '<div id="allow-ips-field" data-retyped hx-swap-oob="true">' in body(answer)
    assert re.search(r"<textarea[^>]*>\s*10.0.0.2</textarea>", body(answer))


def test_what_was_done_is_saved_by_the_form_and_by_nothing_else(house: House) -> None:
    answer = asked(house, {"allow_ips": "10.0.0.1, 10.0.0.1", "allowlist": "merge"}, htmx=False)
    assert house.stored("restricted")["allow_ips"].startswith("203.0.113.0/24")

    assert saved(house.client(), house, form_of(body(answer)), key="restricted").status_code == 200
    assert house.stored("restricted")["allow_ips"] == "10.0.0.1"


def in_conflict(house: House, way: str) -> dict[str, Any]:
    """The form after both changed the list, with this choice made, or none."""
    form = {**opened(house.client(), house, "restricted"), "allow_ips": "10.0.0.1"}
    house.sandbox.console_edit(house.keys["restricted"], allow_ips="10.0.0.2")
    answer = saved(house.client(), house, form, key="restricted")
    assert answer.status_code == 409
    return {**form_of(body(answer)), **({"choose-allow_ips": way} if way else {})}


@pytest.mark.parametrize("way", ["theirs", "mine", ""])
def test_a_button_acts_on_the_value_that_is_chosen_in_a_conflict(house: House, way: str) -> None:
    form = {**in_conflict(house, way), "allowlist": "add"}
    path = house.path("restricted", "allowlist/")

    fragment, page = house.client().post(path, form, headers=HTMX), house.client().post(path, form)

    after = ["10.0.0.2" if way == "theirs" else "10.0.0.1", "127.0.0.1"]
    assert "Added 127.0.0.1. 2 entries" in words(fragment) and form_of(body(page))["allow_ips"].split() == after
    # What was altered is the person's own from then on: the press on the page that stands there says so.
    assert ('name="choose-allow_ips" value="mine" checked' in body(fragment)) == (way == "theirs")
    assert ('id="conflict"' in body(page)) == (way == "")
    if way:
        assert saved(house.client(), house, form_of(body(page)), key="restricted").status_code == 200
        assert house.stored("restricted")["allow_ips"].split() == after


def test_a_button_that_alters_nothing_leaves_the_choice(house: House) -> None:
    form = {**in_conflict(house, "theirs"), "allowlist": "merge"}

    fragment = house.client().post(house.path("restricted", "allowlist/"), form, headers=HTMX)

    assert "choose-allow_ips" not in body(fragment) and "10.0.0.2 · IPv4" in words(fragment)


@pytest.mark.parametrize(("typed", "challenge"), [("", "everyone"), ("0.0.0.0/0", "ipv4"), ("::/0 0.0.0.0/0", "both")])
def test_opening_a_key_is_challenged_until_it_is_confirmed(house: House, typed: str, challenge: str) -> None:
    # By its id it keeps the focus when the list is read anew.
    box = f'<input type="checkbox" id="allowlist-confirmed" name="allow_ips_confirmed" value="{challenge}">'
    assert box in body(asked(house, {"allow_ips": typed}))

    refused = edited(house.client(), house, {"allow_ips": typed, "allow_ips_confirmed": "ipv6"}, key="restricted")
    assert refused.status_code == 422 and "Confirm this below" in words(refused) and box in body(refused)
    assert house.sandbox.writes() == []

    confirmed = {**form_of(body(refused)), "allow_ips_confirmed": challenge}
    assert saved(house.client(), house, confirmed, key="restricted").status_code == 200
    assert (house.stored("restricted")["allow_ips"] or "").split() == typed.split()


def test_an_open_list_that_nobody_touched_is_not_challenged(house: House) -> None:
    house.sandbox.console_edit(house.keys["restricted"], allow_ips="0.0.0.0/0")
    assert "allow_ips_confirmed" not in body(house.client().get(house.path("restricted")))

    answer = edited(house.client(), house, {"name": "New"}, key="restricted")
    assert answer.status_code == 200 and house.stored("restricted")["name"] == "New"


def test_three_hundred_entries_and_more_stay_handy(house: House) -> None:
    many = "\r\n".join(f"10.0.{n // 250}.{n % 250}" for n in range(400))
    answer = asked(house, {"allow_ips": many + "\r\nbroken"})
    assert body(answer).count("<li ") == 300 and "300 of 401 entries are shown." in words(answer)
    assert words(answer).index("broken") < words(answer).index("10.0.0.0 ")

    found = asked(house, {"allow_ips": many, "allowlist_find": "10.0.1.7"})
    assert body(found).count("<li ") == 11  # itself, and 10.0.1.70 to 10.0.1.79


def test_hostile_and_secret_text_stays_text(house: House) -> None:
    secret = house.sandbox.secret(house.keys["plain"])
    for htmx in (True, False):
        answer = asked(house, {"allow_ips": f"{HOSTILE} {secret}", "allowlist_find": secret}, htmx=htmx)
        assert answer.status_code == 200
        assert "<script>alert" not in body(answer) and "\u202e" not in body(answer)
        no_secret(house, body(answer))


@pytest.mark.parametrize("htmx", [True, False])
def test_a_secret_among_the_addresses_is_told_as_one(house: House, htmx: bool) -> None:
    secret = house.sandbox.secret(house.keys["plain"])

    first = asked(house, {"allow_ips": f"10.0.0.1 {secret}"}, htmx=htmx)
    refused = edited(house.client(), house, {"allow_ips": f"10.0.0.1 {secret}"}, key="restricted")
    again = saved(house.client(), house, form_of(body(refused)), key="restricted")  # masked by now

    for answer in (first, refused, again):
        told = body(answer).split('id="allowlist"')[1].split('id="allowlist-verdict"')[0]
        assert "This looks like a secret, and nothing of it was kept." in words(told) and "wildcard" not in told
        no_secret(house, body(answer))
    assert again.status_code == 422 and house.sandbox.writes() == []


@pytest.mark.parametrize("typed", ["1.1.1.1 " * 1_001, "x" * 100_001, ",", "\x00", "\ud800"])
def test_what_cannot_be_read_is_said(house: House, typed: str) -> None:
    assert asked(house, {"allow_ips": typed.encode("utf-8", "replace").decode()}).status_code == 200


@pytest.mark.parametrize("htmx", [True, False])
def test_a_form_made_for_something_else_is_made_anew(house: House, htmx: bool) -> None:
    answer = asked(house, {"base": "forged", "allow_ips": "10.0.0.1"}, htmx=htmx)

    assert answer.status_code == 409 and form_of(body(answer))["allow_ips"] == "10.0.0.1"
    assert answer.get("HX-Retarget") == ("#panel" if htmx else None)
    assert house.sandbox.writes() == []


@pytest.mark.parametrize(("who", "status"), [("member", 403), ("auditor", 403), ("other", 404), ("admin", 200)])
def test_only_who_may_edit_is_answered(house: House, who: str, status: int) -> None:
    form = {
        **opened(house.client(), house, "restricted"),
        "base": opened(house.client("admin"), house, "restricted")["base"],
    }
    house.sandbox.clear_log()

    answer = house.client(who).post(house.path("restricted", "allowlist/"), form, headers=HTMX)

    assert answer.status_code == status and house.sandbox.requests() == []


def test_only_a_post_is_answered(house: House) -> None:
    assert house.client().get(house.path("plain", "allowlist/")).status_code == 405
