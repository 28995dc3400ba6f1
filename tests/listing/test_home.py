"""Home: what needs attention and nothing else, what was spent by day, what one worked on; and the newcomer led on."""

import re
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from keys.models import (
    AccessToken,
    Change,
    Drift,
    Membership,
    MirrorKey,
    Team,
    TeamSync,
    TokenState,
    UsageSample,
)
from keys.selectors.ages import ages_of
from keys.selectors.spending import DAYS, spending
from tests.listing.making import DAY, listed, mirrored
from tests.pages.house import House
from tests.people import making

TODAY = date(2026, 5, 20)


def home(house: House, username: str = "lead") -> str:
    answer = house.client(username).get("/")
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def change(house: House, name: str, state: str, minutes: int, person_id: str = "") -> None:
    Change.objects.create(
        id=uuid4(),
        kind="edit",
        person_id=person_id,
        team_id=house.team.pk,
        account_id=house.account.id,
        key_id=house.keys[name],
        epoch=1,
        content="",
        state=state,
        before={"name": name},
        wanted={},
        created_at=timezone.now() - timedelta(minutes=minutes),
        intent_seq=1,
    )


def test_what_needs_attention(house: House) -> None:
    house.team.access_token.state = TokenState.REFUSED
    house.team.access_token.save()
    change(house, "plain", "unknown", 5)
    change(house, "arabic", "done", 5)
    for name, weaker, revived in (("unlimited", ["allow_ips"], False), ("disabled", [], True)):
        Drift.objects.create(
            team=house.team,
            account_id=house.account.id,
            key_id=house.keys[name],
            found_at=timezone.now(),
            changed={},
            weaker=weaker,
            revived=revived,
            record_seq=1,
        )
    mirrored(house.team, 9_001, name="low", remain_quota=1, used_quota=99)

    html = home(house)

    assert "CometAPI refuses the access token of Atlas" in html
    assert "It is not known yet what became of one change" in html and "Staging" in html
    assert "2 changes were made elsewhere , and 1 of them made a key weaker" in html
    assert "A disabled key has come back to life" in html
    assert "One key expires within 14 days" in html and "One key has 10 % of its quota left, or less" in html
    assert "Boreas has no access token yet" in html


def test_one_key_that_became_weaker_is_said_to_be_that_one(house: House) -> None:
    about = {"account_id": house.account.id, "key_id": house.keys["plain"], "found_at": timezone.now()}
    Drift.objects.create(team=house.team, **about, changed={}, weaker=["status"], record_seq=1)

    assert "One key was changed elsewhere and became weaker" in home(house)


def test_the_numbers_are_those_of_the_lists_they_lead_to(house: House) -> None:
    html = house.client().get("/").content.decode()

    (query,) = re.findall(r'href="/keys/(\?[^"]*expiring=14[^"]*)"', html)
    found = house.client().get("/keys/" + query.replace("&amp;", "&")).content.decode()
    assert "One key expires within 14 days" in html and found.count('<tbody id="key-') == 1


def test_a_drift_of_a_key_that_is_gone_is_told_where_its_link_leads_and_nowhere_else(house: House) -> None:
    about = {"account_id": house.account.id, "found_at": timezone.now(), "changed": {}, "record_seq": 1}
    for name in ("plain", "arabic"):
        Drift.objects.create(team=house.team, key_id=house.keys[name], **about)
    MirrorKey.objects.filter(key_id=house.keys["plain"]).update(gone_at=timezone.now())

    html = house.client().get("/").content.decode()
    found = house.client().get("/keys/?drifted=yes").content.decode()

    assert "One key was changed elsewhere" in html and 'href="/keys/?drifted=yes"' in html
    assert re.findall(r'<tbody id="key-(\d+)"', found) == [str(house.keys["arabic"])]


def test_where_all_is_well_nothing_is_said(house: House) -> None:
    Membership.objects.filter(team__slug="boreas").delete()
    MirrorKey.objects.exclude(key_id=house.keys["plain"]).delete()

    assert "Nothing in your teams needs attention." in home(house)


