"""What is known of one key while CometAPI cannot be read: as it was read last, by anybody."""

from dataclasses import dataclass
from datetime import datetime

from keys.models import MirrorKey, Team
from keys.selectors.keys import Beside, KeyRow, key_row
from keys.selectors.mirror import snapshot_of


@dataclass(frozen=True, slots=True)
class LastKnown:
    """read_at: when the reading was begun. Good for showing, never for an edit."""

    row: KeyRow
    read_at: datetime


def last_known(team: Team, key_id: int, now: datetime) -> LastKnown | None:
    """None where it was never read. now: aware, against which expiry is held."""
    kept = MirrorKey.objects.filter(team=team, key_id=key_id).first()
    return LastKnown(key_row(snapshot_of(kept), now, Beside(gone_at=kept.gone_at)), kept.read_at) if kept else None
