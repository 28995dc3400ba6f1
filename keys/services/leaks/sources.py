"""Where a leak was seen, as it is typed: an address that leads to a commit has a secret's shape in it, and has none."""

import re
from typing import Final

from keys.errors import CometAdminError
from keys.redact import looks_secret

_COMMIT: Final = re.compile(r"(?<=/)(blob|commit|tree|raw|blame)/[0-9a-f]{40}(?![0-9A-Za-z])")


class SourceChanged(CometAdminError):
    """Somebody else wrote another source meanwhile; nothing was kept. now: theirs."""

    def __init__(self, now: str) -> None:
        self.now = now
        super().__init__("somebody else wrote another source meanwhile")


def holds_secret(source: str) -> bool:
    return looks_secret(_COMMIT.sub(r"\1/", source))
