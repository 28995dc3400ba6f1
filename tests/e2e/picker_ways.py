"""How the pickers' pages come about."""

from collections.abc import Callable
from typing import Any

from tests.e2e.conftest import App
from tests.e2e.ways import key

Way = Callable[[Any, App], None]


PASTED = """10.0.0.1:80, 203.0.113.5/24
198.51.100.7; 198.51.100.0/24 198.51.100.7
192.0.2.1-192.0.2.6 2001:db8::/32 office.example.com"""


def allowlist(page: Any, app: App) -> None:
    """Pasted from everywhere, with an address asked about."""
    key("restricted")(page, app)
    page.get_by_label("Allowed addresses").fill(PASTED)
    page.locator(".picker__sum", has_text="8 entries").wait_for()
    page.get_by_label("Would this address be let in?").fill("198.51.100.20")
    page.get_by_text("198.51.100.20 is let in").wait_for()
    page.get_by_label("Would this address be let in?").fill("")
    page.get_by_text("198.51.100.20 is let in").wait_for(state="detached")


def pickers(page: Any, app: App) -> None:
    """Very many addresses, which open the key; the catalogue, searched, with an id that it does not have."""
    key("restricted")(page, app)
    page.get_by_label("Models", exact=True).fill("gpt-4o\nclaude-sonnet-4\nour-own/model:v1")
    page.get_by_role("button", name="Choose from the catalogue").click()
    page.get_by_label("Search the catalogue").wait_for()
    page.get_by_label("gpt-5-mini").check()
    page.get_by_text("1 not in the catalogue", exact=True).wait_for()
    page.get_by_label("Search the catalogue").fill("mini")
    page.get_by_label("Allowed addresses").fill("\n".join(f"203.0.113.{n}" for n in range(250)) + "\n0.0.0.0/0")
    page.get_by_text("This list lets in every IPv4 address").wait_for()
    page.get_by_label("Would this address be let in?").fill("203.0.113.77")
    page.get_by_text("203.0.113.77 is let in").wait_for()


def models_page(page: Any, app: App) -> None:
    """As it comes without JavaScript."""
    key("restricted")(page, app)
    page.get_by_label("Models", exact=True).fill("gpt-4o\nour-own/model:v1")
    page.evaluate("""() => {
      const button = document.querySelector("#models-catalogue button");
      const form = button.form;
      form.action = button.formAction;
      form.append(Object.assign(document.createElement("input"), {type: "hidden", name: "models", value: "open"}));
      HTMLFormElement.prototype.submit.call(form);
    }""")
    page.get_by_role("heading", name="Choose models for").wait_for()
