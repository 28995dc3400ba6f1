"""What was not found at first: several people look at it at once, and none learns more than is theirs."""

import pytest

from keys.ledger import book
from keys.models import Incident, Leaked, MirrorKey, Team, TeamSync
from keys.services.leaks import desk, pressing, strays
from keys.services.leaks.desk import may_handle
from tests.leaks.pasting import leak, pasted
from tests.leaks.scene import Scene
from tests.mirror.support import listed
from tests.pages.acting import words
from tests.pages.house import House, add_team


@pytest.fixture
def unknown(scene: Scene) -> tuple[Scene, Incident, MirrorKey]:
    """A leak of a key that the mirror did not know when it was pasted, and knows now."""
    key = MirrorKey.objects.get(key_id=scene.stage.key_id)
    MirrorKey.objects.filter(pk=key.pk).update(fingerprint="x" * 64)
    incident = scene.paste()
    MirrorKey.objects.filter(pk=key.pk).update(fingerprint=key.fingerprint)
    return scene, incident, key


def look_up(scene: Scene, incident: Incident) -> None:
    strays.look_up(actor=scene.actor, incident=incident, teams=may_handle(scene.admin, scene.actor))


def claim(scene: Scene, row: Leaked, key: MirrorKey) -> bool:
    with book.opened() as ledger:
        return desk.claim_stray(ledger, scene.actor, row, key, "whole")


def test_who_looked_too_leaves_the_proof_alone(unknown: tuple[Scene, Incident, MirrorKey]) -> None:
    scene, incident, key = unknown
    stale = incident.leaked.get()
    look_up(scene, incident)
    scene.press(incident)
    before = Leaked.objects.filter(pk=stale.pk).values().get()
    assert before["refused_at"]

    assert not claim(scene, stale, key)

    assert Leaked.objects.filter(pk=stale.pk).values().get() == before
    assert scene.actions().count("leak.found") == 1


def test_who_looked_too_brings_no_destroyed_secret_back(unknown: tuple[Scene, Incident, MirrorKey]) -> None:
    scene, incident, key = unknown
    stale = incident.leaked.get()
    assert stale.sealed
    pressing.close(person=scene.admin, actor=scene.actor, incident=incident)

    assert claim(scene, stale, key), "it is found all the same: it can be disabled without its secret"

    assert incident.leaked.get().sealed == ""


def test_found_by_two_at_once_is_found_once(unknown: tuple[Scene, Incident, MirrorKey]) -> None:
    scene, incident, key = unknown
    first, second = incident.leaked.get(), incident.leaked.get()
    assert claim(scene, first, key) and not claim(scene, second, key)
    assert scene.actions().count("leak.found") == 1 and incident.leaked.get().found_by == "whole"


def nobodys(house: House, who: str = "admin") -> Incident:
    pasted(house, "sk-" + "Zz9" * 16, who)
    return Incident.objects.latest("pk")


def test_looking_on_leaves_what_others_have_listed_again(house: House) -> None:
    other, incident = Team.objects.get(slug="boreas"), nobodys(house, "lead")
    Incident.objects.filter(pk=incident.pk).update(looking=[other.pk, house.team.pk])

    page = words(house.client("lead").get(leak()))

    incident.refresh_from_db()
    assert incident.looking == [other.pk]
    assert "being listed again" not in page and "Look again" in page, "what others list keeps nobody from looking"


def test_looking_again_leaves_what_others_have_listed_again(house: House) -> None:
    other, incident = Team.objects.get(slug="boreas"), nobodys(house, "lead")
    Incident.objects.filter(pk=incident.pk).update(looking=[other.pk])
    house.client("lead").post(leak() + "look/")
    incident.refresh_from_db()
    assert incident.looking == [other.pk]


def test_what_cometapi_said_is_for_who_handles_all(house: House) -> None:
    account = house.sandbox.add_account(name="Zeta", groups={})
    key = house.sandbox.add_key(account, name="Zeta secret project")
    lead, admin = house.client("lead"), house.client("admin")
    pasted(house, house.sandbox.secret(key), client=lead)
    before = words(lead.get(leak())).split("Notes")[0].split("Records")[0]

    admin.post(leak() + "ask/")

    assert "in no team here ( Zeta secret project )" in words(admin.get(leak()))
    assert words(lead.get(leak())).split("Notes")[0].split("Records")[0] == before


def test_another_teams_key_is_found_and_not_asked_about(house: House) -> None:
    account = house.sandbox.add_account(name="Zeta", groups={})
    key = house.sandbox.add_key(account, name="Zeta secret project")
    listed(add_team("zeta", "Zeta", account))
    lead, admin = house.client("lead"), house.client("admin")
    pasted(house, house.sandbox.secret(key), client=lead)
    before = words(lead.get(leak())).split("Notes")[0].split("Records")[0]

    admin.post(leak() + "ask/")

    page = words(admin.get(leak()))
    assert "Disable 1 key" in page and "Zeta secret project" in page and "in no team here" not in page
    assert house.sandbox.requests("GET", "usage") == []
    assert words(lead.get(leak())).split("Notes")[0].split("Records")[0] == before


def test_a_list_that_was_not_whole_may_lack_the_key(scene: Scene) -> None:
    team = scene.stage.team
    listed(team)
    assert not strays.stale_teams([team.pk])

    TeamSync.objects.filter(team=team).update(trouble="mismatch")

    assert list(strays.stale_teams([team.pk])) == [team]
