"""A team with leaked keys, listed into the mirror, and somebody who pastes them: how every test of the desk begins."""

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from keys.models import CompanyRole, Incident, Leaked, Person, Record
from keys.services.leaks import desk, pressing
from keys.types import Actor, ActorKind, Deadline
from tests.mirror.support import listed
from tests.road.stage import Stage, set_up

OTHER_VENDORS = "AKIAIOSFODNN7EXAMPLE ghp_16C7e42F292c6912E7710c838347Ae178B4a sk-ant-api03-abcdefghijklmnop"


@dataclass
class Scene:
    stage: Stage
    sandbox: Any
    admin: Person
    actor: Actor

    def secret(self, key_id: int | None = None) -> str:
        return str(self.sandbox.secret(key_id or self.stage.key_id))

    def paste(self, text: str | None = None, *, person: Person | None = None) -> Incident:
        """Pasted by the admin unless said."""
        found = self.opened(text or f"KEY={self.secret()}\n", person)
        assert found is not None
        # As the page does it by itself while the admin still reads.
        pressing.go_on(found, Deadline.after(30))
        return found

    def opened(self, text: str, person: Person | None = None) -> Incident | None:
        who = person or self.admin
        return desk.open_incident(person=who, actor=actor_for(who), data=text.encode(), pasted_at=timezone.now())[1]

    def press(self, incident: Incident, person: Person | None = None) -> None:
        who = person or self.admin
        pressing.press(person=who, actor=actor_for(who), incident=incident)
        incident.refresh_from_db()

    def row(self, incident: Incident, key_id: int | None = None) -> Leaked:
        return incident.leaked.get(key_id=key_id or self.stage.key_id)

    def hasten(self, incident: Incident) -> Leaked:
        """What is due later is due now: the clock is not waited for."""
        incident.leaked.filter(next_at__isnull=False).update(next_at=timezone.now())
        pressing.go_on(incident, Deadline.after(30))
        incident.refresh_from_db()
        return self.row(incident)

    def actions(self) -> list[str]:
        return [record.action for record in Record.objects.filter(action__startswith="leak.").order_by("seq")]

    def sync(self, stage: Stage | None = None) -> None:
        stage = stage or self.stage
        stage.team.refresh_from_db()
        listed(stage.team)


def actor_for(person: Person) -> Actor:
    return Actor(ActorKind.PERSON, str(person.pk), person.username, person.company_role, "127.0.0.1", "r1")


def set_scene(sandbox: Any, **key: Any) -> Scene:
    stage = set_up(sandbox, **key)
    admin = Person.objects.create_user("boss", password="not-used", company_role=CompanyRole.ADMIN)
    scene = Scene(stage, sandbox, admin, actor_for(admin))
    scene.sync()
    return scene
