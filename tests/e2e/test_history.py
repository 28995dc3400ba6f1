"""The history, undo and restore in a real browser: the address keeps what was asked, one press takes a change back."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from keys.models import Change, Record
from tests.e2e.conftest import App, Complaints

pytestmark = pytest.mark.browser


@pytest.fixture
def lead(app: App, page: Any, complaints: Complaints) -> Any:
    app.let_in(page, "lead")
    return page


def rename(page: Any, app: App, name: str, reason: str = "") -> None:
    page.goto(app.url + app.house.path("plain"))
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Reason").fill(reason)
    page.get_by_role("button", name=re.compile("^Save")).click()
    page.get_by_text("Saved and checked").wait_for()


def test_one_press_takes_a_change_back_and_another_brings_it_again(lead: Any, app: App) -> None:
    rename(lead, app, "New name")

    lead.get_by_role("button", name="Undo this change").click()

    expect(lead.locator("#key-name")).to_have_text("Staging")
    assert app.house.stored("plain")["name"] == "Staging"
    lead.get_by_role("button", name="Undo this change").click()
    expect(lead.locator("#key-name")).to_have_text("New name")


def test_a_disable_is_undone_where_it_was_pressed(lead: Any, app: App) -> None:
    lead.goto(app.url + app.house.list_path)
    lead.get_by_role("button", name="Disable Staging").click()

    lead.get_by_role("button", name="Undo: enable it again").click()

    lead.get_by_text("Reads enabled at CometAPI").wait_for()
    assert app.house.stored("plain")["status"] == 1 and lead.url.endswith(app.house.list_path)


def test_filters_swap_the_records_and_stay_in_the_address(lead: Any, app: App) -> None:
    rename(lead, app, "First", "for the audit")
    rename(lead, app, "Second")
    lead.goto(f"{app.url}/history/")
    lead.locator("#filters summary").click()
    lead.get_by_label("Reason or key name").fill("audit")
    lead.get_by_role("button", name="Show").click()

    expect(lead.locator(".entry")).to_have_count(1)
    expect(lead).to_have_url(f"{app.url}/history/?text=audit")
    lead.reload()
    expect(lead.locator(".entry")).to_have_count(1)
    assert lead.get_by_label("Reason or key name").input_value() == "audit"
    lead.get_by_role("link", name="Show everything").click()
    expect(lead.locator(".entry")).to_have_count(3)
    lead.go_back()
    expect(lead.locator(".entry")).to_have_count(1)


def test_a_secret_does_not_stay_in_the_address(lead: Any, app: App, complaints: Complaints) -> None:
    complaints.expected += ["the server responded with a status of 422"]
    lead.goto(f"{app.url}/history/")
    lead.locator("#filters summary").click()
    lead.get_by_label("Value before or after").fill("sk-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKL")
    lead.get_by_role("button", name="Show").click()

    lead.get_by_text("Not searched for: that looks like a secret").wait_for()
    expect(lead.locator(".entry")).to_have_count(0)
    expect(lead.get_by_role("link", name="Go to the leak desk")).to_be_visible()
    expect(lead).to_have_url(re.compile(r"/history/\?not_searched=value$"))


def test_settings_of_the_past_are_brought_back_and_saved(lead: Any, app: App) -> None:
    rename(lead, app, "New name")
    lead.goto(f"{app.url}/history/2/")

    lead.get_by_role("link", name="Bring back the settings from before this").click()
    lead.get_by_text("Nothing is sent until you save").wait_for()
    assert (
        lead.get_by_label("Name", exact=True).input_value() == "Staging"
        and app.house.stored("plain")["name"] == "New name"
    )
    lead.get_by_role("button", name=re.compile("^Save")).click()

    lead.get_by_text("Saved and checked").wait_for()
    assert app.house.stored("plain")["name"] == "Staging"
    lead.goto(f"{app.url}/history/4/")
    lead.get_by_role("link", name="Record 2").click()
    expect(lead).to_have_url(f"{app.url}/history/2/")


def test_what_cannot_be_asked_for_is_where_the_focus_goes_and_what_is_found_is_counted(
    lead: Any, app: App, complaints: Complaints
) -> None:
    complaints.expected += ["the server responded with a status of 422"]
    rename(lead, app, "First")
    lead.goto(f"{app.url}/history/?since=2020-01-01")
    lead.locator("#filters summary").click()
    lead.get_by_label("From", exact=True).fill("yesterday-ish")
    lead.get_by_role("button", name="Show").click()
    expect(lead.locator(":focus")).to_contain_text("Nothing is shown: this cannot be asked for")

    lead.get_by_label("From", exact=True).fill("2020-01-01")
    lead.get_by_role("button", name="Show").click()
    expect(lead.locator("#announced")).to_have_text(re.compile(r"^\d entries are shown$"))
    lead.get_by_label("Value before or after").fill("sk-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKL")
    lead.get_by_role("button", name="Show").click()
    expect(lead.locator(":focus")).to_contain_text("Not searched for: that looks like a secret")


def left_open(app: App) -> Change:
    """A change of the renamed key, told by record 2, of which it is not known what became of it."""
    intent, house = Record.objects.get(seq=2), app.house
    about = {"team_id": house.team.pk, "account_id": house.account.id, "key_id": house.keys["plain"]}
    told = {"person_id": intent.actor_id, "content": "", "before": {}, "wanted": {}, "created_at": timezone.now()}
    return Change.objects.create(id=uuid4(), **about, **told, kind="edit", epoch=99, state="unknown", intent_seq=2)


def test_what_depends_on_the_filters_follows_them(lead: Any, app: App) -> None:
    rename(lead, app, "First")
    change = left_open(app)
    lead.goto(f"{app.url}/history/")
    expect(lead.locator("#unknown")).to_contain_text("record 2")
    lead.locator("#filters summary").click()

    lead.get_by_label("Team", exact=True).select_option("boreas")
    lead.get_by_role("button", name="Show").click()

    expect(lead.locator("#unknown")).to_be_hidden()
    expect(lead.get_by_role("link", name="Export…")).to_have_attribute("href", "/history/export/?team=boreas")
    lead.get_by_label("Team", exact=True).select_option("atlas")
    lead.get_by_role("button", name="Show").click()
    expect(lead.locator("#unknown")).to_be_visible()
    lead.get_by_role("link", name="Export…").click()
    expect(lead.get_by_label("Team", exact=True)).to_have_value("atlas")
    assert Change.objects.get(pk=change.pk).state == "unknown"


def test_what_is_settled_goes_from_the_top_by_itself(lead: Any, app: App) -> None:
    rename(lead, app, "First")
    change = left_open(app)
    lead.goto(f"{app.url}/history/?team=atlas")
    expect(lead.locator("#unknown")).to_be_visible()

    Change.objects.filter(pk=change.pk).update(state="done")

    expect(lead.locator("#unknown")).to_be_hidden()
    expect(lead.locator("#unknown[hx-trigger]")).to_have_count(0)
    expect(lead).to_have_url(f"{app.url}/history/?team=atlas")
