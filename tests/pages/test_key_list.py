"""A team's keys: what is told of each, 50 a page, and what is said when CometAPI is in trouble."""

import re

import pytest
from django.test import Client

from keys.models import AccessToken
from tests.pages.house import House


def page(house: House, username: str = "lead", query: str = "") -> str:
    answer = house.client(username).get(house.list_path + query)
    assert answer.status_code == 200
    return answer.content.decode()


def row(html: str, house: House, name: str) -> str:
    found = re.search(rf'<tbody id="key-{house.keys[name]}".*?</tbody>', html, re.S)
    assert found
    return re.sub(r"<[^>]+>|\s+", " ", found[0])


def test_it_tells_each_key(house: House) -> None:
    html = page(house)

    plain = row(html, house, "plain")
    assert "Staging" in plain and "Enabled" in plain and "$12.40" in plain and "6,200,000 units" in plain
    assert "$7.60" in plain and "any address" in plain and "any model" in plain
    assert "3 entries" in row(html, house, "restricted") and "2 models" in row(html, house, "restricted")
    assert "in 3 days" in row(html, house, "restricted")
    assert "Unlimited" in row(html, house, "unlimited")
    assert "Disabled" in row(html, house, "disabled")


def test_it_tells_the_effective_status(house: House) -> None:
    html = page(house)

    assert "Expired" in row(html, house, "expired") and "Stored as enabled" in " ".join(
        row(html, house, "expired").split()
    )
    assert "Exhausted" in row(html, house, "exhausted")
    assert "Exhausted" in row(html, house, "overspent") and "−1,234 units" in row(html, house, "overspent")


def test_it_shows_no_secret(house: House) -> None:
    html = page(house)

    for key_id in house.keys.values():
        secret = house.sandbox.secret(key_id).removeprefix("sk-")
        assert not any(secret[at : at + 12] in html for at in range(len(secret) - 11))
    assert house.account.token not in html


def test_hostile_names_stay_text(house: House) -> None:
    html = page(house)

    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\u001b[31m\\u202eevil" in html
    assert "\x1b" not in html and "\u202e" not in html


def test_lead_has_the_buttons_and_others_have_not(house: House) -> None:
    assert page(house).count(">Disable<") == len(house.keys) - 1

    assert ">Disable<" not in page(house, "member")
    assert ">Disable<" not in page(house, "auditor")


def test_fifty_a_page(house: House) -> None:
    for number in range(55):
        house.sandbox.add_key(house.account, name=f"k{number}")
    house.sandbox.clear_log()

    first, second = page(house), page(house, query="?page=2")

    assert first.count("<tbody") == 50 and "1 to 50 of 65" in first and 'href="?page=2"' in first
    assert second.count("<tbody") == 15 and "51 to 65 of 65" in second and 'href="?page=1"' in second
    assert [one["query"] for one in house.sandbox.requests()] == [{"p": n, "page_size": "50"} for n in "12"]


def test_a_page_beyond_the_end_is_explained(house: House) -> None:
    assert "none of them on page 7" in page(house, query="?page=7")


@pytest.mark.parametrize("typed", ["0", "-1", "x", "1.5", "٣", "9" * 5000, ""])
def test_a_page_that_is_none_is_not_there(house: House, typed: str) -> None:
    assert house.client().get(house.list_path, {"page": typed}).status_code == 404


def test_an_empty_team_is_told_what_comes_next(house: House) -> None:
    for key_id in house.keys.values():
        house.sandbox.console_delete(key_id)

    assert "This account has no keys yet" in page(house)


@pytest.mark.parametrize(
    ("kind", "more", "words"),
    [
        ("500_before", {}, "CometAPI did not answer as it should"),
        ("524", {}, "CometAPI did not answer as it should"),
        ("html_200", {}, "CometAPI did not answer as it should"),
        ("garbage", {}, "CometAPI did not answer as it should"),
        ("reset_before", {}, "CometAPI did not answer as it should"),
        ("success_string", {}, "CometAPI did not answer as it should"),
        ("302", {}, "CometAPI did not answer as it should"),
        ("stall_before_headers", {"seconds": 5}, "CometAPI did not answer as it should"),
        ("drip", {}, "CometAPI did not answer as it should"),
        ("401_json", {}, "CometAPI refuses this team"),
        ("401_html", {}, "CometAPI refuses this team"),
        ("403", {}, "CometAPI refuses this team"),
        ("refusal", {"message": "no <b>luck</b>\x1b[1m"}, "CometAPI refuses this team"),
        ("429", {"retry_after": "7"}, "CometAPI asks us to slow down"),
    ],
)
def test_trouble_is_told_with_what_still_works(house: House, kind: str, more: dict[str, object], words: str) -> None:
    house.sandbox.fault(kind, operation="list", times=50, **more)

    answer = house.client().get(house.list_path)
    html = answer.content.decode()

    assert answer.status_code == 502
    assert "<h1>Atlas</h1>" in " ".join(html.split()).replace("<h1> ", "<h1>")
    assert words in html and "What still works" in html and 'href="/history/"' in html
    assert "<b>luck</b>" not in html and "\x1b" not in html


def test_cometapi_down(house: House) -> None:
    house.sandbox.down(30)

    answer = house.client().get(house.list_path)

    assert answer.status_code == 502
    assert "CometAPI cannot be reached" in answer.content.decode()


def test_a_team_without_access_token_says_who_can_add_one(house: House) -> None:
    AccessToken.objects.all().delete()
    house.sandbox.clear_log()

    html = page(house)

    assert "This team has no access token yet. An admin can add one." in html
    assert house.sandbox.requests() == []


def test_another_team_and_none_answer_alike(house: House) -> None:
    client = house.client("lead")

    hidden, absent = client.get("/teams/hidden/keys/"), client.get("/teams/nowhere/keys/")

    assert (hidden.status_code, absent.status_code) == (404, 404)
    assert re.sub(rb'csrf[^"]*":? ?"[^"]*"|value="[^"]{64}"', b"", hidden.content) == re.sub(
        rb'csrf[^"]*":? ?"[^"]*"|value="[^"]{64}"', b"", absent.content
    )


def test_signed_out_goes_to_the_sign_in(house: House) -> None:
    answer = Client().get(house.list_path)

    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")
