"""The press in the browser: what it says, what it asks for, how far it is, and the press that takes it back."""

from typing import Any

import pytest
from django.utils import timezone

from keys.models import Job, MirrorKey, Panic, Record, TeamSync, WorkerLane
from keys.services import jobs, schedule
from keys.types import Lane, Waits
from tests.mirror.support import sync
from tests.pages.acting import HTMX, body, no_secret, words
from tests.pages.house import House, form_of, furnish
from tests.support.databases import RealDatabase
from tests.support.refusing import refuse

PATH = "/teams/atlas/panic/"
N = 9
"""Keys of the house that do not read disabled."""


@pytest.fixture
def house(real_db: RealDatabase, sandbox: Any) -> House:
    house = furnish(sandbox)
    sync(house.team)
    return house


def works() -> None:
    now = timezone.now()
    WorkerLane.objects.create(name="test:1", lane="urgent", started_at=now, heartbeat_at=now)


def pressed(house: House, number: object = N, who: str = "lead", **more: str) -> Any:
    client = house.client(who)
    form = form_of(body(client.get(PATH)), "panic-form")
    return client.post(PATH, {**form, "number": str(number), **more})


def newest() -> Panic:
    return Panic.objects.latest("pk")


def at(panic: Panic, rest: str = "") -> str:
    return f"{PATH}{panic.pk}/{rest}"


def worked() -> None:
    """What the worker would do, up to the wait for the check."""
    while newest().phase not in ("checking", "over"):
        Job.objects.filter(status="queued").update(due_at=timezone.now())
        job = jobs.claim(Lane.URGENT) or jobs.claim(Lane.ORDINARY)
        assert job
        schedule.run_job(job)


def test_it_says_what_it_will_do_and_to_how_many(house: House) -> None:
    page = house.client().get(PATH)
    text = words(page)
    assert f"{N} keys of Atlas would be disabled" in text and f"Disable {N} keys" in text
    assert "1 key reads disabled already and is left out" in text
    assert "manage.py worker" in text, "no worker runs, and the page says so"
    no_secret(house, body(page))
    works()
    assert "manage.py worker" not in words(house.client().get(PATH))


def test_the_way_there_leads_from_the_list_and_the_leak(house: House) -> None:
    for who in ("lead", "auditor", "admin"):
        assert f'href="{PATH}"' in body(house.client(who).get(house.list_path))
    assert f'href="{PATH}"' not in body(house.client("member").get(house.list_path))
    admin = house.client("admin")
    leak = admin.post("/leaks/", {"text": house.sandbox.secret(house.keys["plain"])})["Location"]
    assert f'href="{PATH}"' in body(admin.get(leak))


def test_press_progress_and_back_without_javascript(house: House) -> None:
    works()
    answer = pressed(house, reason="the laptop was stolen")
    assert (answer.status_code, answer["Location"]) == (303, at(newest()))
    client = house.client()
    assert "The keys are being listed" in words(client.get(at(newest())))
    worked()

    text = words(client.get(at(newest())))
    assert f"All {N} read disabled" in text and "the laptop was stolen" in text and "Reads disabled" in text
    assert "1 key read disabled already and was left out" in text and f"Enable these {N} keys again" in text
    assert all(house.stored(name)["status"] == 2 for name in house.keys)
    assert f"Record {newest().record_seq}" in text

    answer = client.post(at(newest(), "undo/"))
    assert (answer.status_code, answer["Location"]) == (303, at(newest())) and newest().undoes_id
    worked()
    text = words(client.get(at(newest())))
    assert "of 9 read enabled" in text and "Left as it is" in text and "What is undone by this" in text
    assert house.stored("plain")["status"] == 1 and house.stored("disabled")["status"] == 2
    assert "All disabled" in words(client.get(PATH)) and "Enabled again" in words(client.get(PATH))


