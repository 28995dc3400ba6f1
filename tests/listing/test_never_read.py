"""A team that was never read in whole: what is looked for among its keys is kept and explained, and shows nothing."""

import re

import pytest

from keys.models import TeamSync
from tests.listing.test_pages import HTMX, SECRET, page, shown, words
from tests.pages.house import House

CANNOT = "These keys cannot be searched yet"


@pytest.fixture
def unread(house: House) -> House:
    """Some keys are in the mirror, as after the first page of a first listing."""
    TeamSync.objects.update(listed_at=None, tried_at=None)
    return house


@pytest.mark.parametrize("query", ["?status=disabled", "?q=staging&group=default", "?sort=-used", "?q=staging&page=2"])
def test_filters_show_nothing_rather_than_everything(query: str, unread: House) -> None:
    html = page(unread, query)

    assert shown(html) == [] and CANNOT in html and "No key is like this" not in html
    assert f'<a class="button" href="{unread.list_path}">Show all keys</a>' in html
    assert "Never read in whole yet" in words(html) and "Read again" in words(html)
    assert re.search(rf'hx-post="/teams/{unread.team.slug}/sync/\?since=\d+" hx-trigger="load"', html)
    assert unread.sandbox.requests() == []


def test_what_was_asked_for_stays_and_is_answered_once_all_are_read(unread: House) -> None:
    html = page(unread, "?q=staging&group=default")

    assert re.search(r'<input id="id_q"[^>]* value="staging"', html)
    assert re.search(r'<input id="id_group"[^>]* value="default"', html)
    (address,) = re.findall(r'hx-get="([^"]+)" hx-trigger="keys-listed from:body" hx-select="#found"', html)
    TeamSync.objects.update(listed_at="2026-11-01T00:00Z")
    answer = unread.client().get(address.replace("&amp;", "&"), headers=HTMX).content.decode()
    assert shown(answer) == [unread.keys["plain"]] and CANNOT not in answer


def test_a_filter_that_cannot_be_is_explained_all_the_same(unread: House) -> None:
    html = page(unread, "?stats=disabled")

    assert "One of the filters in this address does not exist." in html and shown(html) == [] and CANNOT not in html


def test_a_search_from_there_leads_to_its_address(unread: House) -> None:
    client = unread.client()

    answer = client.post(unread.list_path, {"q": "staging"})
    swapped = client.post(unread.list_path, {"q": "staging"}, headers=HTMX)
    emptied = client.post(unread.list_path, {"q": ""}, headers=HTMX)

    assert (answer.status_code, answer["Location"]) == (303, f"{unread.list_path}?q=staging")
    assert swapped["HX-Push-Url"] == f"{unread.list_path}?q=staging" and CANNOT in swapped.content.decode()
    assert CANNOT in emptied.content.decode() and emptied["HX-Push-Url"] == unread.list_path
    again = client.get(f"{unread.list_path}?", headers=HTMX).content.decode()
    assert again.lstrip().startswith('<div class="stack" id="listing">')
    assert client.post(unread.list_path, {"q": SECRET}).status_code == 422
    assert unread.sandbox.requests() == []
