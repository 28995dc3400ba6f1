"""A lead, their team with a sealed access token, and one key in the sandbox: how every test of the road begins."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from keys.models import AccessToken, Membership, Person, Record, Team, TeamRole, TokenState
from keys.sealing import seal_access_token
from keys.services import edit, status
from keys.services.outcome import Result
from keys.types import Actor, ActorKind, KeySnapshot, KeyWish, QuotaMode, QuotaWish


@dataclass
class Stage:
    sandbox: Any
    account: Any
    team: Team
    lead: Person
    actor: Actor
    key_id: int

    def read(self) -> KeySnapshot:
        return edit.read_key(team=self.team, key_id=self.key_id)

    def edit(
        self,
        wish: KeyWish,
        *,
        base: KeySnapshot | None = None,
        change_id: UUID | None = None,
        reason: str = "",
        person: Person | None = None,
    ) -> Result:
        return edit.edit_key(
            person=person or self.lead,
            actor=self.actor,
            team=self.team,
            key_id=self.key_id,
            base=base or self.read(),
            wish=wish,
            change_id=change_id or uuid4(),
            reason=reason,
        )

    def disable(self, **more: Any) -> Result:
        return status.disable_key(**self._whose(more))

    def enable(self, **more: Any) -> Result:
        return status.enable_key(**self._whose(more))

    def stored(self) -> dict[str, Any]:
        """The key as the sandbox holds it: the ground truth."""
        return dict(self.sandbox.key(self.key_id))

    def records(self) -> list[Record]:
        """Records about this key, oldest first."""
        return list(Record.objects.filter(team_id=self.team.pk, key_id=self.key_id).order_by("seq"))

    def outcomes(self) -> list[str]:
        return [record.outcome for record in self.records()]

    def puts(self) -> list[Any]:
        return list(self.sandbox.writes())

    def on(self, key_id: int) -> "Stage":
        """The same people and team, another key."""
        return replace(self, key_id=key_id)

    def _whose(self, more: dict[str, Any]) -> dict[str, Any]:
        own = {"person": self.lead, "actor": self.actor, "team": self.team, "key_id": self.key_id}
        return {**own, "change_id": uuid4(), **more}


def wish(quota: tuple[str, int] | None = None, **fields: Any) -> KeyWish:
    """`wish(name="x")`, `wish(quota=("add", 500))`."""
    return KeyWish(fields, QuotaWish(QuotaMode(quota[0]), quota[1]) if quota else None)


def set_up(sandbox: Any, **key: Any) -> Stage:
    account = sandbox.add_account(name="Atlas")
    fields = {"name": "staging", "remain_quota": 100_000, **key}
    key_id = sandbox.add_key(account, **fields)
    team = Team.objects.create(slug=f"atlas-{account.id}", name="Atlas", account_id=account.id)
    lead = Person.objects.create_user(f"lead-{account.id}", password="not-used")
    Membership.objects.create(person=lead, team=team, role=TeamRole.LEAD)
    AccessToken.objects.create(
        team=team,
        sealed=seal_access_token(team, account.token),
        last_four=account.token[-4:],
        set_at=timezone.now(),
        set_by="admin",
        state=TokenState.ACCEPTED,
    )
    actor = Actor(ActorKind.PERSON, str(lead.pk), lead.username, role="lead", address="127.0.0.1", request_id="r1")
    return Stage(sandbox, account, team, lead, actor, key_id)
