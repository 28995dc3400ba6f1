"""A session that ended while one typed, without JavaScript: nothing is sent, and nothing typed is lost."""

from typing import Any
from urllib.parse import quote

from django.test import Client

from keys.models import Person
from tests.pages.acting import HTMX, body, opened, words
from tests.pages.house import House, form_of

SECRET = "sk-" + "aB3dE5gH7jK9" * 4


def typed(house: House, **texts: str) -> dict[str, Any]:
    return {**opened(house.client(), house), "name": "Typed", "allow_ips": "10.0.0.1\r\n10.0.0.2", **texts}


def test_signed_out_the_form_is_kept_and_goes_on_after_signing_in(house: House) -> None:
    form = typed(house)

    answer = Client().post(house.path("plain"), form)
    kept = form_of(body(answer))
    reviewed = house.client().post(house.path("plain"), {**kept, "review": "1"})
    done = house.client().post(house.path("plain"), form_of(body(reviewed)))

    assert answer.status_code == 401 and "Your session has ended. Nothing was sent" in words(answer)
    assert (kept["name"], kept["base"]) == ("Typed", form["base"])
    assert "2 changes" in words(reviewed) and done.status_code == 303
    assert (house.stored("plain")["name"], house.stored("plain")["allow_ips"]) == ("Typed", "10.0.0.1\n10.0.0.2")
    assert len(house.sandbox.writes()) == 1


def test_signed_in_again_the_old_form_is_kept_too(house: House) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(Person.objects.get(username="lead"))
    form = {**typed(house), "csrfmiddlewaretoken": "x" * 64}

    answer = client.post(house.path("plain"), form)
    fresh = form_of(body(answer))
    again = client.post(house.path("plain"), {**fresh, "review": "1"})

    assert answer.status_code == 403 and "You have signed in again since this form was opened." in words(answer)
    assert fresh["csrfmiddlewaretoken"] != "x" * 64 and fresh["name"] == "Typed"
    assert again.status_code == 200 and "2 changes" in words(again) and house.sandbox.writes() == []


def test_a_form_of_somebody_else_or_of_nobody_is_refused_as_ever(house: House) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(Person.objects.get(username="admin"))

    theirs = client.post(house.path("plain"), typed(house))
    forged = client.post(house.path("plain"), {"base": "forged", "name": "Typed"})

    for answer in (theirs, forged):
        assert (
            answer.status_code == 403 and "This form cannot be taken" in words(answer) and "Typed" not in body(answer)
        )
    for base in ("", "forged"):
        assert Client().post(house.path("plain"), {"base": base})["Location"].startswith("/accounts/login/")


def test_a_fragment_is_told_to_sign_in(house: House) -> None:
    assert Client().post(house.path("plain"), typed(house), headers=HTMX).status_code == 401


def test_a_secret_is_not_sent_back(house: House) -> None:
    answer = Client().post(house.path("plain"), typed(house, name=f"a {SECRET}", reason="<b>"))

    assert SECRET[3:15] not in body(answer) and 'value="&lt;b&gt;"' in body(answer)


def test_a_picker_pressed_after_the_session_ended_keeps_the_form(house: House) -> None:
    form = {**typed(house), "allowlist": "check"}

    answer = Client().post(f"{house.path('plain')}allowlist/", form)
    done = house.client().post(f"{house.path('plain')}allowlist/", form_of(body(answer)))

    assert answer.status_code == 401 and "what you typed is kept" in words(answer)
    assert done.status_code == 200 and form_of(body(done))["name"] == "Typed"
    assert Client().post(f"{house.path('plain')}models/", form).status_code == 401


def test_a_press_after_the_session_ended_leads_back_to_its_page(house: House) -> None:
    here, there = f"http://testserver{house.list_path}?q=a", "http://evil.example/x"

    answer = Client().post(f"{house.path('plain')}disable/", headers={"Referer": here})
    elsewhere = Client().post(f"{house.path('plain')}disable/", headers={"Referer": there})
    sign_in = Client().get(answer["Location"])

    assert answer["Location"] == f"/accounts/login/?next={quote(house.list_path + '?q=a', safe='')}&unsent=1"
    assert elsewhere["Location"] == "/accounts/login/?next=%2F&unsent=1"
    assert "Nothing was sent" in words(sign_in) and house.sandbox.writes() == []


def test_in_a_fragment_too(house: House) -> None:
    answer = Client().post(
        f"{house.path('plain')}disable/", headers={**HTMX, "HX-Current-URL": "http://testserver/keys/"}
    )

    assert (answer.status_code, answer["HX-Redirect"]) == (401, "/accounts/login/?next=%2Fkeys%2F&unsent=1")


def test_the_address_of_a_button_is_a_page_that_says_so(house: House) -> None:
    answer = house.client().get(f"{house.path('plain')}disable/")

    assert answer.status_code == 405 and "This is the address of a button" in words(answer)
    assert answer["Allow"] == "POST"
