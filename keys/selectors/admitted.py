"""Which keys would let an address in: allowlists are read here as CometAPI reads them, each text once."""

import json

from django.db import connection
from django.db.models import Q, QuerySet, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Trim
from django.db.models.lookups import Exact

from keys.models import MirrorKey
from keys.rules.admits import Address, lets_in


def without_allowlist() -> Q:
    """Blanks alone are no restriction either."""
    return Q(Exact(Trim("allow_ips"), Value("")))


def admitting(keys: QuerySet[MirrorKey], address: Address) -> QuerySet[MirrorKey]:
    """Those of `keys` whose allowlist lets this address in, and those without one. Status is another matter."""
    texts = keys.exclude(without_allowlist()).order_by().values_list("allow_ips", flat=True).distinct()
    letting = [text for text in texts.iterator(chunk_size=2_000) if lets_in(text, address)]
    return keys.filter(without_allowlist() | Q(allow_ips__in=_as_rows(letting)))


def _as_rows(texts: list[str]) -> RawSQL:
    """A list of any length as one parameter: databases take only so many."""
    unpack = "json_array_elements_text(%s::json)" if connection.vendor == "postgresql" else "value FROM json_each(%s)"
    return RawSQL(f"SELECT {unpack}", [json.dumps(texts)])  # noqa: S611  (one of two literals; the texts are a parameter)