@pytest.mark.parametrize("number", ["", "8", "10", "-9", "nine", "9.5", "٩", "9" * 5000, "9\x00"])
def test_a_wrong_number_sends_nothing_and_keeps_what_was_typed(house: House, number: str) -> None:
    house.sandbox.clear_log()
    answer = pressed(house, number, reason="an honest reason")
    assert answer.status_code == 422
    text = body(answer)
    assert 'value="an honest reason"' in text
    assert any(said in words(answer) for said in ("Nothing was sent", "at most 20", "Null characters"))
    if number.isascii() and number.isdigit() and len(number) < 20:
        assert f'value="{number}"' in text and f"Type {N}." in words(answer)
    assert not Panic.objects.exists() and house.sandbox.writes() == []


def test_a_number_that_has_changed_is_told_as_such(house: House) -> None:
    client = house.client()
    form = form_of(body(client.get(PATH)), "panic-form")
    house.sandbox.add_key(house.account, name="made meanwhile")
    sync(house.team)
    answer = client.post(PATH, {**form, "number": str(N), "reason": "kept"})
    assert answer.status_code == 422 and f"it is {N + 1} now" in words(answer) and 'value="kept"' in body(answer)
    assert house.sandbox.writes() == []
    again = form_of(body(answer), "panic-form")
    assert client.post(PATH, {**again, "number": str(N + 1)}).status_code == 303


def test_numbers_as_people_copy_them(house: House) -> None:
    assert pressed(house, " 9 ").status_code == 303


def test_a_second_press_leads_to_the_first(house: House) -> None:
    assert pressed(house).status_code == 303
    client = house.client("admin")
    assert "The keys of this team are being disabled" in words(client.get(PATH))
    answer = client.post(PATH, {"number": "1"})
    assert (answer.status_code, answer["Location"]) == (303, at(newest())) and Panic.objects.count() == 1


def test_a_secret_is_no_reason_and_is_not_repeated(house: House) -> None:
    secret = house.sandbox.secret(house.keys["plain"])
    answer = pressed(house, reason=f"seen {secret}")
    assert answer.status_code == 422 and "looks like a secret" in words(answer)
    no_secret(house, body(answer))
    assert not Panic.objects.exists()


def test_without_a_worker_whoever_looks_goes_on(house: House) -> None:
    client = house.client()
    pressed(house)
    page = client.get(at(newest()))
    assert "No background worker is running" in words(page) and "Go on now" in words(page)
    assert f'hx-post="{at(newest(), "go-on/")}"' in body(page)
    while newest().phase not in ("checking", "over"):
        answer = client.post(at(newest(), "go-on/"))
        assert (answer.status_code, answer["Location"]) == (303, at(newest()))
        Job.objects.filter(status="queued").update(due_at=timezone.now())
    assert all(house.stored(name)["status"] == 2 for name in house.keys)
    answer = client.post(at(newest(), "go-on/"), headers=HTMX)
    assert answer.status_code == 200 and answer["X-Fragment"] == "1"
    assert body(answer).lstrip().startswith('<section class="stack stack--wide" id="panic"')


def test_with_a_worker_looking_does_nothing(house: House) -> None:
    works()
    pressed(house)
    house.sandbox.clear_log()
    page = house.client().get(at(newest()), headers=HTMX)
    assert 'hx-trigger="load delay:2s"' in body(page) and "hx-post" not in body(page)
    house.client().post(at(newest(), "go-on/"))
    assert house.sandbox.requests() == []


def test_what_is_not_disabled_stands_on_top(house: House) -> None:
    works()
    house.sandbox.fault("refusal", operation="update", key_id=house.keys["plain"], times=99)
    pressed(house)
    worked()
    page = body(house.client().get(at(newest())))
    assert f"{N - 1} of {N} read disabled" in words(page)
    rows = page.split("<tbody>")[1].split("<tr ")[1:]
    assert len(rows) == N and "Staging" in rows[0] and "Not disabled" in rows[0] and "panic__row--bad" in rows[0]
    assert not any("Not disabled" in row for row in rows[1:])


