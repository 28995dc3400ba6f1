"""Whose secrets are these? By keyed digest of the whole; by what a mask shows only where CometAPI confirms it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.conf import settings

from keys.cometapi import keyed
from keys.errors import UpstreamError
from keys.fingerprints import fingerprint
from keys.leaks.candidate import Candidate, Secret, Shape
from keys.models import MirrorKey, TeamSync
from keys.redact import MASK
from keys.services.leaks.fan_out import each
from keys.types import Deadline

CHUNK: Final = 900
"""Digests a query: SQLite takes 999 values."""
MOST_SURE: Final = 15
"""Masks that are made sure of at once: CometAPI answers 20 such questions in 20 minutes (cometapi.md)."""

Prints = list[list[str]]
"""[whole, mask] for every value that a candidate may be."""


@dataclass(frozen=True, slots=True)
class Match:
    """A key of ours. by: `whole`, `mask` (made sure) or `unsure` (only its mask is known, and CometAPI did not say)."""

    key: MirrorKey
    secret: Secret
    by: str


def shapes() -> tuple[Shape, ...]:
    """What our keys look like, learned from whole secrets seen in listings."""
    seen = TeamSync.objects.exclude(secret_length=0).values_list("secret_length", "secret_charset").distinct()
    return tuple(Shape(length, charset) for length, charset in seen if length >= 8)


def prints_of(candidate: Candidate) -> Prints:
    return [_prints(value) for value in candidate.values]


def match(candidates: Sequence[Candidate], may_ask: Callable[[], bool]) -> dict[int, Match]:
    """Place among the candidates -> the key of ours that it is. Asks CometAPI where a mask is all we have.

    may_ask: called before that; where it says no, what has but a mask stays unsure.
    """
    printed = [prints_of(candidate) for candidate in candidates]
    keys = keys_by_print(digest for prints in printed for pair in prints for digest in pair)
    found: dict[int, Match] = {}
    masked: list[tuple[int, Secret, list[MirrorKey]]] = []
    for place, (candidate, prints) in enumerate(zip(candidates, printed, strict=True)):
        for secret, (whole, mask) in zip(candidate.values, prints, strict=True):
            if keys.get(whole):
                found[place] = Match(keys[whole][0], secret, "whole")
                break
            if keys.get(mask):
                masked.append((place, secret, keys[mask]))
    asked: dict[int, Match | None] = {}

    def ask(number: int) -> None:
        asked[number] = made_sure(masked[number][1], masked[number][2])

    if masked and may_ask():
        each(range(len(masked))[:MOST_SURE], ask, Deadline.after(settings.WAITS.edit_s))
    for number, (place, secret, likely) in enumerate(masked):
        sure = asked.get(number, Match(likely[0], secret, "unsure"))
        if sure:
            found.setdefault(place, sure)
    return found


def made_sure(secret: Secret, likely: Sequence[MirrorKey]) -> Match | None:
    """Ask CometAPI with the secret itself whose it is: the one among `likely` that has the name it tells, or None."""
    try:
        usage = keyed.usage_of(secret.reveal(), Deadline.after(settings.WAITS.look_s))
    except UpstreamError:
        return Match(likely[0], secret, "unsure")
    if usage is None:
        return None
    name = keyed.shown_name(usage)
    named = [key for key in likely if key.name == name]
    if named:
        return Match(named[0], secret, "mask")
    # CometAPI knows it, and it ends like a key of ours that has another name by now.
    return Match(likely[0], secret, "unsure")


def keys_by_print(digests: Iterable[str]) -> dict[str, list[MirrorKey]]:
    """Digest -> keys that bear it, those still listed first."""
    wanted = list(dict.fromkeys(digests))
    found: dict[str, list[MirrorKey]] = defaultdict(list)
    for start in range(0, len(wanted), CHUNK):
        rows = MirrorKey.objects.filter(fingerprint__in=wanted[start : start + CHUNK])
        for row in rows.select_related("team"):
            found[row.fingerprint].append(row)
    for rows_ in found.values():
        rows_.sort(key=lambda row: row.gone_at is not None)
    return found


def _prints(value: Secret) -> list[str]:
    bare = value.reveal()
    whole, mask = fingerprint(bare), fingerprint(f"{bare[:4]}{MASK}{bare[-4:]}")
    return [whole.digest if whole else "", mask.digest if mask else ""]
