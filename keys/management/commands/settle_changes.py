"""`manage.py settle_changes`: ends what is unknown by reading, for whoever runs it by hand or by a timer."""

from typing import Any

from django.utils.translation import gettext as _

from keys.errors import CometAdminError
from keys.management.trouble import DatabaseCommand
from keys.models import Change, Team
from keys.services.settle import due, settle_change


class Command(DatabaseCommand):
    help = "Read every key whose last change is unknown or due for another look, and record what is there."

    def handle(self, *args: Any, **options: Any) -> None:
        settled = waiting = 0
        for change in due():
            outcome = self._settle(change)
            settled, waiting = settled + bool(outcome), waiting + (not outcome)
            self.stdout.write(
                f"team {change.team_id} key {change.key_id} change {change.pk}: {outcome or _('waiting')}"
            )
        self.stdout.write(
            _("%(settled)d settled, %(waiting)d still waiting") % {"settled": settled, "waiting": waiting}
        )

    def _settle(self, change: Change) -> str:
        team = Team.objects.filter(pk=change.team_id).first()
        if team is None:
            return ""
        try:
            return str(settle_change(change, team) or "")
        except CometAdminError as error:
            # One team's trouble must not keep the others from being settled.
            self.stderr.write(f"team {team.slug} key {change.key_id}: {error}")
            return ""