def test_a_listing_that_failed_and_teams_never_read(house: House) -> None:
    TeamSync.objects.update(trouble="timeout", message="No answer in time")
    assert "The keys of Atlas could not be read" in home(house) and "No answer in time" in home(house)

    TeamSync.objects.all().delete()
    assert "The keys of Atlas have not been read yet" in home(house)


def test_other_teams_are_nobody_elses_business(house: House) -> None:
    change(house, "plain", "unknown", 5)

    html = home(house, "other")

    assert "Atlas" not in html and "It is not known yet" not in html


def test_the_keys_one_worked_on_last_each_once(house: House) -> None:
    lead = house.client().get("/").wsgi_request.user
    for minutes, name in ((1, "plain"), (2, "arabic"), (3, "plain"), (4, "vip")):
        change(house, name if name in house.keys else "chinese", "done", minutes, str(lead.pk))
    change(house, "expired", "done", 1, "999")

    html = house.client().get("/").content.decode()
    recent = html[html.index('id="recent"') :]

    numbers = re.findall(rf'href="{house.list_path}(\d+)/"', recent)
    assert numbers == [str(house.keys[name]) for name in ("plain", "arabic", "chinese")]
    assert "Staging" in recent and "Edit key" in recent


def test_the_newcomer_is_led(house: House) -> None:
    Membership.objects.all().delete()
    assert "Ask an admin to add you" in home(house, "lead")

    AccessToken.objects.all().delete()
    Team.objects.all().delete()
    html = house.client("admin").get("/").content.decode()
    assert html.index("Add a team") < html.index("Paste its access token") < html.index("See its keys")
    assert 'href="/teams/new/"' in html
    assert "Ask an admin" in home(house, "auditor")


@pytest.mark.django_db
def test_spending_by_day() -> None:
    team = making.team("blue", account_id=7)
    listed(team)
    samples = {
        # key -> (days ago, used)
        1: [(40, 100), (31, 100), (29, 130), (28, 130), (10, 530), (0, 531)],
        2: [(5, 1_000), (4, 900), (3, 950)],  # an old key first seen late; reset once
        3: [(2, 70), (1, 90)],  # made three days ago
        4: [(300, 5), (60, 1_000), (20, 1_007), (4, 1_010)],  # idle until 20 days ago: an unchanged counter leaves none
    }
    made = {1: date(2025, 1, 1), 2: date(2025, 1, 1), 4: date(2025, 1, 1), 3: TODAY - timedelta(days=3)}
    for key_id, readings in samples.items():
        created = int(datetime.combine(made[key_id], datetime.min.time(), UTC).timestamp()) + DAY // 2
        mirrored(team, key_id, created_time=created)
        for ago, used in readings:
            day = TODAY - timedelta(days=ago)
            UsageSample.objects.create(account_id=7, key_id=key_id, day=day, used_quota=used)

    (spend,) = spending(ages_of([team]), TODAY)

    by_ago = {(TODAY - day).days: units for day, units in spend.days if units}
    assert by_ago == {29: 30, 20: 7, 10: 400, 4: 3, 0: 1, 3: 50, 2: 70, 1: 20}
    assert (len(spend.days), spend.days[0][0], spend.total, spend.most) == (DAYS, TODAY - timedelta(29), 581, 400)


def test_the_chart_and_its_table_say_the_same(house: House) -> None:
    today = timezone.now().date()
    MirrorKey.objects.update(created_time=1)
    for ago, used in ((2, 500_000), (1, 1_500_000), (0, 1_750_000)):
        day = today - timedelta(days=ago)
        UsageSample.objects.create(account_id=house.account.id, key_id=house.keys["plain"], day=day, used_quota=used)

    html = house.client().get("/").content.decode()

    assert "Atlas spent $2.50 in 30 days, $2.00 on the day with most" in html
    assert html.count("<rect ") == 2 and 'height="48.0"' in html and 'height="12.0"' in html
    assert f'{today:%Y-%m-%d}</th><td class="num">$0.50</td><td class="num">250,000</td>' in html
    assert "style=" not in html
