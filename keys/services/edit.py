"""Reading a key for its page, and editing it."""

from dataclasses import asdict
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from keys import rules
from keys.models import Person, Team
from keys.permissions import Verb
from keys.services import access_tokens, mirror, repeats, status
from keys.services.compute import Plan, plan_edit
from keys.services.outcome import Kind, LeavesNothing, Outcome, Result
from keys.services.perform import perform
from keys.services.road import Road
from keys.services.sending import send_edit
from keys.services.snapshots import snapshot_to_json
from keys.types import Actor, Deadline, KeySnapshot, KeyWish, QuotaMode, Status


def read_key(*, team: Team, key_id: int) -> KeySnapshot:
    """The key as CometAPI has it now, for a page. Raises UpstreamError, NoAccessToken, SealBroken."""
    begun = timezone.now()
    found = access_tokens.client_for(team).get_key(key_id, Deadline.after(settings.WAITS.page_s))
    mirror.note(team, found, begun)
    return found


def edit_key(
    *,
    person: Person,
    actor: Actor,
    team: Team,
    key_id: int,
    base: KeySnapshot,
    wish: KeyWish,
    change_id: UUID,
    reason: str,
    answers: int | None = None,
    first: KeySnapshot | None = None,
    unseen: bool = False,
) -> Result:
    """Change the touched settings of a key and nothing else, and tell what was read afterwards.

    base: what the editor saw; guards against overwriting somebody else's change unseen. wish: touched fields only.
    answers: seq of the record that this takes back or whose settings it brings back. first: as `compute.plan_edit`.
    unseen: nobody has read what will be left, so LeavesNothing is raised where taking quota away leaves none.
    Raises Denied, Invalid, Conflict, Held, ChangeIdTaken, NoAccessToken, LedgerUnavailable: nothing was sent then.
    Upstream trouble never raises: it is in the Result. Source: reference page "update API key".
    """
    if wish.touched == ("status",) and wish.fields["status"] == Status.DISABLED:
        return status.disable_key(
            person=person, actor=actor, team=team, key_id=key_id, change_id=change_id, reason=reason, answers=answers
        )
    if not wish.touched:
        return Result(Outcome.UNCHANGED, Kind.EDIT, change_id)

    def plan(live: KeySnapshot) -> Plan:
        planned = plan_edit(base, wish, live, timezone.now(), settings.AUTO_GROUPS, first)
        if unseen and wish.quota and wish.quota.mode == QuotaMode.TAKE and rules.is_dry(planned.wanted):
            raise LeavesNothing(live)
        return planned

    asked = {
        "base": snapshot_to_json(base),
        "fields": dict(wish.fields),
        "quota": asdict(wish.quota) if wish.quota else None,
        "reason": reason,
    }
    return perform(
        Road(
            person=person,
            actor=actor,
            verb=Verb.EDIT_KEY,
            kind=Kind.EDIT,
            team=team,
            key_id=key_id,
            change_id=change_id,
            content=repeats.content_of(Kind.EDIT, team, key_id, asked, answers),
            reason=reason,
            plan=plan,
            send=send_edit,
            answers=answers,
        )
    )
