"""A value is found by the words that pages write for it: a status, an expiry, dollars, a day of the reader's zone."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from keys.forms.meant import meanings
from keys.ledger.actions import Action
from keys.models import CompanyRole, Person, Record
from keys.selectors import search
from tests.ledger.making import append
from tests.ledger.test_history_filters import HTMX, shown
from tests.people import making

pytestmark = pytest.mark.django_db

BERLIN = ZoneInfo("Europe/Berlin")
ENDS = 1_795_561_199  # 2026-11-24 23:59:59 in Berlin
CHANGED: list[dict[str, list[Any]]] = [
    {"status": [1, 2]},
    {"expired_time": [ENDS, -1]},
    {"remain_quota": [201_000_000, 6_000_000]},
    {"unlimited_quota": [False, True], "name": ["a", "disabled by hand"]},
    {"expired_time": [ENDS + 1, 99]},
    {"remain_quota": [4_999_999, 201_002_501]},
    {"remain_quota": [-100_000, 3]},
]


@pytest.fixture
def client() -> Client:
    team = making.team("blue")
    for changed in CHANGED:
        append(action=Action.KEY_DRIFT_ACCEPT, team=team, key_id=4, body={"changed": changed})
    person = making.person("audrey", CompanyRole.AUDITOR)
    Person.objects.filter(pk=person.pk).update(time_zone="Europe/Berlin")
    client = Client()
    client.force_login(person)
    return client


FOUND: dict[str, list[int]] = {
    "disabled": [4, 1],
    "Disabled": [4, 1],
    "enabled": [1],
    "exhausted": [],
    "never": [2],
    "unlimited": [4],
    "yes": [4],
    "$402": [3],
    "$402.00": [3],
    "402 USD": [3],
    "$402.000000": [3],
    "$402.01": [6],
    "$10": [6],
    "$12.00 (6,000,000 units)": [3],
    "\N{MINUS SIGN}$0.20 (\N{MINUS SIGN}100,000 units)": [7],
    "-$0.20": [7],
    "6,000,000 units": [3],
    "$6,000,000": [],
    "2026-11-24": [2],
    "2026-11-25": [5],
    "2026-11-24 23:59": [2],
    "2026-11-24 23:59:59 CET": [2],
    "2026-11-24 22:59:59 UTC": [2],
    "2026-11-24 23:59:58": [],
    "2026-11-24 23:59:59 PST": [],
    "2026-13-45": [],
}


def test_each_is_found_by_its_words(client: Client) -> None:
    told = {typed: shown(client.get("/history/", {"value": typed}, headers=HTMX)) for typed in FOUND}

    assert told == FOUND


def test_a_field_narrows_it(client: Client) -> None:
    assert shown(client.get("/history/?field=name&value=disabled", headers=HTMX)) == [4]
    assert shown(client.get("/history/?field=status&value=disabled", headers=HTMX)) == [1]


def test_finding_nothing_says_what_was_looked_for(client: Client) -> None:
    html = client.get("/history/?value=exhausted").content.decode()

    assert "as what it means in the records: Status 4." in html
    assert "what it means" not in client.get("/history/?value=nothing").content.decode()


def test_it_is_looked_for_in_windows_too(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "WINDOW", 2)
    monkeypatch.setattr(search, "WIDEST", 2)

    assert shown(client.get("/history/?value=never", headers=HTMX)) == [2]


def test_an_export_holds_the_same(client: Client) -> None:
    answer = client.post("/history/export/", {"value": "disabled", "format": "csv"})
    b"".join(answer.streaming_content)  # type: ignore[attr-defined]

    told = Record.objects.get(action=Action.EXPORT).text
    assert '"filter":{"value":"disabled"}' in told and '"count":2' in told


@pytest.mark.parametrize(
    "typed", ["", "2", "-1", "$", "units", "$1e5", "1795561199", "1969-01-01", "9999-12-31", "x" * 200]
)
def test_what_is_no_such_word_means_itself_alone(typed: str) -> None:
    assert meanings(typed, BERLIN) == ()


def test_numbers_of_more_digits_are_not_mixed_up() -> None:
    (meant,) = meanings("$2", BERLIN)
    assert (meant.low, meant.high) == (997_500, 1_002_500)
    assert list(meant._by_digits()) == [("997500", "999999"), ("1000000", "1002500")]
