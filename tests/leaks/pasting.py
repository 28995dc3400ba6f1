"""Pasting at the leak desk's page, and where that leads."""

from typing import Any

from django.test import Client

from keys.models import Incident
from tests.pages.house import House


def secret(house: House, name: str = "plain") -> str:
    return str(house.sandbox.secret(house.keys[name]))


def leak() -> str:
    """The newest one's address; numbers go on where earlier tests left them."""
    return f"/leaks/{Incident.objects.latest('pk').pk}/"


def pasted(house: House, text: str, who: str = "admin", client: Client | None = None) -> Any:
    return (client or house.client(who)).post("/leaks/", {"text": text})
