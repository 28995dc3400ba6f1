"""The file that checkpoints are added to: outside the database, so that whoever alters that does not reach this."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from keys.ledger.checkpoint import NoCheckpoint, Signed

LONGEST = 10_000
"""Bytes of one line that are looked at; a checkpoint has about 300."""


def add(path: Path, line: str) -> None:
    """Append one line, on the disk when this returns. Raises OSError.

    A line that an earlier crash left torn is ended first, so that it spoils itself alone.
    """
    new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        size = os.fstat(descriptor).st_size
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        data = ("\n" * torn + line + "\n").encode("ascii")
        if os.write(descriptor, data) != len(data):
            raise OSError("the line was written in part: is the disk full?")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if new:
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """A new file's name is on the disk only when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(path: Path) -> Iterator[tuple[int, Signed | None]]:
    """Number of the line and its checkpoint, None where there is none. Blank lines are left out. Raises OSError."""
    with path.open("rb") as file:
        yield from _lines(file, 0)


def read_end(path: Path, behind: int) -> Iterator[tuple[int, Signed | None]]:
    """As `read`, from the last stretch of the file on that holds nothing over more records than `behind`.

    A stretch is some thirty lines, so that one that was written a little late hides none.
    """
    with path.open("rb") as file:
        start = _end(file, behind)
        file.seek(0)
        before, left = 0, start
        while left:  # counting alone, which is quick
            piece = file.read(min(left, 2**20))
            before, left = before + piece.count(b"\n"), left - len(piece)
        yield from _lines(file, before)


def _lines(file: BinaryIO, number: int) -> Iterator[tuple[int, Signed | None]]:
    while raw := file.readline(LONGEST):
        number += 1
        text = raw.decode("ascii", "replace").strip()
        if text:
            yield number, _parsed(text)


def _end(file: BinaryIO, behind: int) -> int:
    """Where a line begins from which on there is all that is over more records than `behind`."""
    start = os.fstat(file.fileno()).st_size
    while start:
        end, start = start, max(0, start - LONGEST)
        file.seek(start)
        found = map(_parsed, file.read(end - start).decode("ascii", "replace").split("\n"))
        seqs = [signed.seq for signed in found if signed is not None]
        if seqs and max(seqs) <= behind:
            file.seek(start)
            return start + len(file.readline(LONGEST)) if start else 0  # without the line that is cut there
    return 0


def newest(path: Path) -> Signed | None:
    """The checkpoint over the most records, looked for at the file's end alone. Raises OSError.

    Not the last line: that of an export may come after a newer one.
    """
    with path.open("rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - LONGEST))
        lines = file.read().decode("ascii", "replace").split("\n")
    found = (_parsed(line) for line in lines if line.strip())
    return max((signed for signed in found if signed is not None), key=lambda signed: signed.seq, default=None)


def _parsed(text: str) -> Signed | None:
    try:
        return Signed.parse(text)
    except NoCheckpoint:
        return None
