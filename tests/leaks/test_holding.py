"""Leaked secrets are held sealed, bound to their incident and row, and found nowhere in clear."""

import pytest
from django.core import serializers

from keys.models import Incident, Leaked, Record
from keys.sealing import SealBroken, open_leaked
from keys.services.leaks import holding
from tests.leaks.scene import Scene


def test_sealed_and_bound_to_row_and_incident(scene: Scene) -> None:
    one, two = scene.row(scene.paste()), scene.row(scene.paste())
    held = holding.secret_of(one)
    assert held and f"sk-{held.reveal()}" == scene.secret()
    assert one.sealed != two.sealed

    two.sealed = one.sealed
    with pytest.raises(SealBroken):
        open_leaked(two)
    one.incident_id = two.incident_id
    with pytest.raises(SealBroken):
        open_leaked(one)


def test_nothing_of_it_in_any_table(scene: Scene) -> None:
    incident = scene.paste(f"key={scene.secret()}\nsk-{'Zz9' * 16}")
    scene.press(incident)
    bare = scene.secret().removeprefix("sk-")
    pieces = {bare[at : at + 12] for at in range(len(bare) - 11)}
    for model in (Incident, Leaked, Record):
        rows = serializers.serialize("json", model._default_manager.all())
        assert not any(piece in rows for piece in pieces), model
        assert "Zz9Zz9Zz9Zz9" not in rows
