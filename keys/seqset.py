"""A set of records by their numbers, small enough to hold for a ledger of any size: a bit each."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

_BITS: Final = 1 << 16


class SeqSet:
    """Whole numbers, each once, told in their order. One far away from all others costs no more than a near one."""

    def __init__(self) -> None:
        self._lots: dict[int, bytearray] = {}
        self._count = 0

    def add(self, seq: int) -> bool:
        """Was it not there yet?"""
        lot, place = divmod(seq, _BITS)
        held = self._lots.setdefault(lot, bytearray(_BITS // 8))
        if held[place >> 3] & 1 << (place & 7):
            return False
        held[place >> 3] |= 1 << (place & 7)
        self._count += 1
        return True

    def __contains__(self, seq: int) -> bool:
        lot, place = divmod(seq, _BITS)
        held = self._lots.get(lot)
        return held is not None and bool(held[place >> 3] & 1 << (place & 7))

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[int]:
        """The smallest first."""
        for lot in sorted(self._lots):
            for byte, bits in enumerate(self._lots[lot]):
                if bits:
                    yield from (lot * _BITS + byte * 8 + bit for bit in range(8) if bits & 1 << bit)

    def lots(self, size: int) -> Iterator[list[int]]:
        """The same, `size` at a time."""
        seqs = iter(self)
        while lot := list(islice(seqs, size)):
            yield lot
