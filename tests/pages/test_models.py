"""The models picker: what is chosen, the catalogue for htmx and as a page of its own; only the form saves."""

from typing import Any

import pytest

from cometadmin.sandbox import api
from keys.forms.models import token_of
from keys.models import Record
from tests.pages.acting import HTMX, body, no_secret, opened, saved, words
from tests.pages.house import House, form_of

HOSTILE = '"><script>alert(1)</script>'


def asked(house: House, typed: dict[str, Any], *, htmx: bool = True, who: str = "lead") -> Any:
    """The form as it came, with these fields typed, handed to the picker."""
    form = {**opened(house.client(), house, "restricted"), **typed}
    house.sandbox.clear_log()
    return house.client(who).post(house.path("restricted", "models/"), form, headers=HTMX if htmx else {})


def test_what_is_chosen_is_shown_and_nobody_is_asked(house: House) -> None:
    answer = asked(house, {"model_limits": "gpt-4o own/model"})

    text = words(answer)
    assert answer.status_code == 200 and "2 models chosen" in text and "own/model" in text
    assert "catalogue" not in text and "id_model_limits" not in body(answer)  # it was never read
    assert house.sandbox.requests() == [] and Record.objects.count() == 0


def test_the_catalogue_is_part_of_the_form_and_posts_nothing(house: House) -> None:
    answer = asked(house, {"models": "open"})

    page = body(answer)
    assert page.lstrip().startswith("<section") and page.count("<details") > 5 and "read" in words(answer)
    assert 'value="gpt-4o" checked' in page and 'value="gpt-5" autocomplete' in page
    assert "name=" not in page  # else hundreds of ticks would go along with each save
    assert "1 of 16 chosen" in words(answer)
    assert [one["operation"] for one in house.sandbox.requests()] == ["models"]
    assert "1 not in the catalogue" in words(asked(house, {"model_limits": "gpt-4o own/model"}))


def test_without_javascript_the_catalogue_is_a_page_that_brings_everything_back(house: House) -> None:
    typed = {
        "name": "New",
        "reason": "why",
        "remain_quota": "five",
        "model_limits": "own/model, gpt-4o",
        "allow_ips": "x\r\ny",
    }
    page = asked(house, {**typed, "models": "open"}, htmx=False)
    assert page.status_code == 200 and "Choose models for Customer portal" in words(page)
    form = form_of(body(page), "models-form")
    assert form["model"] == "gpt-4o" and form["models_were"].split() == ["gpt-4o"]

    taken = {**form, "model": ["gpt-5", "claude-sonnet-4"], "models": "take"}
    back = house.client().post(house.path("restricted", "models/"), taken)

    again = form_of(body(back))
    assert back.status_code == 200 and again["model_limits"].split() == ["own/model", "gpt-5", "claude-sonnet-4"]
    assert {name: again[name] for name in ("name", "reason", "remain_quota")} == {
        k: typed[k] for k in ("name", "reason", "remain_quota")
    }
    assert again["allow_ips"] == "x\r\ny" and again["model_limits_enabled"] == "on"
    assert "2 more, 1 fewer" in words(back) and house.sandbox.writes() == []

    mended = {**again, "remain_quota": "5", "allow_ips": "10.0.0.1"}
    assert saved(house.client(), house, mended, key="restricted", htmx=False).status_code == 303
    assert house.stored("restricted")["model_limits"] == "own/model,gpt-5,claude-sonnet-4"


@pytest.mark.parametrize("act", ["take", "back"])
def test_untouched_ticks_touch_nothing(house: House, act: str) -> None:
    house.sandbox.console_edit(house.keys["restricted"], model_limits="gpt-4o, claude-sonnet-4,,gpt-4o")
    page = asked(house, {"models": "open"}, htmx=False)

    back = house.client().post(
        house.path("restricted", "models/"), {**form_of(body(page), "models-form"), "models": act}
    )
    answer = saved(house.client(), house, form_of(body(back)), key="restricted")

    assert "nothing was sent" in words(answer).lower() and house.sandbox.writes() == []


def test_an_open_conflict_comes_back_too(house: House) -> None:
    client = house.client()
    form = {**opened(client, house, "restricted"), "name": "Mine"}
    house.sandbox.console_edit(house.keys["restricted"], name="Theirs")
    conflict = saved(client, house, form, key="restricted", htmx=False)
    assert conflict.status_code == 409

    page = client.post(house.path("restricted", "models/"), {**form_of(body(conflict)), "models": "open"})
    taken = {**form_of(body(page), "models-form"), "model": "gpt-5", "models": "take"}
    back = client.post(house.path("restricted", "models/"), taken)

    assert 'id="conflict"' in body(back) and form_of(body(back))["conflicting"] == "name"


