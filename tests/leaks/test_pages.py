"""The leak desk in the browser: who sees what, what is said, and what is never said."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from keys.leaks.candidate import USUAL
from keys.models import Change, Incident, Leaked, Person, Record, Team, TeamSync
from keys.selectors import leaks as reads
from keys.types import Waits
from tests.leaks.pasting import leak, pasted, secret
from tests.leaks.scene import actor_for
from tests.pages.acting import HTMX, body, no_secret, words
from tests.pages.house import House
from tests.road.stage import Stage, wish


def test_the_whole_way_without_javascript(house: House, settings: Any) -> None:
    settings.WAITS = Waits()  # a busy machine is given its time
    admin = house.client("admin")
    assert "Find whose keys these are" in words(admin.get("/leaks/"))

    answer = pasted(house, f"export KEY='{secret(house)}'\n# and\n{secret(house, 'unlimited')}", client=admin)
    assert (answer.status_code, answer["Location"]) == (303, leak())
    page = admin.get(leak())
    assert "Disable 2 keys" in words(page) and "Staging" in words(page) and "No limit" in words(page)
    assert "led by lead" in words(page)

    answer = admin.post(leak() + "disable/")
    assert (answer.status_code, answer["Location"]) == (303, leak())
    page = admin.get(leak())
    assert "seconds after the paste" in words(page) and "Contained" in words(page)
    assert "Left on the key No limit" in words(page) and "Can still be lost" not in words(page)
    assert house.stored("plain")["status"] == house.stored("unlimited")["status"] == 2
    no_secret(house, body(page))


def test_of_an_overspent_key_nothing_can_be_lost(house: House) -> None:
    pasted(house, secret(house, "overspent"))
    page = words(house.client("admin").get(leak()))
    assert "Can still be lost Nothing: it stands at −$0.002 (−1,234 units) , any model" in page


def test_a_press_by_htmx_answers_with_the_part(house: House, settings: Any) -> None:
    settings.WAITS = Waits()
    admin = house.client("admin")
    pasted(house, secret(house))
    answer = admin.post(leak() + "disable/", headers=HTMX)
    assert answer.status_code == 200 and answer["X-Fragment"] == "1"
    assert body(answer).lstrip().startswith('<section class="stack stack--wide leak" id="leak"')
    assert "Refused" in words(answer)


def test_the_button_has_the_focus_as_the_page_opens_and_takes_it_from_nobody_later(house: House) -> None:
    admin = house.client("admin")
    pasted(house, secret(house), client=admin)
    refused = admin.post(leak() + "note/", {"note": secret(house)})

    assert 'id="leak-press" autofocus' in body(admin.get(leak()))
    assert refused.status_code == 422
    for later in (admin.get(leak(), headers=HTMX), refused):
        assert 'id="leak-press"' in body(later) and "autofocus" not in body(later)


def test_a_file_in_memory(house: House) -> None:
    noise = b"nothing to see here\n" * 300_000
    given = SimpleUploadedFile("scan.json", noise + secret(house).encode())
    answer = house.client("admin").post("/leaks/", {"text": "", "file": given})
    assert answer.status_code == 303
    assert Leaked.objects.get().lines == [300_001]


def test_the_lines_of_a_file_are_counted_on_behind_the_text_and_that_is_said(house: House) -> None:
    admin = house.client("admin")
    assert "its lines are counted on behind those of the text" in words(admin.get("/leaks/"))
    given = SimpleUploadedFile("some.log", b"first\n" + secret(house).encode())
    assert admin.post("/leaks/", {"text": "one\ntwo", "file": given}).status_code == 303
    assert Leaked.objects.get().lines == [4]


def test_large_text(house: House) -> None:
    answer = pasted(house, "x" * 10_000_000 + "\n" + secret(house))
    assert answer.status_code == 303 and Leaked.objects.get().lines == [2]


def test_too_large_elsewhere_and_here(house: House) -> None:
    admin = house.client("admin")
    assert admin.post("/teams/new/", {"name": "x" * 3_000_000}).status_code == 413
    answer = pasted(house, "x" * 17_000_000)
    assert answer.status_code == 413 and "cut the text" in body(answer)


@pytest.mark.parametrize("text", ["", "   \n"])
def test_nothing_pasted(house: House, text: str) -> None:
    answer = pasted(house, text)
    assert answer.status_code == 422 and "Paste something" in words(answer)
    assert not Incident.objects.exists()


def test_nothing_of_ours(house: House) -> None:
    answer = pasted(house, "AKIAIOSFODNN7EXAMPLE\nsk-abcd**********wxyz\n")
    assert answer.status_code == 200 and "No secret of our keys’ shape in it" in words(answer)
    assert "Masked in line 2" in words(answer)
    assert not Incident.objects.exists() and house.sandbox.requests("GET", "usage") == []


def test_what_was_pasted_is_never_echoed(house: House) -> None:
    for text in ("<script>alert(1)</script> canary-text-7781", "sk-" + "A1b" * 16 + " canary-text-7781"):
        answer = pasted(house, text)
        page = house.client("admin").get(leak()) if answer.status_code == 303 else answer
        assert "canary-text-7781" not in body(page) and "A1bA1bA1bA1b" not in body(page)


def test_a_lead_sees_nothing_of_another_teams_key(house: House) -> None:
    house.sandbox.clear_log()
    lead = house.client("lead")
    Team.objects.filter(slug="atlas").update(slug="theirs")
    house.team.memberships.filter(person__username="lead").delete()
    house.client("lead")
    boreas = Team.objects.get(slug="boreas")
    boreas.memberships.filter(person__username="lead").update(role="lead")

    theirs = pasted(house, f"a\n{secret(house)}", client=lead)
    nobodys = pasted(house, "a\nsk-" + "Zz9" * 16, client=lead)
    assert theirs.status_code == nobodys.status_code == 303
    first, second = (words(lead.get(at["Location"])).split("Notes")[0] for at in (theirs, nobodys))
    for page in (first, second):
        assert "1 secret of our keys’ shape is not a key of yours" in page and "Tell an admin now" in page
        assert "Staging" not in page and "Send 1 secret" not in page
    record = Record.objects.get(action="leak.elsewhere")
    assert (record.team_id, record.key_id) == (house.team.pk, house.keys["plain"])
    assert "Secret pasted by somebody outside" not in words(lead.get(theirs["Location"]))
    for rest in ("ask/", "disable/"):
        assert lead.post(theirs["Location"] + rest).status_code == 403
    assert house.sandbox.writes() == [] and house.sandbox.requests("GET", "usage") == []

    admin = house.client("admin")
    assert admin.post(theirs["Location"] + "look/").status_code == 303
    assert "Disable 1 key" in words(admin.get(theirs["Location"]))


def test_not_found_then_listed_then_found(house: House) -> None:
    new = house.sandbox.add_key(house.account, name="Brand new")
    admin = house.client("admin")
    pasted(house, house.sandbox.secret(new), client=admin)
    page = words(admin.get(leak()))
    assert "is not a key of yours" in page
    TeamSync.objects.update(listed_at=None)
    assert "List 1 team again and look" in words(admin.get(leak()))
    admin.post(leak() + "look/")
    page = words(admin.get(leak()))
    assert "Disable 1 key" in page and "Brand new" in page


def test_what_is_not_found_has_the_stale_teams_listed_by_itself(house: House) -> None:
    new = house.sandbox.add_key(house.account, name="Brand new")
    admin = house.client("admin")
    TeamSync.objects.update(listed_at=None)
    pasted(house, house.sandbox.secret(new), client=admin)

    page = words(admin.get(leak()))

    assert "Disable 1 key" in page and "Brand new" in page


def test_a_key_that_can_be_disabled_waits_for_no_listing(house: House) -> None:
    new = house.sandbox.add_key(house.account, name="Brand new")
    admin = house.client("admin")
    TeamSync.objects.update(listed_at=None)
    pasted(house, f"{secret(house)}\n{house.sandbox.secret(new)}", client=admin)
    house.sandbox.clear_log()

    page = words(admin.get(leak()))
    assert "Disable 1 key" in page and "1 team is being listed again" in page
    assert house.sandbox.requests("GET", "list") == []

    assert "Disable 2 keys" in words(admin.get(leak(), headers=HTMX))


def test_asking_cometapi_says_how_many_and_where(house: House) -> None:
    other = house.sandbox.add_account(name="Elsewhere")
    known = house.sandbox.secret(house.sandbox.add_key(other, name="Of no team"))
    admin = house.client("admin")
    pasted(house, f"{known}\nsk-{'Zz9' * 16}", client=admin)
    assert house.sandbox.requests("GET", "usage") == []
    page = words(admin.get(leak()))
    assert f"Send 2 secrets to {house.sandbox.url.partition('://')[2]} and ask whose they are" in page

    admin.post(leak() + "ask/")

    page = words(admin.get(leak()))
    assert "CometAPI knows it: a key of an account that is in no team here ( Of no team )" in page
    assert "CometAPI does not know it" in page
    assert len(house.sandbox.requests("GET", "usage")) == 2


def test_without_a_ledger_it_says_what_to_do_by_hand(house: House, settings: Any) -> None:
    ledger, settings.LEDGER_KEYS = settings.LEDGER_KEYS, {}
    answer = pasted(house, secret(house))
    assert answer.status_code == 503 and settings.COMETAPI_BASE_URL in body(answer)
    assert "Disable it there" in words(answer) and "Staging" in words(answer)
    assert house.sandbox.writes() == [] and not Incident.objects.exists()
    settings.LEDGER_KEYS = ledger
    place = pasted(house, secret(house))["Location"]
    settings.LEDGER_KEYS = {}
    answer = house.client("admin").post(f"{place}disable/")
    assert answer.status_code == 503 and "Disable it there" in words(answer)
    assert house.sandbox.writes() == []


def test_notes_and_closing(house: House) -> None:
    admin = house.client("admin")
    pasted(house, secret(house))
    typed = {"source": "https://git.example.com/x", "note": "seen by Ada"}
    assert admin.post(leak() + "note/", typed).status_code == 303
    answer = admin.post(leak() + "note/", {"note": f"it was {secret(house)}"})
    assert answer.status_code == 422
    no_secret(house, body(answer))
    page = words(admin.get(leak()))
    assert "Seen at https://git.example.com/x" in page and "seen by Ada" in page
    assert admin.post(leak() + "close/").status_code == 303
    assert "Closed" in words(admin.get(leak()))
    assert Incident.objects.get().destroyed_at


def test_auditors_look_on(house: House) -> None:
    pasted(house, secret(house))
    auditor = house.client("auditor")
    assert "You may look on" in words(auditor.get("/leaks/"))
    page = words(auditor.get(leak()))
    assert "Staging" in page and "Disable 1 key" not in page
    for rest in ("disable/", "look/", "ask/", "note/", "close/"):
        assert auditor.post(leak() + rest).status_code == 403, rest
    assert pasted(house, secret(house), "auditor").status_code == 403
    assert house.stored("plain")["status"] == 1


def test_a_secret_in_an_address_is_sent_to_the_desk(house: House) -> None:
    answer = house.client("admin").get(f"/teams/?q={secret(house)}")
    assert answer.status_code == 400 and 'href="/leaks/"' in body(answer)


def test_an_edit_that_may_still_arrive_is_said(house: House) -> None:
    lead = Person.objects.get(username="lead")
    stage = Stage(house.sandbox, house.account, house.team, lead, actor_for(lead), house.keys["plain"])
    house.sandbox.fault("applied_late", operation="update", times=1, delay=0.3, answer="504")
    stage.edit(wish(name="late"))
    admin = house.client("admin")
    pasted(house, secret(house), client=admin)

    admin.post(leak() + "disable/")

    assert "It may still arrive and bring the key back" in words(admin.get(leak()))
    Change.objects.filter(kind="edit").update(sent_until=timezone.now() - timedelta(hours=1))
    assert "may still arrive" not in words(admin.get(leak()))


def test_keys_that_are_not_shown_count_too(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reads, "MOST_SHOWN", 1)
    pasted(house, f"{secret(house)}\n{secret(house, 'unlimited')}\n{secret(house, 'chinese')}")
    admin, now = house.client("admin"), timezone.now()
    page = words(admin.get(leak()))
    assert "3 keys found, not disabled" in page and "Disable 3 keys" in page
    assert "2 more keys of this leak are not shown here" in page

    first = Leaked.objects.order_by("pk")[:1].get()
    Leaked.objects.filter(pk=first.pk).update(pressed_at=now, disabled_at=now, refused_at=now, next_at=None)
    page = words(admin.get(leak()))
    assert "Not yet disabled" in page and "seconds after the paste" not in page and "Disable 2 keys" in page

    Leaked.objects.update(pressed_at=now, disabled_at=now, next_at=None)
    assert "Reads disabled, not yet proven refused" in words(admin.get(leak()))
    Leaked.objects.update(refused_at=now)
    assert "seconds after the paste" in words(admin.get(leak()))


def test_what_is_not_sure_keeps_the_headline_from_good_news(house: House) -> None:
    pasted(house, f"{secret(house)}\n{secret(house, 'unlimited')}")
    now = timezone.now()
    Leaked.objects.update(pressed_at=now, disabled_at=now, refused_at=now, next_at=None)
    last = Leaked.objects.order_by("-pk")[:1].get()
    Leaked.objects.filter(pk=last.pk).update(found_by="unsure", disabled_at=None, refused_at=None)
    page = words(house.client("admin").get(leak()))
    assert "Refused, but 1 key is not sure yet" in page


def test_how_many_were_not_found_is_said_in_full(house: House) -> None:
    many = "\n".join(f"sk-{USUAL.made_up()}" for _ in range(130))
    pasted(house, many)
    page = words(house.client("admin").get(leak()))
    assert "130 secrets of our keys’ shape are not keys of yours" in page
    assert "Only the first 20 are shown. 100 are held to look again; 30 more are not" in page
