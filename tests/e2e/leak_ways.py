"""How the pictures of the leak desk come about."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from tests.e2e.conftest import App
from tests.leaks.usage_rows import used
from tests.mirror.support import listed

Way = Callable[[Any, App], None]


def paste(page: Any, app: App, *names: str, more: str = "") -> None:
    """Paste a piece of a log with these keys' secrets in it."""
    listed(app.house.team)
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
    read(page)


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


def log_of(app: App) -> None:
    """A key in ordinary use from two addresses, and since an hour by somebody else."""
    key, sandbox = app.house.keys["restricted"], app.house.sandbox
    for number, ip in enumerate(("198.51.100.7", "203.0.113.20", "198.51.100.7", "203.0.113.20")):
        used(sandbox, key, 900, ago_s=number * 90_000 + 7_200, times=30, ip=ip, model_name="claude-sonnet-4")
    used(sandbox, key, 21_000, ago_s=3_000, times=42, ip="192.0.2.66", model_name="gpt-4o")
    used(sandbox, key, 210_000, ago_s=2_000, times=7, ip="2001:db8:dead:beef::7", model_name="gpt-image-1")
    used(sandbox, key, 40, ago_s=2_500, times=3, ip="", token_id=0)


def used_by_others(page: Any, app: App) -> None:
    log_of(app)
    app.house.sandbox.console_edit(app.house.keys["chinese"], name="Customer portal")
    found(page, app)


def used_alone(page: Any, app: App) -> None:
    log_of(app)
    found(page, app)
    page.goto(f"{page.url}usage/?since=2026-01-01")


def since_refused(page: Any, app: App) -> None:
    found(page, app)
    page.get_by_label("Since").fill("yesterday")
    page.get_by_role("button", name="Read the log").click()
    page.get_by_text("Write date and time as").wait_for()


def log_silent(page: Any, app: App) -> None:
    app.house.sandbox.fault("503", operation="log", times=99)
    found(page, app)


def today_page(page: Any, app: App) -> None:
    log_of(app)
    found(page, app)
    page.goto(f"{page.url}today/")


def read(page: Any) -> None:
    """The usage log has come, and with it what was spent today."""
    page.locator("#since-form").wait_for()
    expect(page.locator("[id^=today-] a")).to_have_count(0, timeout=30_000)


def still(page: Any) -> None:
    """No more looking again: a picture is taken."""
    read(page)
    page.route("**/leaks/*/", lambda route: route.fulfill(status=204))


LEAK_PAGES: dict[str, tuple[str, Way]] = {
    "leaks": ("admin", desk),
    "leaks-nothing": ("admin", nothing),
    "leak-found": ("admin", found),
    "leak-refused": ("admin", refused),
    "leak-cached": ("admin", cached),
    "leak-strays": ("admin", strays),
    "leak-usage": ("admin", used_by_others),
    "leak-usage-page": ("lead", used_alone),
    "leak-usage-since": ("admin", since_refused),
    "leak-usage-silent": ("admin", log_silent),
    "leak-today": ("admin", today_page),
}