def test_one_is_taken_out_by_its_button(house: House) -> None:
    typed = {"model_limits": "gpt-4o own/model", "models": f"remove:{token_of('gpt-4o')}"}

    fragment, page = asked(house, typed), asked(house, typed, htmx=False)

    assert 'id="model-limits-field" data-retyped hx-swap-oob="true"' in body(fragment) and "Removed gpt-4o." in words(
        fragment
    )
    assert form_of(body(page))["model_limits"] == "own/model" and "Removed gpt-4o." in words(page)


def in_conflict(house: House, way: str) -> dict[str, Any]:
    """The form after both changed the models, with this choice made."""
    form = {**opened(house.client(), house, "restricted"), "model_limits": "mine"}
    house.sandbox.console_edit(house.keys["restricted"], model_limits="gpt-4o,theirs")
    answer = saved(house.client(), house, form, key="restricted")
    assert answer.status_code == 409
    return {**form_of(body(answer)), "choose-model_limits": way}


@pytest.mark.parametrize(("way", "gone", "left"), [("theirs", "gpt-4o", "theirs"), ("mine", "mine", "")])
def test_a_button_acts_on_the_value_that_is_chosen_in_a_conflict(house: House, way: str, gone: str, left: str) -> None:
    form = {**in_conflict(house, way), "models": f"remove:{token_of(gone)}"}
    path = house.path("restricted", "models/")

    fragment, page = house.client().post(path, form, headers=HTMX), house.client().post(path, form)

    assert f"Removed {gone}." in words(fragment) and f"Removed {gone}." in words(page)
    assert form_of(body(page))["model_limits"] == left
    assert ('name="choose-model_limits" value="mine" checked' in body(fragment)) == (way == "theirs")


def test_what_the_catalogue_takes_into_their_value_is_kept(house: House) -> None:
    form, path = in_conflict(house, "theirs"), house.path("restricted", "models/")
    page = house.client().post(path, {**form, "models": "open"})

    back = house.client().post(path, {**form_of(body(page), "models-form"), "model": "gpt-5", "models": "take"})

    assert form_of(body(back))["model_limits"].split() == ["theirs", "gpt-5"]


@pytest.mark.parametrize("htmx", [True, False])
def test_a_catalogue_that_cannot_be_read_is_said_and_ids_can_be_typed(house: House, htmx: bool) -> None:
    house.sandbox.fault("503", operation="models", times=99)

    answer = asked(house, {"models": "open"}, htmx=htmx)

    assert answer.status_code == 200 and "The catalogue cannot be read now" in words(answer)
    assert "can be typed or pasted all the same" in words(answer)


@pytest.mark.parametrize("htmx", [True, False])
def test_a_hostile_catalogue_stays_text(house: House, monkeypatch: Any, htmx: bool) -> None:
    rows = [
        ("<script>m</script>", HOSTILE),
        ("evil-not-to-be-picked\u202e", "p"),
        ('evil-not-to"be-picked', "p"),
        *((f"m{n}", "big\u202e") for n in range(10_000)),
    ]
    monkeypatch.setattr(api, "MODELS", rows)

    answer = asked(house, {"models": "open"}, htmx=htmx)

    page = body(answer)
    assert answer.status_code == 200 and "\u202e" not in page and "evil-not-to" not in page
    assert "<script>alert" not in page and "<script>m" not in page and "&lt;script&gt;m" in page
    assert "&quot;&gt;&lt;script&gt;" in page and "CometAPI counts 10,003" in words(answer).replace("10003", "10,003")
    assert page.count('type="checkbox"') == 2_000


def test_secrets_that_were_typed_are_not_repeated(house: House) -> None:
    secret = house.sandbox.secret(house.keys["plain"])
    for htmx in (True, False):
        for act in ("", "open"):
            answer = asked(house, {"model_limits": f"a {secret}", "reason": secret, "models": act}, htmx=htmx)
            assert answer.status_code == 200
            no_secret(house, body(answer))


@pytest.mark.parametrize("htmx", [True, False])
def test_a_form_made_for_something_else_is_made_anew(house: House, htmx: bool) -> None:
    answer = asked(house, {"base": "forged", "model_limits": "m"}, htmx=htmx)

    assert answer.status_code == 409 and form_of(body(answer))["model_limits"] == "m"


@pytest.mark.parametrize(("who", "status"), [("member", 403), ("auditor", 403), ("other", 404), ("admin", 200)])
def test_only_who_may_edit_is_answered(house: House, who: str, status: int) -> None:
    base = opened(house.client("admin"), house, "restricted")["base"]

    answer = asked(house, {"base": base, "models": "open"}, who=who)

    assert answer.status_code == status and bool(house.sandbox.requests()) == (status == 200)
