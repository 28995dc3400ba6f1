"""A key snapshot as JSON and back: for change rows and for records. Never holds a secret, only its mask."""

from collections.abc import Mapping
from typing import Any

from keys.types import EDITABLE, KeySettings, KeySnapshot


def snapshot_to_json(snapshot: KeySnapshot) -> dict[str, Any]:
    """Flat: the ten settings beside the counters (units, Unix seconds)."""
    return {
        **snapshot.settings.as_dict(),
        "id": snapshot.id,
        "user_id": snapshot.user_id,
        "masked": snapshot.masked,
        "created_time": snapshot.created_time,
        "accessed_time": snapshot.accessed_time,
        "used_quota": snapshot.used_quota,
    }


def snapshot_from_json(data: Mapping[str, Any]) -> KeySnapshot:
    return KeySnapshot(
        id=data["id"],
        user_id=data["user_id"],
        masked=data["masked"],
        settings=KeySettings(**{name: data[name] for name in EDITABLE}),
        created_time=data["created_time"],
        accessed_time=data["accessed_time"],
        used_quota=data["used_quota"],
    )
