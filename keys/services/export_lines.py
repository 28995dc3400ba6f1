"""An export as CSV (RFC 4180, harmless in a spreadsheet) or as JSON Lines: pieces of bytes, a batch at a time."""

import csv
import io
import json
from collections.abc import Iterable, Iterator

from keys.csvsafe import cell
from keys.ledger.chain import digest_of
from keys.ledger.finding import parsed
from keys.ledger.raw import as_text
from keys.services.bundle import bundle_pieces
from keys.services.exporting import Export, Format

COLUMNS = (
    *("time", "action", "outcome", "actor_kind", "actor_id", "actor", "actor_role", "address", "request_id"),
    *("team_id", "team", "key_id", "key_name", "change", "reason", "team_n", "key_n", "digest", "link", "text"),
)

PIECE = 64 * 1024


def pieces_of(export: Export, form: Format) -> Iterator[bytes]:
    """The export in one of its forms. Raises Contradicted before the first piece, for a bundle."""
    makers = {Format.CSV: csv_pieces, Format.JSON_LINES: json_pieces, Format.BUNDLE: bundle_pieces}
    return makers[form](export)


def csv_pieces(export: Export) -> Iterator[bytes]:
    return _pieces(_csv_lines(export))


def json_pieces(export: Export) -> Iterator[bytes]:
    """Each line has the record's text as it was hashed, as `record`: parsed as JSON it says what was recorded."""
    return _pieces(_json_line(*row) for row in export.rows("digest", "link", "text"))


def _json_line(seq: object, *stored: object) -> str:
    """Of a record whose text was damaged so that it is no JSON any more, or no line: `record` is null, and it stands as
    `text`."""
    digest, link, text = map(as_text, stored)
    one_line = text.isascii() and text.isprintable()
    whole = one_line and (digest_of(text) == digest or parsed(text) is not None)
    record = text if whole else f'null,"text":{json.dumps(text)}'
    return f'{{"seq":{seq},"digest":{json.dumps(digest)},"link":{json.dumps(link)},"record":{record}}}\n'


def _told(time: object) -> str:
    """A damaged one may be none at all."""
    return f"{time:%Y-%m-%dT%H:%M:%S.%fZ}" if time else ""


def _cell(value: object) -> object:
    return value if value is None or isinstance(value, int) else cell(as_text(value))


def _csv_lines(export: Export) -> Iterator[str]:
    buffer = io.StringIO(newline="")
    write = csv.writer(buffer, lineterminator="\r\n")
    write.writerow(("seq", *COLUMNS))
    for seq, time, *rest in export.rows(*COLUMNS):
        write.writerow((seq, _told(time), *map(_cell, rest)))
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _pieces(lines: Iterable[str]) -> Iterator[bytes]:
    """A line a piece would be a system call a line."""
    held, size = [], 0
    for line in lines:
        data = line.encode("utf-8", "surrogatepass")
        held.append(data)
        size += len(data)
        if size >= PIECE:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)
