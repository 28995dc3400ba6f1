"""The evidence bundle: a zip that somebody who does not trust us can check by a public key alone.

Entries, in this order: README.txt, verify_export.py, public_key.txt (key id and hex), export.json (the export's own
record), checkpoints.jsonl (from the one before the first record to the one over the export's, all by one key),
records.jsonl, neighbours.jsonl (what stands on both sides of a time span), digests.txt (of every record from behind the
first checkpoint up to the export's own, one a line).
"""

import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Q, QuerySet

from keys.ledger import checkpoint
from keys.ledger.raw import as_text
from keys.models import Checkpoint, Record
from keys.selectors.ledger_filter import Among
from keys.services.bundle_readme import readme
from keys.services.checkpoints import as_signed, make_checkpoint
from keys.services.exporting import Export, in_order

if TYPE_CHECKING:
    from typing_extensions import Buffer  # in typing from Python 3.12 on

VERIFIER = Path(settings.BASE_DIR) / "keys" / "ledger" / "verify_export.py"
PIECE = 64 * 1024


def bundle_pieces(export: Export) -> Iterator[bytes]:
    """Signs the checkpoint over the export's record at once; the rest comes as it is asked for. Raises Contradicted."""
    last = make_checkpoint(export.record)
    return _pieces(export, last)


class _Pipe(io.RawIOBase):
    """What the zip is written to: held until it is handed on. It cannot seek, so that nothing has to be kept."""

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: "Buffer") -> int:
        piece = bytes(data)
        self._held.append(piece)
        self._size += len(piece)
        return len(piece)

    def taken(self, least: int = 0) -> Iterator[bytes]:
        if self._size > least:
            yield b"".join(self._held)
            self._held, self._size = [], 0


def _pieces(export: Export, last: checkpoint.Signed) -> Iterator[bytes]:
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, lines in _entries(export, last):
            with archive.open(name, "w", force_zip64=True) as entry:
                for line in lines:
                    entry.write(line.encode("utf-8"))
                    yield from pipe.taken(PIECE)
    yield from pipe.taken()


def _entries(export: Export, last: checkpoint.Signed) -> Iterator[tuple[str, Iterable[str]]]:
    neighbours = list(_neighbours(export))
    first = min([*islice(export.seqs, 1), *(n.seq for n in neighbours)], default=export.record.seq)
    start = Checkpoint.objects.filter(seq__lt=first, key=last.key).order_by("-seq").first()
    export.total = export.count + last.seq - (start.seq if start else 0)
    public = checkpoint.public_key(settings.CHECKPOINT_KEYS[last.key])
    yield "README.txt", [readme(export, last, checkpoint.fingerprint(public))]
    yield "verify_export.py", [VERIFIER.read_text("utf-8")]
    yield "public_key.txt", [f"{last.key} {public.hex()}\n"]
    yield "export.json", [_line(export.record.seq, export.record.text)]
    yield "checkpoints.jsonl", _checkpoints(start, last)
    yield "records.jsonl", (_line(seq, text) for seq, text in export.rows("text"))
    yield "neighbours.jsonl", [_line(n.seq, n.text) for n in neighbours]
    yield "digests.txt", _digests(export, start.seq if start else 0, last.seq)


def _line(seq: object, text: object) -> str:
    return json.dumps({"seq": seq, "text": as_text(text)}, separators=(",", ":")) + "\n"


def _checkpoints(start: Checkpoint | None, last: checkpoint.Signed) -> Iterator[str]:
    """From the beginning of the ledger where no checkpoint lies before."""
    if start is not None:
        for row in (
            Checkpoint.objects.filter(seq__gte=start.seq, seq__lt=last.seq, key=last.key).order_by("seq").iterator()
        ):
            yield as_signed(row).line + "\n"
    yield last.line + "\n"


def _digests(export: Export, after: int, upto: int) -> Iterator[str]:
    between = Record.objects.filter(seq__lte=upto)
    return (f"{as_text(digest)}\n" for _, digest in export.counting(in_order(between, "digest", after=after)))


def _neighbours(export: Export) -> Iterator[Record]:
    """With a time span: what stands on both sides of it, and inside with another time, of all, the team or the key.

    By their place, not by their time: from the last record of before the span up to the first one of behind it, and up
    to the export where none is. They show that the numbers beside what was exported are outside. One on each side
    does, unless the clock was set back.
    """
    wanted = export.wanted.records
    if export.countable is None or (wanted.since is None and wanted.until is None):
        return
    among, inside, outside = _among(export).order_by("seq"), Q(), Q(pk__in=())
    if wanted.since:
        inside, outside = inside & Q(time__gte=wanted.since), outside | Q(time__lt=wanted.since)
    if wanted.until:
        inside, outside = inside & Q(time__lt=wanted.until), outside | Q(time__gte=wanted.until)
    seqs = among.filter(inside).values_list("seq", flat=True)
    first, final = seqs.first(), seqs.last()
    if first is None or final is None:
        yield from _around_nothing(export, among)
        return
    beside = among.filter(outside)
    if wanted.since and (opening := among.filter(seq__lt=first, time__lt=wanted.since).last()):
        beside = beside.filter(seq__gte=opening.seq)
    if wanted.until and (closing := among.filter(seq__gt=final, time__gte=wanted.until).first()):
        beside = beside.filter(seq__lte=closing.seq)
    yield from beside.iterator()


def _around_nothing(export: Export, among: QuerySet[Record]) -> Iterator[Record]:
    """Two records that follow each other, one before and one behind a span in which there is none."""
    edge = export.wanted.records.since or export.wanted.records.until
    before = among.filter(time__lt=edge).order_by("seq").last()
    after = among.filter(seq__gt=before.seq if before else 0).order_by("seq").first()
    yield from (neighbour for neighbour in (before, after) if neighbour)


def _among(export: Export) -> QuerySet[Record]:
    records = Record.objects.filter(seq__lt=export.record.seq)
    if export.countable is not Among.ALL:
        records = records.filter(team_id=export.wanted.records.team)
    return records.filter(key_id=export.wanted.records.key_id) if export.countable is Among.KEY else records
