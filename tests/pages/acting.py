"""What a person does on a key's page: opens it, alters what the form shows, presses save; and what they read then."""

import html
import re
from typing import Any

from django.test import Client

from tests.pages.house import House, form_of

Answer = Any
"""What Django's test client answers; its stubs have a private class for it."""
HTMX = {"HX-Request": "true"}


def body(answer: Answer) -> str:
    return str(answer.content.decode())


def words(answer: Answer | str) -> str:
    """The text of a page or a part of it, blanks run together."""
    source = answer if isinstance(answer, str) else body(answer)
    return " ".join(html.unescape(re.sub(r"<script.*?</script>|<[^>]+>", " ", source, flags=re.S)).split())


def notice(answer: Answer) -> str:
    """Heading and words of what became of a change: the one notice that stands in #panel or beneath a row."""
    found = re.search(r'<div class="notice notice--\w+" id="outcome-.*', body(answer), re.S)
    assert found, words(answer)
    return words(found[0].split('<form id="key-form"', 1)[0].split("<aside", 1)[0])


def tone(answer: Answer) -> str:
    found = re.search(r'<div class="notice notice--(\w+)" id="outcome-', body(answer))
    assert found, words(answer)
    return found[1]


def glance(answer: Answer) -> str:
    """The key as the page says it is."""
    found = re.search(r'<section class="stack" id="glance".*?</section>', body(answer), re.S)
    assert found
    return words(found[0])


def opened(client: Client, house: House, key: str = "plain") -> dict[str, Any]:
    """The form as it came, ready to be altered."""
    answer = client.get(house.path(key))
    assert answer.status_code == 200, words(answer)
    return form_of(body(answer))


def form_of_switch(page: str) -> dict[str, Any]:
    """What the one button on a key's own page posts."""
    return form_of('<form id="switch" ' + page.split('id="glance"')[1].split("<form ", 1)[1], "switch")


def saved(client: Client, house: House, form: dict[str, Any], *, key: str = "plain", htmx: bool = True) -> Any:
    """A field that is None is not posted."""
    posted = {field: value for field, value in form.items() if value is not None}
    return client.post(house.path(key), posted, headers=HTMX if htmx else {})


def edited(client: Client, house: House, typed: dict[str, Any], *, key: str = "plain", htmx: bool = True) -> Any:
    """Open the page, alter these fields, save."""
    return saved(client, house, {**opened(client, house, key), **typed}, key=key, htmx=htmx)


def conflicting(house: House, typed: dict[str, Any], theirs: dict[str, Any], *, key: str = "plain") -> Any:
    """Both changed the same key since the form was made; this is the answer to the save."""
    client = house.client()
    form = opened(client, house, key)
    house.sandbox.console_edit(house.keys[key], **theirs)
    house.sandbox.clear_log()
    return saved(client, house, {**form, **typed}, key=key)


def chosen(house: House, answer: Any, choices: dict[str, str], *, key: str = "plain", **typed: Any) -> Any:
    """Save again after a conflict, with a choice for each of these fields."""
    ways = {f"choose-{field}": way for field, way in choices.items()}
    return saved(house.client(), house, {**form_of(body(answer)), **ways, **typed}, key=key)


def pressed(client: Client, house: House, key: str, verb: str, *, htmx: bool = True, **typed: Any) -> Any:
    """The one button of a row (htmx) or of the key's own page: verb is `disable` or `enable`."""
    return client.post(house.path(key, f"{verb}/"), typed, headers=HTMX if htmx else {})


def no_secret(house: House, *texts: str) -> None:
    """No twelve characters in a row of any key's secret or of the access token are in any of these."""
    secrets = [house.sandbox.secret(key_id).removeprefix("sk-") for key_id in house.keys.values()]
    for secret in [*secrets, house.account.token]:
        pieces = {secret[at : at + 12] for at in range(len(secret) - 11)}
        assert not any(piece in text for piece in pieces for text in texts)
