"""The usage log and today's spending beside an incident: apart from its page, for who may see it, in plain words."""

import pytest

from keys.models import AccessToken, Incident, Leaked, Person, Team
from keys.services.leaks import uses as service
from keys.services.leaks.today import Today
from keys.services.usage_log import seat
from keys.views import leak_usage
from tests.leaks.pasting import leak, pasted, secret
from tests.leaks.usage_rows import used
from tests.mirror.support import listed
from tests.pages.acting import HTMX, Answer, body, no_secret, words
from tests.pages.house import House

DAY = 86_400
AT = 1_790_000_000


def shown(house: House, query: str = "", username: str = "admin", **headers: str) -> Answer:
    return house.client(username).get(f"{leak()}usage/{query}", headers=headers)


def test_it_is_told_as_a_page_and_as_a_part(house: House) -> None:
    used(house.sandbox, house.keys["plain"], 100_000, ip="203.0.113.66", times=2)
    used(house.sandbox, house.keys["plain"], 1_000_000, ip="198.51.100.1")
    used(house.sandbox, house.keys["plain"], 5, ip="198.51.100.1", ago_s=3 * DAY)
    pasted(house, secret(house))

    page, part = shown(house), shown(house, **HTMX)

    assert page.status_code == part.status_code == 200 and "<h1>" in body(page) and "<h1>" not in body(part)
    assert part["X-Fragment"] == "1" and body(part).lstrip().startswith('<section class="stack stack--wide" id="usage"')
    told = words(part)
    assert "3 requests, $2.40 (1,200,000 units)" in told and "Matched by key id." in told
    assert told.index("203.0.113.66 Not seen before 2 $0.40") < told.index("198.51.100.1 1 $2.00")
    assert "Compared with 1 request of the 30 days before the chosen time." in told
    assert "gpt-4o 3 $2.40" in told and "The log is asked for by name: Staging ." in told
    no_secret(house, body(page))


def test_the_incident_asks_apart_and_links_for_who_has_no_script(house: House) -> None:
    house.sandbox.clear_log()
    pasted(house, secret(house))

    page = body(house.client("admin").get(f"{leak()}?since=2026-01-02"))

    assert house.sandbox.requests(operation="log") == []
    assert f'hx-get="{leak()}usage/?since=2026-01-02" hx-trigger="load"' in page
    assert f'<a href="{leak()}usage/?since=2026-01-02">' in page
    assert f'hx-get="{leak()}today/" hx-trigger="load"' in page


def test_the_chosen_time_decides_and_stands_in_the_address(house: House) -> None:
    used(house.sandbox, house.keys["plain"], 500_000, ago_s=3 * DAY)
    pasted(house, secret(house))
    assert "No request since" in words(shown(house))

    since = "2026-01-01 00:00"
    part = shown(house, f"?since={since}", **HTMX)

    assert "1 request, $1.00" in words(part) and f'value="{since}"' in body(part)
    assert part["HX-Replace-Url"] == f"{leak()}?since=2026-01-01+00%3A00"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("yesterday", "Write date and time as"),
        ("2026-02-30 00:00", "There is no such date or time"),
        ("٢٠٢٦-٠١-٠١ ٠٠:٠٠", "with the digits 0 to 9"),
        ("2999-01-01", "This is not yet"),
        ("99999-01-01 00:00", "There is no such date or time"),
        ("2026-03-29 02:30", "the clocks skip"),
        ("<b>x</b>", "Write date and time as"),
    ],
)
def test_a_time_that_cannot_be_is_explained_and_kept(house: House, typed: str, said: str) -> None:
    Person.objects.update(time_zone="Europe/Berlin")
    pasted(house, secret(house))
    house.sandbox.clear_log()

    for answer in (shown(house, f"?since={typed}"), shown(house, f"?since={typed}", **HTMX)):
        assert answer.status_code == 422 and said in words(answer), words(answer)
        assert "HX-Replace-Url" not in answer and "<b>x" not in body(answer)
        assert typed in body(answer) or "&lt;b&gt;" in body(answer)
    assert house.sandbox.requests(operation="log") == []
    assert house.client("admin").get(f"{leak()}?since={typed}").status_code == 200


def test_a_secret_as_a_time_is_not_looked_at(house: House) -> None:
    pasted(house, secret(house))
    answer = shown(house, f"?since={secret(house)}")
    assert answer.status_code == 400
    no_secret(house, body(answer))


@pytest.mark.parametrize("kind", ["404", "html_200", "500_before", "garbage", "401_json"])
def test_trouble_upstream_is_said_with_what_still_works(house: House, kind: str) -> None:
    pasted(house, secret(house))
    house.sandbox.fault(kind, operation="log", times=99)

    for answer in (shown(house), shown(house, **HTMX)):
        assert answer.status_code == 200 and "The usage log cannot be read now" in words(answer)
        assert "keys are disabled and tried all the same" in words(answer)
    page = house.client("admin").get(leak())
    assert page.status_code == 200 and "Disable 1 key" in words(page)


def test_without_access_token_it_says_who_can_add_one(house: House) -> None:
    pasted(house, secret(house))
    AccessToken.objects.all().delete()
    assert "An admin can add one" in words(shown(house))