def test_without_a_ledger_by_hand(house: House, settings: Any) -> None:
    client = house.client()
    form = form_of(body(client.get(PATH)), "panic-form")
    settings.LEDGER_KEYS = {}
    answer = client.post(PATH, {**form, "number": str(N)})
    text = words(answer)
    assert answer.status_code == 503 and "nothing was sent from here" in text
    assert settings.COMETAPI_BASE_URL in body(answer) and "Staging" in text and "Leaver" not in text
    assert house.sandbox.writes() == [] and not Panic.objects.exists()


def test_who_may_look_and_who_may_press(house: House) -> None:
    pressed(house)
    auditor = house.client("auditor")
    assert "You can look on" in words(auditor.get(PATH)) or "being disabled" in words(auditor.get(PATH))
    page = auditor.get(at(newest()))
    assert page.status_code == 200 and "Go on now" not in words(page)
    for who, status in (("auditor", 403), ("member", 403), ("other", 404)):
        for path in (PATH, at(newest(), "go-on/"), at(newest(), "undo/")):
            assert house.client(who).post(path, {"number": str(N)}).status_code == status
    assert house.client("member").get(PATH).status_code == 403
    assert house.client("other").get(at(newest())).status_code == 404
    assert house.sandbox.writes() == []


def test_another_teams_press_and_an_absent_one_answer_alike(house: House) -> None:
    pressed(house)
    admin = house.client("admin")
    for number in (newest().pk, 999_999, 2**70):
        assert admin.get(f"/teams/boreas/panic/{number}/").status_code == 404


def test_nothing_left_to_disable(house: House, settings: Any) -> None:
    settings.WAITS = Waits()  # the list stays fresh on a busy machine too
    for name in house.keys:
        house.sandbox.console_edit(house.keys[name], status=2)
    sync(house.team)
    page = house.client().get(PATH)
    assert "No key of Atlas is left to be disabled" in words(page) and 'id="panic-form"' not in body(page)
    assert house.client().post(PATH, {"number": "0"}).status_code == 422


def test_an_old_list_without_keys_can_be_pressed_for(house: House) -> None:
    """The job lists them anew: 0 of an old list, or of one that was never read, is no reason to do nothing."""
    MirrorKey.objects.all().delete()
    TeamSync.objects.update(listed_at=None)
    works()
    page = house.client().get(PATH)
    assert "known that is left to be disabled" in words(page) and "List all keys and disable what is found" in words(
        page
    )
    assert pressed(house, "").status_code == pressed(house, 3).status_code == 422
    assert "Type 0." in words(pressed(house, 3))

    assert pressed(house, 0).status_code == 303
    worked()
    assert all(house.stored(name)["status"] == 2 for name in house.keys)
    assert f"All {N} read disabled" in words(house.client().get(at(newest())))


def test_undo_with_nothing_to_undo_says_so(house: House) -> None:
    pressed(house)
    answer = house.client().post(at(newest(), "undo/"), follow=True)
    assert "nothing to enable again now" in words(answer)
    assert Panic.objects.count() == 1 and not Record.objects.filter(action="keys.panic_undo").exists()


def test_the_records_lead_to_each_other(house: House) -> None:
    works()
    pressed(house)
    worked()
    record = Record.objects.filter(action="key.disable", outcome="").first()
    assert record
    page = house.client().get(f"/history/{record.seq}/")
    assert f'href="/history/{newest().record_seq}/"' in body(page) and "Part of" in words(page)
    assert "Disable all keys of a team" in words(house.client().get(f"/history/{newest().record_seq}/"))
    assert "Disable all keys of a team" in words(house.client().get("/history/"))


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_are_refused(house: House, method: str) -> None:
    pressed(house)
    for path in (PATH, at(newest()), at(newest(), "go-on/"), at(newest(), "undo/")):
        assert getattr(house.client(), method)(path).status_code == 405


def test_a_database_that_refuses_the_press_by_hand(house: House) -> None:
    refuse("keys_panic", "INSERT")
    answer = pressed(house)
    assert answer.status_code == 503 and "nothing was sent from here" in words(answer) and "Staging" in words(answer)
    assert house.sandbox.writes() == [] and not Job.objects.exists()
