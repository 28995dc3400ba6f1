"""What is wrong with the ledger stands on every page of who may see the whole history, and on nobody else's."""

import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from keys.models import CompanyRole, Delivery, Person, Team, TeamRole
from keys.selectors.evidence import trouble_for
from keys.services.checkpoints import make_checkpoint
from keys.services.verification import verify_new, verify_whole
from tests.ledger.damage import put, without_guards
from tests.ledger.making import ledger_of
from tests.listing.making import listed, mirrored
from tests.people import making

PAGES = ("/", "/keys/", "/teams/", "/people/", "/profile/")
LINK = "See what was found"


@pytest.fixture
def blue(real_db: Any) -> Team:
    ledger_of(4)
    return making.team("blue")


def shown(person: Person, path: str) -> str:
    client = Client()
    client.force_login(person)
    text = client.get(path).content.decode()
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def unwritable(settings: Any, tmp_path: Path) -> None:
    settings.CHECKPOINT_FILE = tmp_path  # a folder
    make_checkpoint()


def alter(column: str = "actor") -> None:
    with without_guards() as cursor:
        put(cursor, 2, column, "somebody else")


@pytest.mark.parametrize("role", [CompanyRole.ADMIN, CompanyRole.AUDITOR])
def test_damage_is_told_on_every_page_with_the_way_to_it(blue: Team, role: CompanyRole) -> None:
    person = making.person("ann", role)
    alter()
    assert trouble_for(person) is None  # nobody has looked yet
    verify_whole()

    for path in PAGES:
        text = shown(person, path)
        assert re.search(rf"The ledger is damaged · Found [^.]+\. {LINK}", text), path
    client = Client()
    client.force_login(person)
    assert b'<a href="/history/proof/">See what was found</a>' in client.get("/teams/").content


def test_checkpoints_that_cannot_be_written_are_told_with_since_when(blue: Team, settings: Any, tmp_path: Path) -> None:
    admin = making.person("ann", CompanyRole.ADMIN)
    unwritable(settings, tmp_path)
    Delivery.objects.filter(name="checkpoint_file").update(failing_since=timezone.now() - timedelta(hours=3))

    for path in PAGES:
        text = shown(admin, path)
        assert re.search(rf"Checkpoints cannot be written to their file · Since \S+ \S+ ago \. {LINK}", text), path

    settings.CHECKPOINT_FILE = tmp_path / "checkpoints.jsonl"
    make_checkpoint()
    assert LINK not in shown(admin, "/teams/")


def test_a_verdict_that_is_lacking_is_a_warning(blue: Team, settings: Any, tmp_path: Path) -> None:
    admin = making.person("ann", CompanyRole.ADMIN)
    settings.CHECKPOINT_FILE = tmp_path / "checkpoints.jsonl"
    make_checkpoint()
    settings.CHECKPOINT_FILE.unlink()
    assert verify_new().outcome == "cannot"

    trouble = trouble_for(admin)

    assert trouble and (trouble.tone, trouble.damaged) == ("warn", None)
    assert re.search(rf"The ledger could not be verified · Tried [^.]+\. {LINK}", shown(admin, "/teams/"))


def test_who_may_not_see_the_whole_history_is_not_told(blue: Team, settings: Any, tmp_path: Path) -> None:
    lead = making.belongs(making.person("lea"), blue, TeamRole.LEAD)
    alter()
    verify_whole()
    unwritable(settings, tmp_path)

    assert trouble_for(making.person("ann", CompanyRole.ADMIN)) and trouble_for(lead) is None
    for path in ("/", "/keys/", "/teams/", "/profile/"):
        assert LINK not in shown(lead, path), path


def test_pages_that_tell_it_in_full_tell_it_once(blue: Team) -> None:
    admin = making.person("ann", CompanyRole.ADMIN)
    alter()
    verify_whole()

    for path in ("/history/", "/history/proof/"):
        text = shown(admin, path)
        assert text.count("The ledger is damaged") == 1 and LINK not in text, path


def test_a_verdict_made_up_is_no_alarm_and_hides_none(blue: Team) -> None:
    admin = making.person("ann", CompanyRole.ADMIN)
    verify_whole()
    Delivery.objects.create(name="whole", failing_since=timezone.now(), fault="made up")

    trouble = trouble_for(admin)

    assert trouble and trouble.whole and trouble.whole.outcome == "sound"
    assert [alarm.title for alarm in trouble.alarms] == ["whole"]


def test_it_costs_one_query_and_nothing_where_it_is_not_for(blue: Team, django_assert_num_queries: Any) -> None:
    admin, lead = making.person("ann", CompanyRole.ADMIN), making.belongs(making.person("lea"), blue, TeamRole.LEAD)
    verify_whole()

    with django_assert_num_queries(1):
        assert trouble_for(admin) is None
    with django_assert_num_queries(0):
        assert trouble_for(lead) is None


@pytest.mark.parametrize("path", ["/keys/", "/teams/blue/keys/", "/teams/blue/keys/?q=key&sort=-used"])
def test_a_list_with_the_alarm_on_it_stays_within_its_bound(
    blue: Team, settings: Any, tmp_path: Path, django_assert_max_num_queries: Any, path: str
) -> None:
    for key_id in range(1, 61):
        mirrored(blue, key_id)
    listed(blue)
    client = Client()
    client.force_login(making.person("ann", CompanyRole.ADMIN))
    unwritable(settings, tmp_path)

    with django_assert_max_num_queries(15):
        response = client.get(path)

    assert response.status_code == 200 and LINK in response.content.decode()
