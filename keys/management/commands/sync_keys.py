"""`manage.py sync_keys [team…]`: lists the keys of teams into the mirror now, with a line for each step."""

import sys
import time
from typing import Any, Final

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from keys.errors import LedgerError
from keys.management.trouble import DatabaseCommand
from keys.models import Team
from keys.selectors.drift import suspects
from keys.services import drift
from keys.services.syncing import Progress, sync_slice
from keys.types import Deadline

PAUSE_S: Final = 0.5


class Command(DatabaseCommand):
    help = "Reads every key of the named teams, or of all teams, and looks for changes made elsewhere. Exit 1: trouble."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slugs", metavar="team", nargs="*", help="short names of teams; all teams where left out")

    def handle(self, *args: Any, slugs: list[str], **options: Any) -> None:
        teams = Team.objects.select_related("access_token").order_by("slug")
        if unknown := set(slugs) - set(teams.values_list("slug", flat=True)):
            raise CommandError(_("There is no team %(slugs)s.") % {"slugs": ", ".join(sorted(unknown))})
        # All of them, whatever one of them says: a generator would stop at the first trouble.
        sound = [self._told(team) for team in (teams.filter(slug__in=slugs) if slugs else teams)]
        if not all(sound):
            sys.exit(1)

    def _told(self, team: Team) -> bool:
        try:
            return self._sync(team)
        except LedgerError as error:
            self.stdout.write(f"{team.slug}: {error}")
            return False

    def _sync(self, team: Team) -> bool:
        told = ""
        while True:
            progress = sync_slice(team, Deadline.after(settings.WAITS.slice_s / 5))
            line = _line(progress)
            if line != told:
                self.stdout.write(f"{team.slug}: {line}")
                told = line
            if progress.over:
                self._look(team)
                return not progress.trouble
            time.sleep(PAUSE_S)

    def _look(self, team: Team) -> None:
        """At each key that may have been changed elsewhere; a slice looks at one at least, however long that takes."""
        for _slice in range(suspects(team).count()):
            if drift.go_on(team, Deadline.after(settings.WAITS.slice_s)):
                break
            self.stdout.write(f"{team.slug}: " + _("looking at what changed elsewhere"))
        if left := suspects(team).count():
            words = ngettext(
                "%(n)d key may have been changed elsewhere and is still to be looked at",
                "%(n)d keys may have been changed elsewhere and are still to be looked at",
                left,
            )
            self.stdout.write(f"{team.slug}: " + words % {"n": left})


def _line(progress: Progress) -> str:
    if progress.trouble:
        return f"{progress.trouble}: {progress.message}"
    words = {"done": f"{progress.done:,}", "total": f"{progress.total:,}"}
    if not progress.over:
        return ngettext("%(done)s of %(total)s key", "%(done)s of %(total)s keys", progress.total) % words
    return ngettext("%(done)s key listed", "all %(done)s keys listed", progress.done) % words
