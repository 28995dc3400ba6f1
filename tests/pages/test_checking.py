"""What is not known yet: the page looks again by itself, and says only what reading has settled."""

from datetime import timedelta
from typing import Any

from keys.models import Change
from tests.pages.acting import HTMX, body, notice, opened, saved, tone, words
from tests.pages.house import House, form_of
from tests.pages.telling import hit, keeps_what_was_typed, save


def let_the_time_pass() -> None:
    """Until a late update can no longer land."""
    change, past = Change.objects.get(), timedelta(hours=1)
    assert change.sent_until
    Change.objects.update(sent_until=change.sent_until - past, created_at=change.created_at - past, looked_at=None)


def asked_again(house: House) -> Any:
    """What the page part gets when it looks again."""
    path = house.path("plain", f"changes/{Change.objects.get().pk}/")
    return house.client().get(path, headers=HTMX)


def test_accepted_and_not_yet_read(house: House) -> None:
    answer = save(house, after=lambda: hit(house, "get", "503", skip=1, times=99))

    assert (answer.status_code, tone(answer)) == (202, "warn")
    assert "Accepted, not yet checked" in notice(answer) and "Saved" not in notice(answer)
    assert 'hx-trigger="every 5s"' in body(answer)
    keeps_what_was_typed(answer)
    house.sandbox.clear_faults()
    later = asked_again(house)
    assert "Saved: read at" in notice(later) and "CometAPI took it, and by now the key reads as wanted" in notice(later)
    assert "no clear answer" not in notice(later)


def test_checking_ends_as_not_applied_only_when_nothing_can_land(house: House) -> None:
    hit(house, "update", "503")
    save(house)

    early = asked_again(house)
    assert early.status_code == 200 and "Checking…" in notice(early) and 'hx-trigger="every 5s"' in body(early)
    let_the_time_pass()
    late = asked_again(house)

    assert "It did not arrive; nothing changed" in notice(late) and "hx-trigger" not in body(late)
    assert house.stored("plain")["name"] == "Staging" and len(house.sandbox.writes()) == 1


def test_checking_ends_as_saved_when_it_landed_late(house: House) -> None:
    hit(house, "update", "503")
    save(house)
    house.sandbox.console_edit(house.keys["plain"], name="New", group="vip")

    assert "Saved: read at" in notice(asked_again(house))


def test_checking_ends_as_other(house: House) -> None:
    hit(house, "update", "503")
    save(house)
    house.sandbox.console_edit(house.keys["plain"], name="Theirs")
    let_the_time_pass()

    answer = asked_again(house)

    assert tone(answer) == "warn" and "The key reads neither as before nor as wanted" in notice(answer)


def test_of_one_that_a_later_save_has_overtaken_no_comparison_is_claimed(house: House) -> None:
    house.sandbox.fault("field_altered", operation="update", times=1, field="name", value="Odd")
    assert tone(save(house)) == "warn"
    earlier, client = Change.objects.get(), house.client()
    saved(client, house, {**opened(client, house), "name": "New", "group": "vip"})
    past = timedelta(hours=1)
    for change in Change.objects.all():
        times = {"created_at": change.created_at, "sent_until": change.sent_until, "recheck_at": change.recheck_at}
        Change.objects.filter(pk=change.pk).update(**{name: at and at - past for name, at in times.items()})

    answer = client.get(house.path("plain", f"changes/{earlier.pk}/"), headers=HTMX)

    assert "What became of this cannot be told any more" in notice(answer)
    assert "neither as before nor as wanted" not in notice(answer)


def test_a_key_that_is_being_checked_is_held_and_says_so(house: House) -> None:
    hit(house, "update", "503")
    form = form_of(body(save(house)))

    page = house.client().get(house.path("plain"))
    again = saved(house.client("admin"), house, {**opened(house.client("admin"), house), "name": "Newer"})

    assert "Checking…" in notice(page)
    assert again.status_code == 409 and "Not saved: nothing was sent" in words(again)
    assert "Another change of this key is under way" in words(again) and form_of(body(again))["name"] == "Newer"
    assert len(house.sandbox.writes()) == 1 and form["name"] == "New"


def test_without_javascript_checking_is_a_whole_page_with_a_way_on(house: House) -> None:
    hit(house, "update", "503")

    answer = save(house, htmx=False)
    link = house.path("plain", f"changes/{Change.objects.get().pk}/")

    assert answer.status_code == 202 and "<h1>" in body(answer) and f'href="{link}"' in body(answer)
    assert "Checking…" in notice(house.client().get(link))
