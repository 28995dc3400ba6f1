"""Make an admin. Takes the place of Django's command, whose superuser would be nobody here and leave no record."""

import os
from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from keys.errors import Invalid, LedgerUnavailable
from keys.models import CompanyRole
from keys.services.people import person_add
from keys.types import Actor, ActorKind


class Command(BaseCommand):
    help = "Make an admin. With --noinput the password is taken from DJANGO_SUPERUSER_PASSWORD."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--username", default=os.environ.get("DJANGO_SUPERUSER_USERNAME", ""))
        parser.add_argument("--email", default=os.environ.get("DJANGO_SUPERUSER_EMAIL", ""))
        parser.add_argument("--noinput", "--no-input", action="store_false", dest="interactive")

    def handle(self, *args: Any, **options: Any) -> None:
        username, password = options["username"], os.environ.get("DJANGO_SUPERUSER_PASSWORD", "")
        if options["interactive"]:
            username = username or input("Username: ")
            password = _asked_twice()
        if not username or not password:
            raise CommandError("Give --username and DJANGO_SUPERUSER_PASSWORD, or leave --noinput away.")
        try:
            person_add(
                person=None,
                actor=Actor(ActorKind.SYSTEM, "", "createsuperuser"),
                username=username,
                email=options["email"],
                password=password,
                company_role=CompanyRole.ADMIN,
            )
        except (Invalid, LedgerUnavailable) as error:
            raise CommandError(str(error)) from None
        self.stdout.write("Admin added.")


def _asked_twice() -> str:
    password = getpass("Password: ")
    if password != getpass("Password (again): "):
        raise CommandError("The two passwords differ. Nothing was added.")
    return password
