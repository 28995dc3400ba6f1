"""Fills the demo: three teams, three people who show the roles, everything through the services, with its records."""

import json
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from keys.errors import CometAdminError
from keys.management.demo_past import sample_past
from keys.models import CompanyRole, Membership, Person, Team, TeamRole
from keys.services.memberships import membership_set
from keys.services.people import person_add
from keys.services.teams import team_add
from keys.types import Actor, ActorKind

ACTOR: Final = Actor(ActorKind.SYSTEM, "", "seed_demo")
PASSWORD: Final = "cometadmin-demo"  # noqa: S105  # of accounts that exist on one machine alone
TEAMS: Final = {"atlas": "Atlas", "borealis": "Borealis", "cygnus": "Cygnus"}
PEOPLE: Final = {
    "lead": ("Lena Lead", CompanyRole.NONE),
    "auditor": ("Aude Auditor", CompanyRole.AUDITOR),
    "admin": ("Ada Admin", CompanyRole.ADMIN),
}
MEMBERSHIPS: Final = (("lead", "atlas", TeamRole.LEAD), ("lead", "borealis", TeamRole.MEMBER))


class Command(BaseCommand):
    help = "Adds the demo's teams and people where they are missing. Only for a sandbox on this machine."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tokens", metavar="FILE", type=Path, help="JSON: team's short name -> access token")

    def handle(self, *args: Any, tokens: Path, **options: Any) -> None:
        if urlsplit(settings.COMETAPI_BASE_URL).scheme != "http":  # plain http is this machine alone (environment.py)
            raise CommandError("COMETAPI_BASE_URL is not a sandbox on this machine; nobody with a known password here")
        try:
            _seed(json.loads(tokens.read_text("utf-8")))
        except CometAdminError as error:
            raise CommandError(str(error)) from None


def _seed(tokens: dict[str, str]) -> None:
    for slug, name in TEAMS.items():
        if not Team.objects.filter(slug=slug).exists():
            team_add(person=None, actor=ACTOR, name=name, slug=slug, token=tokens[slug])
            sample_past(Team.objects.get(slug=slug))
    for username, (name, role) in PEOPLE.items():
        if not Person.objects.filter(username=username).exists():
            person_add(person=None, actor=ACTOR, username=username, password=PASSWORD, name=name, company_role=role)
    for username, slug, team_role in MEMBERSHIPS:
        if not Membership.objects.filter(person__username=username, team__slug=slug).exists():
            subject, team = Person.objects.get(username=username), Team.objects.get(slug=slug)
            membership_set(person=None, actor=ACTOR, subject=subject, team=team, role=team_role)