def test_hostile_text_stays_text(house: House) -> None:
    evil = "<script>alert(1)</script>\u202e"
    used(house.sandbox, house.keys["hostile"], 5, model_name=evil, ip=evil)
    pasted(house, secret(house, "hostile"))

    page = body(shown(house))

    assert "1 request" in words(shown(house))
    assert "<script>alert" not in page and "\u202e" not in page and page.count("&lt;script&gt;") >= 3


def test_a_secret_in_the_log_is_masked(house: House) -> None:
    used(house.sandbox, house.keys["plain"], 5, model_name=secret(house), ip=secret(house, "unlimited"))
    pasted(house, secret(house))
    no_secret(house, body(shown(house)))


def test_many_addresses_are_cut_and_that_is_said(house: House) -> None:
    for number in range(60):
        used(house.sandbox, house.keys["plain"], 5, ip=f"203.0.113.{number}", model_name=f"m{number}")
    pasted(house, secret(house))
    told = words(shown(house))
    assert "10 more addresses are not shown." in told and "10 more models are not shown." in told


def test_what_was_not_read_is_said(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_PAGES", 3)
    used(house.sandbox, house.keys["plain"], 1, times=250)
    used(house.sandbox, house.keys["plain"], 1, ago_s=5 * DAY, times=150)
    pasted(house, secret(house))
    told = words(shown(house))
    assert "Read back only to" in told and "the log goes on before that" in told and "is at least this" in told
    assert "Compared with 100 requests before the chosen time, back to" in told


def test_namesakes_are_named_as_a_doubt(house: House) -> None:
    house.sandbox.console_edit(house.keys["chinese"], name="Staging")
    used(house.sandbox, house.keys["plain"], 1, token_id=0)
    listed(house.team)
    pasted(house, secret(house))
    told = words(shown(house))
    assert "The log names no key ids, so requests are matched by the key’s name alone." in told
    assert "1 other key of this account has or had the same name" in told


def test_one_key_alone(house: House) -> None:
    pasted(house, f"{secret(house)}\n{secret(house, 'unlimited')}")
    row = Leaked.objects.get(key_id=house.keys["unlimited"])

    told = words(shown(house, f"?key={row.pk}"))

    assert "Production" in told and "Staging" not in told and "All keys of this leak" in told
    for wrong in ("0", "x", "9" * 5_000):
        assert shown(house, f"?key={wrong}").status_code == 404


def test_others_who_read_are_not_waited_for(house: House) -> None:
    pasted(house, secret(house))
    with seat(), seat():
        assert "Read this key’s log" in words(shown(house))


@pytest.mark.parametrize("part", ["usage/", "today/"])
@pytest.mark.parametrize(("username", "status"), [("lead", 200), ("auditor", 200), ("member", 404), ("other", 404)])
def test_who_may_look(house: House, part: str, username: str, status: int) -> None:
    pasted(house, secret(house))
    assert house.client(username).get(leak() + part).status_code == status


@pytest.mark.parametrize("part", ["usage/", "today/"])
def test_it_is_only_read(house: House, part: str) -> None:
    pasted(house, secret(house))
    assert house.client("admin").post(leak() + part).status_code == 405


def test_today_is_put_in_its_place(house: House) -> None:
    used(house.sandbox, house.keys["plain"], 500_000, ago_s=0)
    pasted(house, f"{secret(house)}\n{secret(house, 'unlimited')}")
    row = Leaked.objects.get(key_id=house.keys["plain"])

    part = house.client("admin").get(f"{leak()}today/", headers=HTMX)
    page = house.client("admin").get(f"{leak()}today/")

    assert f'<dd id="today-{row.pk}" hx-swap-oob="innerHTML">' in body(part) and "<h1>" not in body(part)
    for answer in (part, page):
        assert "$1.00 (500,000 units) by the usage log" in words(answer)
    assert "Spent today $1.00" in words(house.client("admin").get(leak()))  # known by now
    no_secret(house, body(page))


def test_a_lead_reads_only_the_own_teams_keys(house: House) -> None:
    pasted(house, secret(house))
    theirs = Team.objects.get(slug="boreas")
    Leaked.objects.create(incident=Incident.objects.get(), team=theirs, account_id=7, key_id=7, name="Theirs")
    for part in ("usage/", "today/"):
        assert "Theirs" in words(house.client("admin").get(leak() + part))
        told = words(house.client("lead").get(leak() + part))
        assert "Staging" in told and "Theirs" not in told


@pytest.mark.parametrize(
    ("today", "told"),
    [
        (
            Today("at_least", 50_000, 1_790_000_000, 1_790_000_500),
            "at least $0.10 (50,000 units) by the usage log, read",
        ),
        (
            Today("at_most", 50_000, 1_790_000_000, 1_790_000_500),
            "by our readings since 2026-09-21 (UTC), the last one",
        ),
        (Today("all", 50_000, AT, AT + 500), "made today: all it ever used, as read"),
        (Today("unknown"), "Unknown the usage log could not be read now"),
    ],
)
def test_how_today_is_known_is_said(house: House, monkeypatch: pytest.MonkeyPatch, today: Today, told: str) -> None:
    pasted(house, secret(house))
    monkeypatch.setattr(leak_usage, "spent_today", lambda rows, midnight: {row.pk: today for row in rows})
    assert told in words(house.client("admin").get(f"{leak()}today/"))
