"""What verifying said, kept with its time under a seal: who has the database alone can neither make one up nor move the
place from which verifying goes on.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from keys.ledger import chain
from keys.models import Verdict

DOMAIN = b"cometadmin ledger v1 verdict\n"

NEWEST, WHOLE, MARK, HANDED = "newest", "whole", "mark", "handed"
"""Names of the verdicts that are kept (`keys.models.Verdict`)."""


@dataclass(frozen=True, slots=True)
class Said:
    """One verdict. at: ISO, UTC. outcome: sound, damaged or cannot. whole: over all records.

    records, link: how far it came; link is "" where it is not sound. retired: ledger keys that others had followed by
    then (`keys.ledger.rotation`). took_ms: how long it took. faults: what is wrong,
    one line each, the first bad record first; it has no secret in it. unindexed: the first record that the history's
    index tells otherwise, 0 where there is none: damage, but none of the records.
    """

    at: str
    outcome: str
    whole: bool
    records: int
    link: str
    took_ms: int
    retired: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    unindexed: int = 0

    @property
    def time(self) -> datetime:
        return datetime.fromisoformat(self.at)


def keep(name: str, said: Said, keys: Mapping[str, bytes]) -> None:
    """Seal it with the first of the ledger keys."""
    key_id, key = next(iter(keys.items()))
    text = chain.canonical(asdict(said))
    Verdict.objects.update_or_create(
        name=name, defaults={"text": text, "seal": _seal(key, name, text), "seal_key": key_id}
    )


def kept(name: str, keys: Mapping[str, bytes]) -> Said | None:
    """None where there is none, or none that counts (`opened`)."""
    row = Verdict.objects.filter(name=name).first()
    return opened(row, keys) if row else None


def opened(row: Verdict, keys: Mapping[str, bytes]) -> Said | None:
    """None for one that we have not sealed with the first key: an older one may have leaked."""
    key = keys.get(row.seal_key)
    if key is None or row.seal_key != next(iter(keys)) or _seal(key, row.name, row.text) != row.seal:
        return None
    said = json.loads(row.text)
    return Said(**{**said, "retired": tuple(said["retired"]), "faults": tuple(said["faults"])})


def _seal(key: bytes, name: str, text: str) -> str:
    return hmac.digest(key, DOMAIN + f"{name}\n{text}".encode("utf-8", "surrogatepass"), "sha256").hex()
