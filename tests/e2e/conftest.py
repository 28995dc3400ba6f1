"""The product behind a real socket, and a Chromium that reports whatever its console complains about."""

import shutil
import threading
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer
from django.test import Client
from django.test.testcases import QuietWSGIRequestHandler
from playwright.sync_api import Error, expect

from tests.pages.house import PASSWORD, House, furnish
from tests.support.databases import RealDatabase

expect.set_options(timeout=30_000)  # as every other wait of Playwright; five seconds are few on a busy machine


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    switches = "no-sandbox disable-gpu disable-quic no-first-run disable-background-networking disable-sync"
    args = [f"--{switch}" for switch in (*switches.split(), "disable-component-update", "disable-dev-shm-usage")]
    return {**browser_type_launch_args, "executable_path": shutil.which("chromium"), "args": args}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure says what stood on the page, and where the focus was."""
    report = yield
    page = getattr(item, "funcargs", {}).get("page")
    if report.when == "call" and report.failed and page is not None:
        report.sections.append(("the page", _told(page)))
    return report


def _told(page: Any) -> str:
    try:
        focus = page.evaluate("document.activeElement?.outerHTML.slice(0, 200)")
        return f"{page.url}\nfocus: {focus}\n{page.locator('body').inner_text(timeout=2000)}"
    except Error as error:
        return f"{page.url}: {error}"


@dataclass
class App:
    """url: where the product listens. house: what is in it."""

    url: str
    house: House

    def sign_in(self, page: Any, username: str = "lead") -> None:
        page.goto(f"{self.url}/accounts/login/")
        page.get_by_label("Username").fill(username)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/accounts/login/" not in url)

    def let_in(self, page: Any, username: str) -> None:
        """Signed in without the page for it, which takes a second."""
        client = Client()
        client.post("/accounts/login/", {"login": username, "password": PASSWORD})
        cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": self.url}
        page.context.add_cookies([cookie])


@pytest.fixture
def app(real_db: RealDatabase, sandbox: Any) -> Iterator[App]:
    server = ThreadedWSGIServer(("localhost", 0), QuietWSGIRequestHandler)
    server.daemon_threads = True
    server.set_app(StaticFilesHandler(WSGIHandler()))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield App(f"http://localhost:{server.server_port}", furnish(sandbox))
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Complaints:
    """What the console said; `expected` are parts of lines that a test brings about on purpose."""

    lines: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def unexpected(self) -> list[str]:
        return [line for line in self.lines if not any(part in line for part in self.expected)]


@pytest.fixture
def complaints(page: Any) -> Iterator[Complaints]:
    """No error, no warning and no Content-Security-Policy report, on any page of the test that asks for this."""
    heard = Complaints()
    page.on("console", lambda said: heard.lines.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: heard.lines.append(str(error)))
    yield heard
    assert heard.unexpected() == [], "\n".join(heard.unexpected())


def soon(page: Any, expression: str) -> None:
    """Wait until it holds. Playwright's own wait evaluates it within the page, which the policy forbids."""
    end = time.monotonic() + 30
    while not page.evaluate(expression):
        assert time.monotonic() < end, expression
        page.wait_for_timeout(50)
