"""Two teams with an access token and a key each, everybody who might knock, and every route there is."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.sessions.models import Session
from django.core import serializers
from django.db import models
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from keys.ledger import book
from keys.ledger.actions import Action
from keys.models import (
    AccessToken,
    Change,
    CompanyRole,
    Drift,
    Incident,
    KeyNote,
    Leaked,
    Membership,
    Panic,
    PanicItem,
    Person,
    SavedView,
    Team,
    TeamRole,
)
from keys.sealing import seal_access_token
from keys.services.status import disable_key
from keys.types import Status
from tests.listing.making import listed
from tests.people import making
from tests.support.sandbox import Sandbox

PEOPLE = ("anonymous", "no team", "auditor", "lead A", "lead B", "member", "admin", "disabled", "expired")
OWN: tuple[type[models.Model], ...] = (
    *(Person, Team, Membership, AccessToken, Change, Drift, KeyNote, SavedView, Incident, Leaked, Panic, PanicItem),
)
CHANGE = UUID("5f0c6c1e-7a44-4a53-9c52-0d3a3c9b8a11")
ABSENT = {
    **dict.fromkeys(("key_id", "pk", "seq", "drift_id", "number"), 999_999),
    **{"slug": "absent", "change_id": CHANGE},
}


@dataclass
class World:
    """address: what the routes' placeholders stand for; the team is A's."""

    sandbox: Sandbox
    team_a: Team
    team_b: Team
    key_a: int
    key_b: int
    subject: Person
    boss: Person
    seq: int
    drift: Drift
    leak: Incident
    panic: Panic

    def ready(self, route: str) -> None:
        """The key as the route wants to find it, and a change of it for the change's own page."""
        if "able/" in route:
            self.sandbox.console_edit(self.key_a, status=Status.DISABLED if "enable/" in route else Status.ENABLED)
        if "change_id" in route and not Change.objects.exists():
            actor = making.actor(self.boss)
            disable_key(person=self.boss, actor=actor, team=self.team_a, key_id=self.key_a, change_id=CHANGE)
        if "undo/" in route:  # each finds it disabled by that change, whoever has undone it before
            self.sandbox.console_edit(self.key_a, status=Status.DISABLED)

    @property
    def address(self) -> dict[str, Any]:
        own = {"slug": "alpha", "key_id": self.key_a, "pk": self.subject.pk, "seq": self.seq, "change_id": CHANGE}
        own |= {"drift_id": self.drift.pk, "number": self.leak.pk}
        assert self.panic.pk == self.leak.pk  # a number stands for both
        return own

    def client(self, who: str) -> Client:
        """A browser of this person, with a session where they have one."""
        client = Client()
        if who == "anonymous":
            return client
        client.force_login(self.person(who))
        if who == "disabled":
            Person.objects.filter(username="disabled").update(is_active=False)
        if who == "expired":
            over = timezone.now() - timedelta(seconds=1)
            Session.objects.filter(pk=client.session.session_key).update(expire_date=over)
        return client

    def person(self, who: str) -> Person:
        company = {"auditor": CompanyRole.AUDITOR, "admin": CompanyRole.ADMIN}.get(who, CompanyRole.NONE)
        person = making.person(who.replace(" ", "."), company)
        # The switched-off one and the one whose session is over would be leads: only the session keeps them out.
        team = {"lead B": self.team_b}.get(who, self.team_a)
        if who in ("lead A", "lead B", "disabled", "expired"):
            making.belongs(person, team, TeamRole.LEAD)
        if who == "member":
            making.belongs(person, team, TeamRole.MEMBER)
        return person


def build(sandbox: Sandbox) -> World:
    keys, teams = [], []
    for slug in ("alpha", "beta"):
        account = sandbox.add_account(slug)
        keys.append(sandbox.add_key(account, name=f"key of {slug}"))
        team = making.team(slug, slug.title(), account_id=account.id, account_name=slug)
        sealed = seal_access_token(team, account.token)
        AccessToken.objects.create(team=team, sealed=sealed, last_four=account.token[-4:], set_at=timezone.now())
        listed(team)  # else there is no CSV of its keys
        teams.append(team)
    boss = making.admin("boss")
    with book.opened() as ledger:
        record = ledger.append(book.Entry(action=Action.TEAM_EDIT, actor=making.actor(boss), team=teams[0]))
    found = Drift.objects.create(
        team=teams[0],
        account_id=teams[0].account_id or 0,
        key_id=keys[0],
        found_at=timezone.now(),
        changed={"group": ["vip", ""]},
        record_seq=record.seq,
    )
    now = timezone.now()
    leak = Incident.objects.create(pasted_at=now, opened_by=boss, opened_name="boss", hold_until=now, destroyed_at=now)
    named = {"name": "key of alpha", "found_by": "whole", "lines": [1]}
    Leaked.objects.create(incident=leak, team=teams[0], account_id=teams[0].account_id, key_id=keys[0], **named)
    about = {"actor": asdict(making.actor(boss)), "asked": 1, "record_seq": record.seq, "started_at": now}
    panic = Panic.objects.create(pk=leak.pk, team=teams[0], person=boss, phase=Panic.Phase.OVER, ended_at=now, **about)
    PanicItem.objects.create(panic=panic, account_id=teams[0].account_id or 0, key_id=keys[0], state="failed", at=now)
    own = (keys[0], keys[1], making.person("subject"), boss, record.seq, found, leak, panic)
    return World(sandbox, teams[0], teams[1], *own)


def kept() -> str:
    """Everything of ours that a visitor could change, as text; records and counted refusals apart."""
    return json.dumps([serializers.serialize("json", model.objects.order_by("pk")) for model in OWN])  # type: ignore[attr-defined]


def routes() -> Iterator[str]:
    """Every route of the URL resolver, as it is written there."""
    yield from _routes(get_resolver(), "")


def _routes(resolver: URLResolver, prefix: str) -> Iterator[str]:
    for pattern in resolver.url_patterns:
        route = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from _routes(pattern, route)


def filled(route: str, address: dict[str, Any]) -> str:
    """`teams/<slug:slug>/` -> `/teams/alpha/`."""
    path = "/" + route
    while "<" in path:
        before, _, rest = path.partition("<")
        placeholder, _, after = rest.partition(">")
        path = f"{before}{address[placeholder.rpartition(':')[2]]}{after}"
    return path


def told(response: HttpResponseBase) -> str:
    """A status, or `login` for being sent to the sign-in."""
    if response.status_code == 302 and response["Location"].startswith("/accounts/login/?next="):
        return "login"
    return str(response.status_code)
