"""Seal all access tokens anew, with the first of SEALING_KEYS; afterwards older keys can be taken away."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import ngettext

from keys.errors import LedgerUnavailable
from keys.sealing import SealBroken, seals_open
from keys.services.resealing import reseal_access_tokens
from keys.types import Actor, ActorKind


class Command(BaseCommand):
    help = "Seal all access tokens anew with the first of SEALING_KEYS. Running it again does nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--from-host",
            metavar="HOST",
            help="also move access tokens that were sealed for this host to the host of COMETAPI_BASE_URL",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        actor = Actor(ActorKind.SYSTEM, "", "rotate_sealing_key")
        try:
            done = reseal_access_tokens(actor=actor, from_host=options["from_host"])
        except SealBroken:
            raise CommandError("\n".join(["Nothing was changed. These do not open:", *seals_open()])) from None
        except LedgerUnavailable as error:
            raise CommandError(str(error)) from None
        words = ngettext(
            "%(anew)d of %(all)d access token sealed anew.", "%(anew)d of %(all)d access tokens sealed anew.", done.all
        )
        self.stdout.write(words % {"anew": done.anew, "all": done.all})
