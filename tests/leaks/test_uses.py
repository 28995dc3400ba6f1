"""What the usage log tells of a leaked key: only its own requests, what is new first, and what was not read is said."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from keys.cometapi.client import CometClient
from keys.models import AccessToken, Incident
from keys.services.access_tokens import NoAccessToken
from keys.services.leaks import uses as service
from keys.services.leaks.uses import Part, Told, Uses, uses_of
from keys.services.usage_log import seat
from keys.types import KeyWish
from tests.leaks.scene import Scene
from tests.leaks.usage_rows import used

DAY = 86_400


def told(scene: Scene, incident: Incident, hours: float = 24) -> list[Told]:
    rows = list(incident.leaked.filter(team__isnull=False).select_related("team"))
    return uses_of(rows, timezone.now() - timedelta(hours=hours))


def uses(scene: Scene, incident: Incident, hours: float = 24) -> Uses:
    (one,) = told(scene, incident, hours)
    assert one.uses is not None, one.fault
    return one.uses


def named(parts: tuple[Part, ...]) -> list[tuple[str, int, int, bool | None]]:
    return [(part.name, part.requests, part.units, part.new) for part in parts]


def test_requests_models_addresses_the_new_ones_first(everywhere: Scene) -> None:
    key = everywhere.stage.key_id
    used(everywhere.sandbox, key, 5_000, ip="198.51.100.1", ago_s=3 * DAY)
    used(everywhere.sandbox, key, 2_000, ip="198.51.100.1", times=3)
    used(everywhere.sandbox, key, 10, ip="203.0.113.66", model_name="claude-sonnet-4", ago_s=30, times=2)

    found = uses(everywhere, everywhere.paste())

    assert (found.requests, found.units, found.whole, found.by_name, found.cut_off) == (5, 6_020, True, 0, False)
    assert named(found.addresses) == [("203.0.113.66", 2, 20, True), ("198.51.100.1", 3, 6_000, False)]
    assert named(found.models) == [("gpt-4o", 3, 6_000, None), ("claude-sonnet-4", 2, 20, None)]
    assert found.before is not None and (found.before.requests, found.before.whole) == (1, True)
    new = found.addresses[0]
    assert new.last - new.first == 1 and found.last == new.last


def test_only_this_key_and_only_since_then(scene: Scene) -> None:
    other = scene.sandbox.add_key(scene.stage.account, name=f"{scene.stage.stored()['name']} too")
    used(scene.sandbox, other, 1_000)
    used(scene.sandbox, scene.stage.key_id, 1_000, ago_s=2 * DAY)
    used(scene.sandbox, scene.stage.key_id, 1_000, type=5)
    used(scene.sandbox, scene.stage.key_id, 7)
    assert uses(scene, scene.paste()).units == 7


def test_without_ids_the_name_decides_and_namesakes_are_counted(scene: Scene) -> None:
    name = scene.stage.stored()["name"]
    scene.sandbox.add_key(scene.stage.account, name=name)
    scene.sync()
    used(scene.sandbox, scene.stage.key_id, 10, token_id=0)
    used(scene.sandbox, scene.stage.key_id, 5)
    used(scene.sandbox, scene.stage.key_id, 1_000, token_id=0, token_name=f"{name} 2")

    found = uses(scene, scene.paste())

    assert (found.units, found.requests, found.by_name, found.namesakes) == (15, 2, 1, 1)


def test_a_key_that_was_renamed_is_found_under_its_old_name(scene: Scene) -> None:
    used(scene.sandbox, scene.stage.key_id, 10)
    incident = scene.paste()
    old = scene.stage.stored()["name"]
    scene.stage.edit(KeyWish({"name": "leaked, do not use"}))
    used(scene.sandbox, scene.stage.key_id, 5, ago_s=1)

    found = uses(scene, incident)

    assert found.units == 15 and found.names == ("leaked, do not use", old)


def test_a_name_that_holds_the_old_one_is_asked_for_once(scene: Scene) -> None:
    used(scene.sandbox, scene.stage.key_id, 10)
    incident = scene.paste()
    scene.stage.edit(KeyWish({"name": f"{scene.stage.stored()['name']} LEAKED"}))
    scene.sandbox.clear_log()

    assert uses(scene, incident).units == 10
    assert len(scene.sandbox.requests(operation="log")) == 2  # since then, and before it


def test_a_long_log_is_read_so_far_and_says_so(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_PAGES", 3)
    used(scene.sandbox, scene.stage.key_id, 1, times=350)
    used(scene.sandbox, scene.stage.key_id, 1, ago_s=2 * DAY, times=250, ip="198.51.100.1")

    found = uses(scene, scene.paste())

    assert (found.requests, found.whole, found.cut_off) == (200, False, False)
    assert found.since == found.first
    assert found.before is not None and (found.before.requests, found.before.whole) == (100, False)
    assert len(scene.sandbox.requests(operation="log")) == 3


@pytest.mark.parametrize("total", [0, 100, 9_999])
def test_a_wrong_total_hides_nothing(scene: Scene, total: int) -> None:
    used(scene.sandbox, scene.stage.key_id, 1, times=250)
    incident = scene.paste()
    scene.sandbox.fault("wrong_total", operation="log", times=99, total=total)
    assert uses(scene, incident).requests == 250


def test_what_is_logged_meanwhile_shifts_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    key = scene.stage.key_id
    used(scene.sandbox, key, 1, times=250, request_id="")
    incident = scene.paste()
    once = CometClient.spent

    def meanwhile(client: CometClient, *args: Any, **more: Any) -> Any:
        found = once(client, *args, **more)
        used(scene.sandbox, key, 1, ago_s=-1, times=7, request_id="")
        return found

    monkeypatch.setattr(CometClient, "spent", meanwhile)
    assert uses(scene, incident).requests == 250


def test_trouble_in_the_middle_leaves_what_was_read(scene: Scene) -> None:
    used(scene.sandbox, scene.stage.key_id, 1, times=250)
    incident = scene.paste()
    scene.sandbox.fault("503", operation="log", skip=1, times=99)

    (one,) = told(scene, incident)

    assert one.uses is not None and one.fault is not None
    assert (one.uses.requests, one.uses.whole, one.uses.cut_off, one.uses.before) == (100, False, True, None)
    assert {part.new for part in one.uses.addresses} == {None}


@pytest.mark.parametrize("kind", ["404", "html_200", "500_before", "garbage", "stall_before_headers", "401_json"])
def test_trouble_is_told_and_raises_nothing(scene: Scene, kind: str) -> None:
    incident = scene.paste()
    scene.sandbox.fault(kind, operation="log", times=99)
    (one,) = told(scene, incident)
    assert one.uses is None and one.fault is not None


def test_without_access_token(scene: Scene) -> None:
    incident = scene.paste()
    AccessToken.objects.all().delete()
    (one,) = told(scene, incident)
    assert isinstance(one.fault, NoAccessToken)


def test_the_time_before_may_be_silent(scene: Scene) -> None:
    used(scene.sandbox, scene.stage.key_id, 1)
    incident = scene.paste()
    scene.sandbox.fault("503", operation="log", skip=1, times=99)
    found = uses(scene, incident)
    assert found.whole and found.before is None and named(found.addresses) == [("203.0.113.9", 1, 1, None)]


def test_rows_without_an_address_are_never_new(scene: Scene) -> None:
    used(scene.sandbox, scene.stage.key_id, 1, ip="")
    used(scene.sandbox, scene.stage.key_id, 1, ip=None)
    found = uses(scene, scene.paste())
    assert named(found.addresses) == [("", 2, 2, False)]


def test_several_keys_share_what_it_may_cost(scene: Scene) -> None:
    more = [scene.sandbox.add_key(scene.stage.account, name=f"more {n}") for n in range(6)]
    scene.sync()
    incident = scene.paste("\n".join(scene.secret(key) for key in [scene.stage.key_id, *more]))
    used(scene.sandbox, more[0], 9)

    found = told(scene, incident)

    assert [one.uses is not None for one in found] == [True] * 5 + [False] * 2
    assert sum(one.uses.units for one in found if one.uses) == 9 and not any(one.fault for one in found)


def test_it_is_kept_for_a_while(scene: Scene) -> None:
    used(scene.sandbox, scene.stage.key_id, 1, ip="198.51.100.1")
    rows, since = [scene.row(scene.paste())], timezone.now() - timedelta(days=1)
    first = uses_of(rows, since)
    used(scene.sandbox, scene.stage.key_id, 1)
    scene.sandbox.clear_log()
    assert uses_of(rows, since) == first and scene.sandbox.requests(operation="log") == []


def test_nobody_waits_for_others_who_read(scene: Scene) -> None:
    incident = scene.paste()
    with seat() as one, seat() as two:
        assert one and two
        assert [(told_.uses, told_.fault) for told_ in told(scene, incident)] == [(None, None)]
    assert uses(scene, incident).requests == 0
