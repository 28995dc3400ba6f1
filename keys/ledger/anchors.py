"""The ledger against its checkpoints: what was cut off, wiped or put back to an older state no longer holds them.

To be asked after the records themselves have been verified: it trusts their links.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from django.db import connection

from keys.errors import ChainBroken
from keys.ledger.chain import GENESIS, short
from keys.ledger.checkpoint import Signed

AT_ONCE = 500


@dataclass(slots=True)
class Compared:
    """unreadable: lines that are no checkpoint, as a crash leaves them. unsigned: checkpoints that no key of ours
    signed. newest: the one with the highest seq that is signed by us.
    """

    count: int = 0
    unreadable: list[int] = field(default_factory=list)
    unsigned: list[int] = field(default_factory=list)
    newest: Signed | None = None


def compare(lines: Iterable[tuple[int, Signed | None]], public_keys: Mapping[str, bytes], newest: int) -> Compared:
    """Every checkpoint of `lines` (number, checkpoint or None) with the record that it names, in flat memory.

    newest: the last record that was verified. Raises ChainBroken with the first record that one speaks against; of
    several missing ones that is the first behind `newest`.
    """
    compared = Compared()
    broken: ChainBroken | None = None
    signed = _signed(lines, public_keys, compared)
    while some := list(islice(signed, AT_ONCE)):
        links = _links({checkpoint.seq for checkpoint in some})
        for checkpoint in some:
            fault = _fault(checkpoint, links.get(checkpoint.seq), newest)
            if fault and (broken is None or fault.seq < broken.seq):
                broken = fault
    if broken:
        raise broken
    return compared


def _signed(
    lines: Iterable[tuple[int, Signed | None]], public_keys: Mapping[str, bytes], compared: Compared
) -> Iterator[Signed]:
    for number, checkpoint in lines:
        if checkpoint is None:
            compared.unreadable.append(number)
        elif not checkpoint.signed_by(public_keys):
            compared.unsigned.append(number)
        else:
            compared.count += 1
            if compared.newest is None or checkpoint.seq >= compared.newest.seq:
                compared.newest = checkpoint
            yield checkpoint


def _links(seqs: set[int]) -> dict[int, str]:
    places = ", ".join(["%s"] * len(seqs))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT seq, link FROM keys_record WHERE seq IN ({places})", list(seqs))  # noqa: S608
        return dict(cursor.fetchall())


def _fault(checkpoint: Signed, link: str | None, newest: int) -> ChainBroken | None:
    says = f"as the checkpoint of {checkpoint.time} says"
    if checkpoint.seq == 0:
        return None if checkpoint.link == GENESIS else ChainBroken(1, "checkpoint", GENESIS, checkpoint.link)
    if checkpoint.seq > newest and link is None:
        return ChainBroken(newest + 1, "missing", f"records up to {checkpoint.seq}, {says}", "no such record")
    if link != checkpoint.link:
        return ChainBroken(checkpoint.seq, "checkpoint", f"link {checkpoint.link}, {says}", f"link {short(link)}")
    return None
