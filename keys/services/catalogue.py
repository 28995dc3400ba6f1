"""The models on offer: CometAPI's public list, remembered for all processes, and a stale one where it cannot be read.

A convenience: a key's models can always be typed, and nothing that is saved depends on it.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.conf import settings
from django.core.cache import cache

from keys.cometapi.client import CometClient
from keys.errors import UpstreamError
from keys.types import Deadline, Model, ModelList

FRESH_S: Final = 10 * 60
TRIED_S: Final = 60
"""After a failure nobody waits for CometAPI again for so long."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """read_at: aware, None when it was never read. total: what CometAPI claims, at least as many as are here.

    trouble: why it could not be read anew, "" when it is fresh.
    """

    models: tuple[Model, ...] = ()
    total: int = 0
    read_at: datetime | None = None
    trouble: str = ""

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(model.id for model in self.models)


def catalogue() -> Catalogue:
    """The list, read anew when the remembered one is older than ten minutes. Upstream trouble is no error here."""
    known = remembered()
    if known and known.read_at and time.time() - known.read_at.timestamp() < FRESH_S:
        return known
    trouble = cache.get(_key("trouble"))
    if trouble is None:
        try:
            return _kept(_client().models(Deadline.after(settings.WAITS.page_s / 2)))
        except UpstreamError as error:
            trouble = error.message
            cache.set(_key("trouble"), trouble, TRIED_S)
    known = known or Catalogue()
    return Catalogue(known.models, known.total, known.read_at, str(trouble))


def remembered() -> Catalogue | None:
    """The list as it was read last, however long ago; None when it never was. Asks nobody."""
    kept = cache.get(_key("list"))
    if kept is None:
        return None
    models = tuple(Model(*pair) for pair in kept["models"])
    return Catalogue(models, kept["total"], datetime.fromtimestamp(kept["at"], UTC))


def _kept(found: ModelList) -> Catalogue:
    at = time.time()
    pairs = [(model.id, model.provider) for model in found.models]
    cache.set(_key("list"), {"at": at, "models": pairs, "total": found.total}, None)
    return Catalogue(found.models, found.total, datetime.fromtimestamp(at, UTC))


def _client() -> CometClient:
    return CometClient(base_url=settings.COMETAPI_BASE_URL, access_token="")


def _key(what: str) -> str:
    return f"models:{what}:{settings.COMETAPI_BASE_URL}"
