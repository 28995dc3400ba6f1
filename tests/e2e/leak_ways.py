"""How the pictures of the leak desk come about."""

from collections.abc import Callable
from typing import Any

from keys.services import syncing
from keys.types import Deadline
from tests.e2e.conftest import App

Way = Callable[[Any, App], None]


def paste(page: Any, app: App, *names: str, more: str = "") -> None:
    """Paste a piece of a log with these keys' secrets in it."""
    assert syncing.sync_slice(app.house.team, Deadline.after(20)).over
    secrets = [app.house.sandbox.secret(app.house.keys[name]) for name in names]
    lines = [f'2026-11-26T03:11:5{n} ERROR 401 curl -H "Authorization: Bearer {one}"' for n, one in enumerate(secrets)]
    page.goto(f"{app.url}/leaks/")
    page.get_by_label("What leaked").fill("\n".join([*lines, more]))
    page.get_by_role("button", name="Find whose keys these are").click()
    page.wait_for_load_state()


def desk(page: Any, app: App) -> None:
    paste(page, app, "plain")
    page.goto(f"{app.url}/leaks/")


def nothing(page: Any, app: App) -> None:
    paste(page, app, more="AKIAIOSFODNN7EXAMPLE\nsk-abcd**********wxyz")
    page.locator("#nothing").wait_for()


def found(page: Any, app: App) -> None:
    paste(page, app, "restricted", "unlimited")
    page.get_by_role("button", name="Disable 2 keys").wait_for()


def refused(page: Any, app: App) -> None:
    paste(page, app, "plain", "unlimited")
    page.get_by_role("button", name="Disable 2 keys").click()
    page.get_by_text("seconds after the paste").wait_for()
    still(page)


def cached(page: Any, app: App) -> None:
    app.house.sandbox.configure(cache_s=600.0)
    paste(page, app, "plain")
    page.get_by_role("button", name="Disable 1 key").click()
    page.get_by_text("Reads disabled, not yet proven refused").wait_for()
    still(page)


def strays(page: Any, app: App) -> None:
    paste(page, app, "plain", more="sk-" + "Zz9" * 16 + "\nsk-" + "Yy8" * 16)
    page.locator("#strays").wait_for()


def still(page: Any) -> None:
    """No more looking again: a picture is taken."""
    page.route("**/leaks/*/", lambda route: route.fulfill(status=204))


LEAK_PAGES: dict[str, tuple[str, Way]] = {
    "leaks": ("admin", desk),
    "leaks-nothing": ("admin", nothing),
    "leak-found": ("admin", found),
    "leak-refused": ("admin", refused),
    "leak-cached": ("admin", cached),
    "leak-strays": ("admin", strays),
}
