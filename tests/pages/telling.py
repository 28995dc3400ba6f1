"""What a page tells of a save, held against what the sandbox stores."""

from typing import Any

from tests.pages.acting import body, notice, opened, saved, tone
from tests.pages.house import House, form_of

TYPED = {"name": "New", "group": "vip", "reason": "because"}
CLAIMS_SAVED = ("Saved", "saved and checked")
CLAIMS_UNTOUCHED = ("; nothing changed", ", nothing changed")


def hit(house: House, operation: str, kind: str, **more: Any) -> None:
    house.sandbox.fault(kind, operation=operation, **{"times": 1, **more})


def save(house: House, *, after: Any = None, htmx: bool = True, **typed: Any) -> Any:
    """Open the page, let `after` happen, save; what is claimed is held against what is stored."""
    client = house.client()
    form = opened(client, house)
    before = settings_of(house)
    if after:
        after()
        before = settings_of(house) or before
    answer = saved(client, house, {**form, **(typed or TYPED)}, htmx=htmx)
    if answer.status_code != 303:
        honest(house, answer, before)
    return answer


def settings_of(house: House) -> dict[str, Any]:
    try:
        key = house.stored("plain")
    except LookupError:
        return {}
    return {field: key[field] for field in ("name", "group", "status", "remain_quota", "allow_ips")}


def honest(house: House, answer: Any, before: dict[str, Any]) -> None:
    said, now = notice(answer), settings_of(house)
    if any(claim in said for claim in CLAIMS_SAVED):
        assert (now["name"], now["group"]) == ("New", "vip"), said
    if any(claim in said for claim in CLAIMS_UNTOUCHED):
        assert now in (before, {}), said
    if answer.status_code >= 400:
        assert tone(answer) == "bad" or answer.status_code == 409, said


def keeps_what_was_typed(answer: Any) -> None:
    form = form_of(body(answer))
    assert {field: form[field] for field in TYPED} == TYPED
